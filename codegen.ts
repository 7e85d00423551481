/**
 * `npm run codegen`: writes what is printed or generated from the graph and checked in.
 * With `--check` it writes nothing, names each stale file, and exits with 1 when there is one.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { printSubgraphSchema } from '@apollo/subgraph';
import { generate } from '@graphql-codegen/cli';
import type { ClientPresetConfig } from '@graphql-codegen/client-preset';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { clientSchema, schema } from './src/graph/schema.ts';

const OPERATIONS = 'schema/operations/**/*.graphql';
const CLIENT = 'src/client/generated/';

/** Where the preset's files go; those not named here (a `graphql` tag and a barrel) have no use. */
const PLACES: Record<string, string> = {
  [`${CLIENT}graphql.ts`]: `${CLIENT}graphql.ts`,
  [`${CLIENT}persisted-documents.json`]: 'schema/trusted-documents.json',
};

/** The types in which our scalars arrive as JSON. */
const SCALARS = {
  Cursor: 'string',
  DateTime: 'string',
  Decimal: 'string',
  JSON: 'unknown',
  SafeInt: 'number',
};

const top = import.meta.dirname;
const sdl = printSchema(lexicographicSortSchema(clientSchema));
const files: Record<string, string> = {
  'schema/schema.graphql': sdl,
  'schema/subgraph.graphql': printSubgraphSchema(lexicographicSortSchema(schema)),
  ...(await generateClient()),
};

if (process.argv.includes('--check')) {
  const stale = await findStale();
  for (const path of stale) console.error(`${path} is stale: run \`npm run codegen\``);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(top, path)), { recursive: true });
    await writeFile(join(top, path), withNewline(text));
  }
}

async function findStale(): Promise<string[]> {
  const checks = Object.entries(files).map(async ([path, text]) => {
    const found = await readFile(join(top, path), 'utf8').catch(() => undefined);
    return found === withNewline(text) ? [] : [path];
  });
  return (await Promise.all(checks)).flat();
}

/** A TypedDocumentNode for each operation, and the operations by the SHA-256 of their text: the trusted documents. */
async function generateClient(): Promise<Record<string, string>> {
  const presetConfig: ClientPresetConfig = { fragmentMasking: false, persistedDocuments: true };
  const output: { filename: string; content: string }[] = await generate(
    {
      cwd: top,
      silent: true,
      schema: sdl,
      documents: OPERATIONS,
      generates: {
        [CLIENT]: {
          preset: 'client',
          presetConfig,
          config: { scalars: SCALARS, useTypeImports: true },
        },
      },
    },
    false,
  );
  return Object.fromEntries(
    output.flatMap(({ filename, content }) => {
      const place = PLACES[filename];
      return place ? [[place, content]] : [];
    }),
  );
}

function withNewline(text: string): string {
  return `${text.trimEnd()}\n`;
}
