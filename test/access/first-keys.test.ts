import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bootGateway, type TestGateway } from '../support/gateway.ts';
import { takePooledDatabase, type PooledDatabase } from '../support/pooled-database.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const PRESET = 'Pz5xWn8qTc2rVk6mJh9bLd4sGy7fXu3e';
const ANOTHER = 'Hb3nRw7kYq9tMx2vCz6pLf8dJg5sUe4a';
const WHO = '{ viewer { key { id name } scopes } }';

/** Data that outlives a gateway. */
interface Place extends TestDatabase {
  dataDir: string;
  /** Without a server. */
  pooled: PooledDatabase | undefined;
}

let place: Place;

beforeEach(async () => {
  const database = await createTestDatabase();
  const pooled = database.databaseUrl === undefined ? await takePooledDatabase() : undefined;
  place = { ...database, pooled, dataDir: await mkdtemp(join(tmpdir(), 'sluice-access-')) };
});
afterEach(async () => {
  await place.pooled?.giveBack();
  await place.drop();
  await rm(place.dataDir, { recursive: true });
});

/** One life of a gateway on the same data. */
async function live<T>(
  variables: Record<string, string>,
  work: (gateway: TestGateway) => Promise<T>,
): Promise<T> {
  const gateway = await bootGateway({ ...place, variables: { SLUICE_ADMIN_KEY: '', ...variables } });
  try {
    return await work(gateway);
  } finally {
    await gateway.stop(0);
  }
}

const whoIs = async ({ ask }: TestGateway, key: string) => (await ask(WHO, {}, { key })).data?.viewer;

it('without SLUICE_ADMIN_KEY the first start makes up an admin key, and only the first', async () => {
  const first = await live({}, async (gateway) => {
    const secret = gateway.firstAdminKey ?? '';
    expect(secret).toMatch(/^sk-sluice-[0-9A-Za-z]{43}$/);
    expect(await whoIs(gateway, secret)).toMatchObject({ scopes: ['OWNER'] });
    return secret;
  });
  await live({}, async (gateway) => {
    expect(gateway.firstAdminKey).toBeUndefined();
    expect(await whoIs(gateway, first)).toMatchObject({ scopes: ['OWNER'] });
    expect(await countKeys(gateway, first)).toBe(1);
  });
});

it('SLUICE_ADMIN_KEY is an admin key until it is revoked or rotated, whatever later starts are given', async () => {
  for (const start of ['first', 'second']) {
    await live({ SLUICE_ADMIN_KEY: PRESET }, async (gateway) => {
      expect(gateway.firstAdminKey, start).toBeUndefined();
      expect(await whoIs(gateway, PRESET)).toMatchObject({ scopes: ['OWNER'] });
      expect(await countKeys(gateway, PRESET)).toBe(1);
    });
  }
  await live({ SLUICE_ADMIN_KEY: ANOTHER }, async (gateway) => {
    const [preset, another] = [await whoIs(gateway, PRESET), await whoIs(gateway, ANOTHER)];
    expect([preset.scopes, another.scopes]).toEqual([['OWNER'], ['OWNER']]);
    expect(await countKeys(gateway, ANOTHER)).toBe(2);
    const rotate = 'mutation ($id: ID!) { keyRotate(id: $id, graceSeconds: 0) { errors { code } } }';
    await gateway.ask(rotate, { id: preset.key.id }, { key: PRESET });
    const revoke = 'mutation ($id: ID!) { keyRevoke(id: $id) { errors { code } } }';
    await gateway.ask(revoke, { id: another.key.id }, { key: ANOTHER });
  });
  for (const key of [PRESET, ANOTHER]) {
    await live({ SLUICE_ADMIN_KEY: key }, async (gateway) => {
      expect(await whoIs(gateway, key)).toBeUndefined();
    });
  }
});

it('SLUICE_ADMIN_KEY does not come back after its key was rotated twice', async () => {
  const rotate = 'mutation ($id: ID!) { keyRotate(id: $id, graceSeconds: 0) { secret errors { code } } }';
  await live({ SLUICE_ADMIN_KEY: PRESET }, async (gateway) => {
    const { id } = (await whoIs(gateway, PRESET)).key;
    let key = PRESET;
    for (let turn = 0; turn < 2; turn += 1)
      key = (await gateway.ask(rotate, { id }, { key })).data.keyRotate.secret as string;
  });
  await live({ SLUICE_ADMIN_KEY: PRESET }, async (gateway) => {
    expect(await whoIs(gateway, PRESET)).toBeUndefined();
  });
});

it.each([PRESET, ''])('the audit tells of the key of the first start, preset or not', async (preset) => {
  await live({ SLUICE_ADMIN_KEY: preset }, async (gateway) => {
    const key = gateway.firstAdminKey ?? preset;
    const { id, name } = (await whoIs(gateway, key)).key;
    const { data } = await gateway.ask(
      '{ auditEvents(filter: { action: { eq: "key.create" } }) { nodes { actor targetId after requestId } } }',
      {},
      { key },
    );
    const after = { teamId: 'team_default', name, scopes: ['OWNER'] };
    expect(data.auditEvents.nodes).toEqual([{ actor: 'system', targetId: id, after, requestId: 'start' }]);
  });
});

it('SLUICE_SECRET must be the one that the keys in the database were hashed with', async () => {
  const variables = { SLUICE_ADMIN_KEY: PRESET, SLUICE_SECRET: ANOTHER };
  await live(variables, async () => {});
  const changed = `${ANOTHER.slice(1)}x`;
  const start = live({ ...variables, SLUICE_SECRET: changed }, async () => {});
  const refusal = await start.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Error);
  const { message } = refusal as Error;
  expect(message).toMatch(/hashed with another secret; set SLUICE_SECRET to it/);
  for (const secret of [PRESET, ANOTHER, changed]) expect(message).not.toContain(secret);
  // The refusal changed nothing.
  await live(variables, async (gateway) => {
    expect(await whoIs(gateway, PRESET)).toMatchObject({ scopes: ['OWNER'] });
  });
});

async function countKeys({ ask }: TestGateway, key: string): Promise<number> {
  return (await ask('{ viewer { team { keys { totalCount } } } }', {}, { key })).data.viewer.team.keys
    .totalCount;
}
