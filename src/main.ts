import { enableCompileCache } from 'node:module';
import { Command } from 'commander';
import type { EvalOptions } from './cli/run-eval.ts';
import type { AuditVerifyOptions } from './cli/run-audit-verify.ts';
import type { PromptsPlanOptions, PromptsPushOptions } from './cli/run-prompts.ts';
import type { PromptsPullOptions } from './cli/run-prompts-pull.ts';
import type { RoutesApplyOptions, RoutesPlanOptions, RoutesPullOptions } from './cli/run-routes.ts';
import type { RoutesSimulateOptions } from './cli/run-routes-simulate.ts';
import type { SchemaPrintOptions } from './cli/run-schema-print.ts';
import type { UsageExportOptions } from './cli/run-usage-export.ts';

// Everything else is imported after this, so that a start finds it compiled by the one before.
enableCompileCache();

const program = new Command('sluice').description('One typed graph in front of every AI model.');

program
  .command('start', { isDefault: true })
  .description('run the gateway')
  // A misspelt command arrives here as an argument, because this is the default one.
  .allowExcessArguments()
  .action(async (_options, { args: [unknown] }: Command) => {
    if (unknown !== undefined) program.error(`error: unknown command '${unknown}'`);
    const { runServer } = await import('./cli/run-server.ts');
    await runServer();
  });

program
  .command('db')
  .description('the embedded database')
  .command('export')
  .argument('[file]', 'where to write the SQL', 'sluice.sql')
  .description('write all data as SQL that a gateway on PostgreSQL can take over')
  .action(async (file: string) => {
    const { runExport } = await import('./cli/run-export.ts');
    await runExport(file);
  });

program
  .command('audit')
  .description('who did what')
  .command('verify')
  .option('--organisation <id>', 'all of them unless given')
  .option('--known <hashes...>', 'hashes noted earlier, which must still be there')
  .description('work out every hash of the audit anew; ends with 1 when something was changed')
  .action(async (options: AuditVerifyOptions) => {
    const { runAuditVerify } = await import('./cli/run-audit-verify.ts');
    await runAuditVerify(options);
  });

program
  .command('prices')
  .description('the price list')
  .command('refresh')
  .argument('[source]', 'file or https:// URL; the one in the config unless given')
  .description('take a price list into use and print what it changes')
  .action(async (source?: string) => {
    const { runPricesRefresh } = await import('./cli/run-prices-refresh.ts');
    await runPricesRefresh(source);
  });

program
  .command('usage')
  .description('what was used')
  .command('export')
  .requiredOption('--from <time>', 'such as 2026-11-01T00:00:00Z')
  .option('--to <time>', 'until now unless given')
  .option('--granularity <unit>', 'minute, hour, day, week or month: a line for each')
  .option('--group-by <dimensions>', 'model, provider, team, key, tag, status, end-user; several by commas')
  .option('--time-zone <name>', 'whose days are meant, such as Europe/Berlin', 'UTC')
  .option('--format <format>', 'csv or json', 'csv')
  .option('--organisation <id>', 'the default one unless given')
  .option('--out <file>', 'a new file; standard output unless given')
  .description('write a report of usage as CSV or JSON')
  .action(async (options: UsageExportOptions) => {
    const { runUsageExport } = await import('./cli/run-usage-export.ts');
    await runUsageExport(options);
  });

const routes = program.command('routes').description('routes in files, and those of a running gateway');

routes
  .command('pull')
  .argument('[folder]', 'where the files are', 'routes')
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .option('--force', 'write over files that say something else')
  .description('write a file for each route')
  .action(async (folder: string, options: RoutesPullOptions) => {
    const { runRoutesPull } = await import('./cli/run-routes.ts');
    await runRoutesPull(folder, options);
  });

routes
  .command('plan')
  .argument('[folder]', 'where the files are', 'routes')
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .option('--prune', 'delete routes that no file has')
  .description('print what the files would change, or what is wrong with them')
  .action(async (folder: string, options: RoutesPlanOptions) => {
    const { runRoutesPlan } = await import('./cli/run-routes.ts');
    await runRoutesPlan(folder, options);
  });

routes
  .command('apply')
  .argument('[folder]', 'where the files are', 'routes')
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .option('--prune', 'delete routes that no file has')
  .option('--yes', 'do not ask')
  .description('print it, and make the routes what the files say, all or none')
  .action(async (folder: string, options: RoutesApplyOptions) => {
    const { runRoutesApply } = await import('./cli/run-routes.ts');
    await runRoutesApply(folder, options);
  });

