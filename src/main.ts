import { Command } from 'commander';
import { exportDatabase } from './cli/db-export.ts';
import { runServer } from './cli/run-server.ts';
import { loadConfig } from './config/load.ts';
import { readEnvironment } from './config/env.ts';

const program = new Command('sluice').description('One typed graph in front of every AI model.');

program
  .command('start', { isDefault: true })
  .description('run the gateway')
  // A misspelt command arrives here as an argument, because this is the default one.
  .allowExcessArguments()
  .action(async (_options, { args: [unknown] }: Command) => {
    if (unknown !== undefined) program.error(`error: unknown command '${unknown}'`);
    await runServer(readEnvironment());
  });

program
  .command('db')
  .description('the embedded database')
  .command('export')
  .argument('[file]', 'where to write the SQL', 'sluice.sql')
  .description('write all data as SQL that a gateway on PostgreSQL can take over')
  .action(async (file: string) => {
    await exportDatabase({ dataDir: loadConfig(readEnvironment()).dataDir, out: file });
    process.stdout.write(`wrote ${file}\n`);
  });

try {
  await program.parseAsync();
} catch (error) {
  // One clear line: whoever starts the gateway is no reader of stack traces.
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
