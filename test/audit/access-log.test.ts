import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/db/database.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import type { Principal } from '../../src/domain/principal.ts';
import { createAccessLog } from '../../src/events/access-log.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { makeKey } from '../access/support/keys.ts';
import { bootGateway, useGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';

const BY = { requestId: 'r', ip: '10.0.0.1' };

function principal(keyId: string): Principal {
  return {
    keyId,
    organisationId: 'org_1',
    teamId: 'team_1',
    scopes: new Set(),
    models: [],
    regions: undefined,
    keyRegions: [],
    allowedFrom: undefined,
    expiresAt: undefined,
    endUserId: undefined,
    tags: [],
  };
}

describe('the log of who came', () => {
  let database: Database;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const test = await createTestDatabase();
    drop = test.drop;
    database = await openDatabase({ databaseUrl: test.databaseUrl, dataDir: 'memory://' });
    await migrateDatabase(database);
  });
  afterAll(async () => {
    await database.close();
    await drop();
  });

  function make(sql = database.sql) {
    const lines: string[] = [];
    const destination = new Writable({ write: (line, _, done) => (lines.push(String(line)), done()) });
    return { log: createAccessLog(sql, createLogger({ level: 'info', destination })), lines };
  }

  const read = (actor: string) => database.sql<
    { action: string; target_id: string; after: { count: number } | null }[]
  >`
    SELECT action, target_id, after FROM audit_events WHERE actor_key_id = ${actor} ORDER BY seq`;

  it('tells a login once, and equal refusals as one with a count', async () => {
    const { log } = make();
    const who = principal('key_a');
    for (let n = 0; n < 5; n += 1) {
      log.cameIn(who, BY);
      log.refused(who, { target: 'Mutation.keyCreate', reason: 'no' }, BY);
    }
    log.refused(who, { target: 'Mutation.priceSet', reason: 'no' }, BY);
    expect(await read('key_a')).toEqual([]);
    await log.flush();
    expect(await read('key_a')).toEqual([
      { action: 'access.login', target_id: 'key_a', after: null },
      { action: 'access.refused', target_id: 'Mutation.keyCreate', after: { reason: 'no', count: 5 } },
      { action: 'access.refused', target_id: 'Mutation.priceSet', after: { reason: 'no', count: 1 } },
    ]);
  });

  it('writes no more than so many for one actor in an hour, and the rest as one', async () => {
    const { log } = make();
    const who = principal('key_b');
    for (let n = 0; n < 2_000; n += 1) {
      log.refused(who, { target: `Mutation.f${n}`, reason: 'no' }, BY);
      if (n % 500 === 0) await log.flush();
    }
    await log.flush();
    expect(await read('key_b')).toHaveLength(60);
    await log.close();
    const rows = await read('key_b');
    expect(rows).toHaveLength(61);
    expect(rows.at(-1)).toMatchObject({ target_id: 'key_b', after: { count: 1_940 } });
  });

  it('keeps no more than it has room for, and says how many it dropped', async () => {
    const { log, lines } = make();
    for (let n = 0; n < 1_200; n += 1) log.cameIn(principal(`key_many_${n}`), BY);
    await log.flush();
    expect(lines.join('')).toContain('"dropped":200');
    const [row] = await database.sql<{ count: bigint }[]>`
      SELECT count(*) AS count FROM audit_events WHERE actor_key_id LIKE 'key_many_%'`;
    expect(row?.count).toBe(1_000n);
  });

  it('keeps what cannot be written until it can be', async () => {
    const gone = new Error('no database');
    let works = false;
    const sql = ((...args: Parameters<Database['sql']>) =>
      works ? database.sql(...args) : Promise.reject(gone)) as unknown as Database['sql'];
    const { log, lines } = make(sql);
    log.refused(principal('key_c'), { target: 'Mutation.x', reason: 'no' }, BY);
    await log.flush();
    log.refused(principal('key_c'), { target: 'Mutation.x', reason: 'no' }, BY);
    works = true;
    await log.flush();
    expect(lines.join('')).toContain('no database');
    expect(await read('key_c')).toMatchObject([{ after: { count: 2 } }]);
  });

  it('tells the log of those whom nobody knows, by their address', async () => {
    const { log, lines } = make();
    log.notKnown(BY);
    log.notKnown(BY);
    await log.flush();
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ ip: '10.0.0.1', count: 2 });
  });
});

