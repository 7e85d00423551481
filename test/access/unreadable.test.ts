import { expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { makeKey } from './support/keys.ts';

const gateway = useGateway();

it('where credentials cannot be looked up whoever asks is told to come again, and can', async () => {
  const { secret: key } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
  const { sql } = gateway().gateway.database;
  const whoAsks = () => gateway().ask('{ viewer { key { name } } }', {}, { key });
  await sql`ALTER TABLE api_keys RENAME TO api_keys_away`;
  try {
    const { data, errors } = await whoAsks();
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([
      { message: expect.stringContaining('who asks; try again'), extensions: { code: 'UNAVAILABLE' } },
    ]);
    expect(JSON.stringify(errors)).not.toContain('api_keys');
  } finally {
    await sql`ALTER TABLE api_keys_away RENAME TO api_keys`;
  }
  expect((await whoAsks()).data.viewer.key.name).toEqual(expect.any(String));
});
