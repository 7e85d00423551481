import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { createVersion, publish, saying, setLabel } from '../prompts/support.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { makeFolder, runSluice } from './support/sluice.ts';

const gateway = useGateway();
const variables = (...names: string[]) => names.map((name) => ({ name, type: 'STRING' }));

beforeAll(async () => {
  await publish(gateway(), 'greet', saying('Hello {{ name }}!', { variables: variables('name') }));
  const version = saying('Hello {{ first }}!', { variables: variables('first') });
  await createVersion(gateway(), { slug: 'greet', version });
  await setLabel(gateway(), { slug: 'greet', label: 'staging', version: 2 });
});

async function print(args: string[] = [], env: Record<string, string> = { SLUICE_KEY: ADMIN_KEY }) {
  const folder = await makeFolder();
  const run = runSluice(folder, { SLUICE_URL: gateway().url, ...env }, ['schema', 'print', ...args]);
  return { ...(await run.ended), folder };
}

describe('sluice schema print', () => {
  it('writes the graph of the organisation, for a label', async () => {
    const { code, stdout, folder } = await print();
    expect(code).toBe(0);
    const { Ai } = buildSchema(stdout).getTypeMap();
    expect(String(Ai)).toBe('Ai');
    expect(stdout).toContain('greet(name: String!, run: PromptRunInput): GreetPayload!');
    const staged = await print(['--label', 'staging', '--out', join(folder, 'schema.graphql')]);
    expect(staged).toMatchObject({ code: 0, stdout: '' });
    const written = await readFile(join(folder, 'schema.graphql'), 'utf8');
    expect(written).toContain('greet(first: String!, run: PromptRunInput): GreetPayload!');
  });

  it('says what it needs', async () => {
    const { code, stderr } = await print([], {});
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('SLUICE_KEY') });
  });
});