routes
  .command('simulate')
  .argument('<file>', 'what a route would say')
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .option('--from <instant>', 'a week ago, unless given')
  .option('--to <instant>', 'until now, unless given')
  .option('--of <names>', 'whose requests: routes and models, with commas; that of the file, unless given')
  .option('--limit <number>', 'so many requests at most')
  .description('print what it would have made of requests that are over')
  .action(async (file: string, options: RoutesSimulateOptions) => {
    const { runRoutesSimulate } = await import('./cli/run-routes-simulate.ts');
    await runRoutesSimulate(file, options);
  });

program
  .command('schema')
  .description('the graph of a running gateway')
  .command('print')
  .option('--label <name>', 'of the prompts whose fields are wanted; those without it as in production')
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .option('--out <file>', 'standard output unless given')
  .description('write it as the organisation of the key sees it, for code generators')
  .action(async (options: SchemaPrintOptions) => {
    const { runSchemaPrint } = await import('./cli/run-schema-print.ts');
    await runSchemaPrint(options);
  });

program
  .command('eval')
  .requiredOption(
    '--prompt <slug>',
    'of a running gateway; its newest version, or slug@3, or slug@production',
  )
  .requiredOption(
    '--dataset <name>',
    'name of a dataset, or a file with a case in each line, as JSON, to upload',
  )
  .requiredOption('--graders <file>', 'how answers are judged, in YAML')
  .option('--min-pass-rate <share>', 'of the cases that has to pass, from 0 to 1', '1')
  .option('--max-cost <usd>', 'the most that it may come to', '1')
  .option('--model <name>', 'instead of the model of the prompt')
  .option('--concurrency <number>', 'so many cases at a time', '5')
  .option('--sample <number>', 'so many of the cases')
  .option('--junit <file>', 'write a report in the format of JUnit')
  .option(
    '--compare <evaluation>',
    'with an earlier one by its id, or the last one of the version behind a label',
  )
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .description('try a prompt on cases; ends with 1 where too little passes, with 2 where it cannot be tried')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(async (options: EvalOptions) => {
    const { runEval } = await import('./cli/run-eval.ts');
    await runEval(options);
  });

const prompts = program.command('prompts').description('prompts in files, and those of a running gateway');

prompts
  .command('pull')
  .argument('[folder]', 'where the files are', 'prompts')
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .option('--label <label>', 'what it stands for; the newest versions, unless given')
  .option('--force', 'write over files that say something else')
  .description('write a file for each prompt and each partial')
  .action(async (folder: string, options: PromptsPullOptions) => {
    const { runPromptsPull } = await import('./cli/run-prompts-pull.ts');
    await runPromptsPull(folder, options);
  });

prompts
  .command('plan')
  .argument('[folder]', 'where the files are', 'prompts')
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .option('--label <label>', 'is to stand for what the files say')
  .option('--prune', 'archive prompts that no file has')
  .option('--check', 'end with 1 when anything would change, and with 2 when anything is wrong')
  .description('print what the files would change, or what is wrong with them')
  .action(async (folder: string, options: PromptsPlanOptions) => {
    const { runPromptsPlan } = await import('./cli/run-prompts.ts');
    await runPromptsPlan(folder, options);
  });

prompts
  .command('push')
  .argument('[folder]', 'where the files are', 'prompts')
  .option('--url <url>', 'of the graph; SLUICE_URL, or this machine, unless given')
  .option('--label <label>', 'is to stand for what the files say')
  .option('--prune', 'archive prompts that no file has')
  .option('--note <text>', 'why there are these versions')
  .option('--yes', 'do not ask')
  .description('print it, and make the prompts what the files say, all or none')
  .action(async (folder: string, options: PromptsPushOptions) => {
    const { runPromptsPush } = await import('./cli/run-prompts.ts');
    await runPromptsPush(folder, options);
  });

const organisations = program
  .command('organisations')
  .description('the tenants, which only whoever runs the gateway can make');

organisations
  .command('create')
  .argument('<name>')
  .description('make an organisation; prints its id, its team and the key of its owner')
  .action(async (name: string) => {
    const { runOrganisationCreate } = await import('./cli/run-organisations.ts');
    await runOrganisationCreate(name);
  });

organisations
  .command('owner-key')
  .argument('<id>')
  .description('make another key of an owner, for an organisation that has lost its own')
  .action(async (id: string) => {
    const { runOwnerKeyCreate } = await import('./cli/run-organisations.ts');
    await runOwnerKeyCreate(id);
  });

organisations
  .command('list')
  .description('print all of them')
  .action(async () => {
    const { runOrganisationsList } = await import('./cli/run-organisations.ts');
    await runOrganisationsList();
  });

try {
  await program.parseAsync();
} catch (error) {
  // One clear line: whoever starts the gateway is no reader of stack traces.
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode ??= 1;
}
