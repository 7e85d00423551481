import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendEvents, startUpstream } from '../providers/support/upstream.ts';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { bootGateway, useGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { completionOf, create, createKey, EVENTS, say, STREAM } from './support/completions.ts';
import { subscribe, textOf, typeOf } from './support/streams.ts';

/** A vendor that counts how often it is asked, and fails as long as the test says so. */
let calls = 0;
let fails = false;
const vendor = await startUpstream((_request, response) => {
  calls += 1;
  if (fails) {
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    return;
  }
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'model' };
  sendEvents(response, [
    { ...chunk, choices: [{ index: 0, delta: { content: `answer ${calls}` }, finish_reason: null }] },
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    { ...chunk, choices: [], usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 } },
    '[DONE]',
  ]);
  response.end();
});
afterAll(() => vendor.close());
beforeEach(() => {
  calls = 0;
  fails = false;
});

const config = {
  providers: [
    {
      name: 'counted',
      type: 'openai-compatible',
      apiKey: 'sk-test',
      headers: {},
      settings: {},
      baseURL: `${vendor.url}/v1`,
      models: [{ id: 'model', price: { input: '1', output: '1' } }],
    },
  ],
};
const ASK = say('counted/model', 'Hi');

async function countEntries(gateway: TestGateway, completionId: string): Promise<Record<string, number>> {
  const { data } = await gateway.ask(
    'query ($id: ID) { ledger(filter: { completionId: $id }) { nodes { kind amount { amount } } } }',
    { id: completionId },
  );
  const entries = data.ledger.nodes as { kind: string; amount: { amount: string } }[];
  return Object.fromEntries(entries.map(({ kind, amount }) => [kind, Number(amount.amount)]));
}

describe('one idempotency key', () => {
  const gateway = useGateway({ config });

  it('asked fifty times at once is one completion, one call and one charge', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => create(gateway(), ASK, { idempotencyKey: 'fifty' })),
    );
    const [first] = answers;
    expect(first).toMatchObject({ completion: { status: 'SUCCEEDED', text: 'answer 1' }, errors: [] });
    for (const answer of answers) expect(answer).toEqual(first);
    expect(calls).toBe(1);
    const entries = await countEntries(gateway(), first?.completion?.id ?? '');
    expect(entries).toMatchObject({ SETTLE: 0.00003 });
    expect(Object.keys(entries).toSorted()).toEqual(['RELEASE', 'RESERVE', 'SETTLE']);
  });

  it('is the same over every transport', async () => {
    const payload = await create(gateway(), ASK, { idempotencyKey: 'everywhere' });
    const variables = { input: ASK, key: 'everywhere', coalesceMs: 0 };
    for (const transport of ['SSE', 'WS'] as const) {
      const events = await (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
      expect(textOf(events)).toBe('answer 1');
      expect(events.at(-1)?.completion).toEqual(payload.completion);
    }
    expect(calls).toBe(1);
  });

  it('is the same however the input is written', async () => {
    const idempotencyKey = 'written otherwise';
    const schema = { type: 'object', properties: { a: {}, b: {} } };
    const turned = { properties: { b: {}, a: {} }, type: 'object' };
    const tool = (parameters: object) => ({ ...ASK, tools: [{ name: 'now', parameters }] });
    const first = await create(gateway(), tool(schema), { idempotencyKey });
    expect(await create(gateway(), tool(turned), { idempotencyKey })).toEqual(first);
    expect(calls).toBe(1);
  });

  it('stands for a failure too', async () => {
    fails = true;
    const first = await create(gateway(), ASK, { idempotencyKey: 'failed' });
    expect(first).toMatchObject({ completion: { status: 'FAILED' }, errors: [{ code: 'PROVIDER_ERROR' }] });
    fails = false;
    expect(await create(gateway(), ASK, { idempotencyKey: 'failed' })).toEqual(first);
    expect(calls).toBe(1);
  });

  it('stands for nothing when the ask was refused', async () => {
    const refused = await create(gateway(), say('counted/'), { idempotencyKey: 'refused' });
    expect(refused).toMatchObject({ completion: null, errors: [{ code: 'MODEL_UNAVAILABLE' }] });
    const { completion } = await create(gateway(), ASK, { idempotencyKey: 'refused' });
    expect(completion?.status).toBe('SUCCEEDED');
  });

  it.each([
    ['text', say('counted/model', 'Hi!')],
    ['model', say('demo/echo', 'Hi')],
    ['parameter', { ...ASK, params: { seed: 1 } }],
    ['tag', { ...ASK, tags: [{ key: 'a', value: 'b' }] }],
  ])('with another %s is a conflict', async (what, other) => {
    const idempotencyKey = `conflict of ${what}`;
    await create(gateway(), ASK, { idempotencyKey });
    const { completion, errors } = await create(gateway(), other, { idempotencyKey });
    expect(completion).toBeNull();
    expect(errors).toMatchObject([{ __typename: 'GenericError', code: 'CONFLICT' }]);
    const variables = { input: other, key: idempotencyKey };
    const events = await (await subscribe('WS', gateway(), { query: STREAM, variables })).rest();
    expect(events).toMatchObject([{ __typename: 'CompletionFailed', errors: [{ code: 'CONFLICT' }] }]);
    expect(calls).toBe(1);
  });

  it('is another one for another API key', async () => {
    const { secret } = await createKey(gateway());
    const mine = completionOf(await create(gateway(), ASK, { idempotencyKey: 'shared' }));
    const theirs = completionOf(await create(gateway(), ASK, { idempotencyKey: 'shared', key: secret }));
    expect([mine.text, theirs.text]).toEqual(['answer 1', 'answer 2']);
    expect(theirs.id).not.toBe(mine.id);
  });
});

describe('a restart on the same database', () => {
  it('keeps what an idempotency key stands for, and what a stream was', async () => {
    const { databaseUrl, drop } = await createTestDatabase();
    const dataDir = await mkdtemp(join(tmpdir(), 'sluice-idempotency-'));
    const boot = () => bootGateway({ config, databaseUrl, dataDir: join(dataDir, 'data') });
    try {
      const before = await boot();
      const payload = await create(before, ASK, { idempotencyKey: 'kept' });
      const variables = { input: ASK, key: 'kept' };
      const heard = await (await subscribe('SSE', before, { query: STREAM, variables })).rest();
      await before.stop(0);

      const after = await boot();
      try {
        expect(await create(after, ASK, { idempotencyKey: 'kept' })).toEqual(payload);
        const other = await create(after, say('demo/echo'), { idempotencyKey: 'kept' });
        expect(other.errors).toMatchObject([{ code: 'CONFLICT' }]);
        const again = { id: payload.completion?.id, after: heard.at(-1)?.cursor };
        const events = await (await subscribe('SSE', after, { query: EVENTS, variables: again })).rest();
        expect(typeOf(events[0])).toBe('CompletionReset');
        expect(textOf(events)).toBe('answer 1');
        expect(calls).toBe(1);
        await expectNothingHeld(after.gateway.database);
        await expectBooksToBalance(after.gateway.database);
      } finally {
        await after.stop(0);
      }
    } finally {
      await drop();
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
