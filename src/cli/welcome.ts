import type { Model, ProviderInfo } from '../domain/model.ts';
import type { Running } from '../server/start.ts';

/** What somebody who starts the gateway has to know, printed once. */
export function welcome({ gateway, server, firstAdminKey }: Running): string {
  const { catalog, database, config } = gateway;
  const models = catalog.listModels();
  const lines: [string, string][] = [
    ['Graph', `${server.url}${config.environment === 'development' ? '  (GraphiQL in a browser)' : ''}`],
    ['Data', database.describe],
    ...describeProviders(catalog.listProviders(), models),
    ['Key', describeKey(firstAdminKey, config.adminKey)],
    ['Try', tryCommand(server.url, firstAdminKey, chooseModel(models, catalog.listProviders()))],
  ];
  return `\nSluice\n${lines.map(([label, text]) => `  ${label.padEnd(10)} ${text}`).join('\n')}\n\n`;
}

function describeProviders(providers: readonly ProviderInfo[], models: readonly Model[]): [string, string][] {
  const counts = Map.groupBy(models, ({ provider }) => provider);
  const found = providers.filter(({ configured }) => configured);
  const lines = found.map(({ name, kind }): [string, string] => [
    'Provider',
    `${name}  ${describeModels(counts.get(name)?.length ?? 0, kind)}`,
  ]);
  if (found.some(({ kind }) => kind !== 'DEMO')) return lines;
  return [
    ...lines,
    [
      '',
      'no provider key and no local server found: set OPENAI_API_KEY, ANTHROPIC_API_KEY, … or start Ollama',
    ],
  ];
}

function describeModels(count: number, kind: ProviderInfo['kind']): string {
  const models = count === 0 ? 'any model name' : `${count} model${count === 1 ? '' : 's'}`;
  if (kind === 'DEMO') return `${models}, built in: they answer without any AI`;
  return kind === 'LOCAL' ? `${models}, on this machine` : models;
}

function describeKey(firstAdminKey: string | undefined, preset: string | undefined): string {
  if (firstAdminKey) return `${firstAdminKey}  (admin; shown only this once)`;
  return preset ? 'the one in SLUICE_ADMIN_KEY' : 'as shown at the first start';
}

/** A model that costs nothing: one on this machine, else the demo. */
function chooseModel(models: readonly Model[], providers: readonly ProviderInfo[]): string {
  const local = new Set(providers.filter(({ kind }) => kind === 'LOCAL').map(({ name }) => name));
  return (
    models.find(({ provider, capabilities }) => local.has(provider) && capabilities.includes('TEXT'))?.name ??
    'demo/assistant'
  );
}

function tryCommand(url: string, key: string | undefined, model: string): string {
  const query = `mutation { completionCreate(input: { model: ${JSON.stringify(model)}, source: { text: "Say hello in one sentence." } }) { completion { text model { name } usage { input output } cost { amount currency } } errors { code message } } }`;
  // A local server chooses the names of its models, and people paste this into a shell.
  const body = JSON.stringify({ query }).replaceAll("'", "'\\''");
  return `curl -s ${url} -H 'authorization: Bearer ${key ?? '<your key>'}' -H 'content-type: application/json' -d '${body}'`;
}
