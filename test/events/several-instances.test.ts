import { hash } from 'node:crypto';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, bootGateway, type Answer, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const SERVER = process.env['SLUICE_TEST_DATABASE_URL'];
const REDIS = process.env['REDIS_URL'];

const KEY_CREATE = `mutation { keyCreate(input: { name: "short-lived", scopes: [COMPLETIONS_WRITE] }) { key { id } secret } }`;
const VIEWER = '{ viewer { scopes } }';

describe.skipIf(!SERVER)('two instances on one PostgreSQL', () => {
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;

  beforeAll(async () => {
    database = await createTestDatabase();
    const variables = {
      SLUICE_SECRET: 'a-shared-hashing-key-Qm38fhWq81ncVbz77TtY',
      ...(REDIS ? { REDIS_URL: REDIS } : {}),
    };
    const boot = () => bootGateway({ databaseUrl: database.databaseUrl, variables });
    [one, two] = await Promise.all([boot(), boot()]);
  });
  afterAll(async () => {
    await Promise.all([one.stop(0), two.stop(0)]);
    await database.drop();
  });

  it('accept each other’s keys, and forget a revoked one', async () => {
    const { data } = await one.ask(KEY_CREATE);
    const { key, secret } = data.keyCreate;
    expect((await two.ask(VIEWER, {}, { key: secret })).data.viewer.scopes).toEqual(['COMPLETIONS_WRITE']);
    await one.ask(`mutation { keyRevoke(id: "${key.id}") { errors { message } } }`);
    await expect
      .poll(async () => (await two.ask(VIEWER, {}, { key: secret })).errors?.[0]?.extensions['code'])
      .toBe('UNAUTHENTICATED');
  });

  it('trust the same operations, and none that was removed', async () => {
    const text = 'query Shared { viewer { scopes } }';
    const run = async () => {
      const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ documentId: hash('sha256', text) });
      const response = await fetch(two.url, { method: 'POST', headers, body });
      return ((await response.json()) as Answer).errors?.[0]?.extensions['code'] as unknown;
    };
    expect(await run()).toBe('OPERATION_UNKNOWN');
    const { data } = await one.ask(
      'mutation ($text: String!) { operationRegister(input: { text: $text }) { operation { id } } }',
      { text },
    );
    await expect.poll(run, { timeout: 30_000 }).toBeUndefined();
    await one.ask('mutation ($id: ID!) { operationRemove(id: $id) { removedId } }', {
      id: data.operationRegister.operation.id,
    });
    await expect.poll(run, { timeout: 30_000 }).toBe('OPERATION_UNKNOWN');
  });

  it('see each other’s usage live, and it is what the report says', async () => {
    const ticks = two.socket().iterate<{ usageTicks: { delta: { requests: number } } }>({
      query: 'subscription { usageTicks(everyMs: 100) { delta { requests } } }',
    });
    const first = ticks.next();
    // A subscription has no answer that says "I am listening", so usage is made until it is heard.
    const stopAsking = new AbortController();
    const asking = (async () => {
      while (!stopAsking.signal.aborted) {
        await one.ask(
          '{ complete(input: { model: "demo/echo", source: { text: "hi" } }) { completion { id } } }',
        );
      }
    })();
    const tick = await first;
    stopAsking.abort();
    await asking;
    expect(tick.value?.data?.usageTicks.delta.requests).toBeGreaterThan(0);
    await ticks.return?.();
  });

  it('cancel each other’s completions, and one key is one completion on both', async () => {
    const input = { model: 'demo/silent', source: { text: 'hi' } };
    const create =
      'mutation ($input: CompletionInput!) { completionCreate(input: $input, idempotencyKey: "both") { completion { id status } errors { code } } }';
    const answers = [one.ask(create, { input }), two.ask(create, { input })];
    const list = '{ completions(filter: { status: [RUNNING] }) { nodes { id } } }';
    await expect.poll(async () => (await one.ask(list)).data.completions.nodes.length).toBe(1);
    const [{ id }] = (await one.ask(list)).data.completions.nodes;
    const runsHere = one.gateway.runs.heartbeats().some(({ completionId }) => completionId === id);
    const other = runsHere ? two : one;
    const cancel = `mutation { completionCancel(id: "${id}") { completion { status } } }`;
    expect((await other.ask(cancel)).data.completionCancel.completion.status).toBe('CANCELLED');
    for (const { data } of await Promise.all(answers)) {
      expect(data.completionCreate).toMatchObject({
        completion: { id, status: 'CANCELLED' },
        errors: [{ code: 'CANCELLED' }],
      });
    }
  });

  it('start only when they hash keys with the same secret', async () => {
    const variables = {
      SLUICE_SECRET: 'another-hashing-key-0aLm38fhWq81ncVbz77T',
      SLUICE_ADMIN_KEY: ADMIN_KEY,
    };
    await expect(bootGateway({ databaseUrl: database.databaseUrl, variables })).rejects.toThrow(
      /SLUICE_SECRET/,
    );
  });
});

describe.skipIf(!REDIS || !SERVER)('news over Redis', () => {
  const secret = { SLUICE_SECRET: 'a-shared-hashing-key-Qm38fhWq81ncVbz77TtY' };
  const ASK = '{ complete(input: { model: "demo/echo", source: { text: "hi" } }) { completion { text } } }';

  it('are told with each commit', async () => {
    const database = await createTestDatabase();
    const gateway = await bootGateway({ ...database, variables: { ...secret, REDIS_URL: REDIS! } });
    const listener = new Redis(REDIS!);
    await listener.subscribe('sluice:news');
    const heard = once(listener, 'message');
    await gateway.ask(ASK);
    expect(await heard).toEqual(['sluice:news', '']);
    listener.disconnect();
    await gateway.stop(0);
    await database.drop();
  });

  it('stop nothing when Redis is gone', async () => {
    const database = await createTestDatabase();
    const gateway = await bootGateway({
      ...database,
      variables: { ...secret, REDIS_URL: 'redis://127.0.0.1:1' },
    });
    expect((await gateway.ask(ASK)).data.complete.completion.text).toBe('hi');
    expect(gateway.logs.join('')).toContain('Redis cannot be reached');
    await gateway.stop(0);
    await database.drop();
  });
});
