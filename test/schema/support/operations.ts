import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = join(import.meta.dirname, '../../../schema/operations');

/** An example operation, with what lies beside it. */
export interface Operation {
  name: string;
  kind: 'query' | 'mutation' | 'subscription';
  /** Its text with all fragments, as the trusted documents have it. */
  document: string;
  /** JSON in which `{{…}}` stands for what the test prepares. */
  variables: string;
  /** Where the expected answer is kept. */
  result: string;
}

export function listOperations(): Operation[] {
  const trusted = Object.values(
    readJson(join(folder, '../trusted-documents.json')) as Record<string, string>,
  );
  return readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => readOperation(basename(file, '.graphql'), trusted));
}

function readOperation(name: string, trusted: string[]): Operation {
  const text = readFileSync(join(folder, `${name}.graphql`), 'utf8');
  const [head, kind] = /\b(query|mutation|subscription) \w+\b/.exec(text) ?? [];
  const document = trusted.find((each) => new RegExp(`\\b${head}\\b`).test(each));
  if (!head || !document) throw new Error(`${name}.graphql has no operation among the trusted documents`);
  const variables = join(folder, `${name}.variables.json`);
  return {
    name,
    kind: kind as Operation['kind'],
    document,
    variables: existsSync(variables) ? readFileSync(variables, 'utf8') : '{}',
    result: join(folder, `${name}.result.json`),
  };
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