describe('a gateway', () => {
  const gateway = useGateway();
  const events = async (actor: string) => {
    const { data } = await gateway().ask(
      'query ($actor: String) { auditEvents(filter: { actor: { eq: $actor } }) { nodes { action targetId after ip } } }',
      { actor },
    );
    return data.auditEvents.nodes as {
      action: string;
      targetId: string;
      after: Record<string, unknown> | null;
    }[];
  };

  it('tells who cancelled what another key had asked for', async () => {
    const asker = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const admin = await makeKey(gateway(), { scopes: ['ADMIN'] });
    const { data } = await gateway().ask(
      'mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { completion { id } } }',
      {},
      { key: asker.secret },
    );
    const { id } = data.completionCreate.completion;
    const cancel = 'mutation ($id: ID!) { completionCancel(id: $id) { errors { code } } }';
    for (const { secret } of [asker, admin]) await gateway().ask(cancel, { id }, { key: secret });
    await gateway().gateway.accessLog.flush();
    expect(await events(admin.id)).toContainEqual(
      expect.objectContaining({ action: 'completion.cancel', targetId: id }),
    );
    expect((await events(asker.id)).map(({ action }) => action)).not.toContain('completion.cancel');
  });

  it('tells logins, missing scopes, models that are not allowed and mutations that are refused', async () => {
    const key = await makeKey(gateway(), {
      scopes: ['COMPLETIONS_WRITE', 'BUDGETS_WRITE'],
      models: ['demo/echo'],
    });
    const ask = (query: string) => gateway().ask(query, {}, { key: key.secret });
    await ask('mutation { priceSet(input: { model: "demo/echo" }) { errors { code } } }');
    await ask(
      'mutation { budgetSet(input: { subjectId: "team_default", limit: "1", window: DAY }) { errors { code } } }',
    );
    const input = '{ model: "demo/slow", source: { text: "hi" } }';
    await ask(`mutation { completionCreate(input: ${input}) { errors { code } } }`);
    const stream = gateway()
      .socket({ key: key.secret })
      .iterate({
        query: `subscription { completionStream(input: ${input}) { __typename } }`,
      });
    await stream.next();
    await gateway().gateway.accessLog.flush();
    const found = await events(key.id);
    expect(found.map(({ action, targetId }) => `${action} ${targetId}`).toSorted()).toEqual([
      `access.login ${key.id}`,
      'access.refused Mutation.budgetSet',
      'access.refused Mutation.completionCreate',
      'access.refused Mutation.priceSet',
      'access.refused Subscription.completionStream',
    ]);
    expect(found.find(({ targetId }) => targetId === 'Mutation.completionCreate')).toMatchObject({
      after: { count: 1, reason: expect.stringContaining('may not use "demo/slow"') },
      ip: '127.0.0.1',
    });
  });

  it('logs credentials that nobody knows, and nothing of them', async () => {
    const secret = 'sk-sluice-thisIsNoKeyAtAllxxxxxxxxxxxxxxxxxxxxxxx';
    await gateway().ask('{ viewer { scopes } }', {}, { key: secret });
    await gateway().gateway.accessLog.flush();
    const text = gateway().logs.join('');
    expect(text).toContain('a credential was refused');
    expect(text).not.toContain('thisIsNoKeyAtAll');
  });

  it('writes what waits when it stops', async () => {
    const { databaseUrl, drop } = await createTestDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'sluice-audit-'));
    const dataDir = join(folder, 'data');
    const one = await bootGateway({ databaseUrl, dataDir });
    await one.ask('{ viewer { scopes } }');
    await one.stop(0);
    const after = await openDatabase({ databaseUrl, dataDir });
    const actions = await after.sql`SELECT action FROM audit_events ORDER BY seq`;
    expect(actions).toEqual([{ action: 'key.create' }, { action: 'access.login' }]);
    await after.close();
    await drop();
    await rm(folder, { recursive: true });
  });
});
