import { writeFile } from 'node:fs/promises';
import { LABEL_HEADER, PRODUCTION } from '../domain/prompt.ts';
import { SCHEMA_QUERY, writeSchema } from '../graph/schema-text.ts';
import { askGateway } from './ask-gateway.ts';
import { toAddress } from './gateway-address.ts';

/** What was given on the command line. */
export interface SchemaPrintOptions {
  url?: string;
  label?: string;
  out?: string;
}

/**
 * Writes the graph as the organisation of the key sees it, with a field for each of its prompts, to a file or to standard
 * output.
 */
export async function runSchemaPrint({ url, label = PRODUCTION, out }: SchemaPrintOptions): Promise<void> {
  const gateway = toAddress({ url });
  const headers = { [LABEL_HEADER]: label };
  const text = writeSchema(await askGateway({ ...gateway, headers }, SCHEMA_QUERY, {}));
  if (out === undefined) process.stdout.write(text);
  else await writeFile(out, text);
}
