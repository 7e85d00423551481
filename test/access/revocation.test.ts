import { describe, expect, it } from 'vitest';
import { connect, postForStream, readResults, type Result } from '../server/support/client.ts';
import { useGateway } from '../support/gateway.ts';
import { makeKey, revoke, type MadeKey } from './support/keys.ts';

const gateway = useGateway();
const SLOW = `subscription { completionStream(input: { model: "demo/slow", source: { text: "hi" } }, coalesceMs: 0) {
  __typename completionId
} }`;
const TICKS = 'subscription { usageTicks(everyMs: 100) { delta { requests } } }';
const ECHO =
  'mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { errors { code } } }';
const UNAUTHENTICATED = [{ message: expect.stringMatching(/key/), extensions: { code: 'UNAUTHENTICATED' } }];

type Open = (key: MadeKey, query: string) => Promise<AsyncGenerator<Result>>;

const openOverSse: Open = async ({ secret }, query) => {
  const headers = { authorization: `Bearer ${secret}` };
  return readResults(await postForStream(gateway().url, { query }, { headers }));
};

const openOverWs: Open = async ({ secret }, query) => {
  const client = await connect(gateway().url, { authorization: `Bearer ${secret}` });
  client.subscribe('1', { query });
  return (async function* () {
    for (;;) {
      const { type, payload } = await client.next('1');
      if (type !== 'next') return;
      yield payload as Result;
    }
  })();
};

describe.each([
  ['SSE', openOverSse],
  ['WS', openOverWs],
])('over %s a revoked key', (_, open) => {
  it('gets no further event of a stream: an error, the end, and the model is stopped', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const results = await open(key, SLOW);
    const first = await results.next();
    expect(first.value?.data).toHaveProperty('completionStream.__typename', 'CompletionStarted');
    await revoke(gateway(), key);
    const rest = await Array.fromAsync(results);
    expect(rest.at(-1)).toMatchObject({ errors: UNAUTHENTICATED });
    // What was on its way already may still come; the whole text has 78 words.
    expect(rest.length).toBeLessThan(10);
    const { completionId: id } = first.value.data.completionStream;
    await expect.poll(() => readStatus(id)).toBe('CANCELLED');
  });

  it('gets no further tick of usage', async () => {
    const key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    const results = await open(key, TICKS);
    expect(await causeTick(results)).toHaveProperty('value.data.usageTicks');
    await revoke(gateway(), key);
    const answers = [await causeTick(results)];
    // What was settled before may have been on its way already.
    if (!answers[0]?.value?.errors) answers.push(await causeTick(results));
    expect(answers.at(-1)).toMatchObject({ value: { errors: UNAUTHENTICATED } });
    expect(await results.next()).toMatchObject({ done: true });
  });
});

/** Lets completions settle until the subscription, which may only just begin, has heard of one. */
async function causeTick(results: AsyncGenerator<Result>): Promise<IteratorResult<Result>> {
  let heard = false;
  const next = results.next().finally(() => (heard = true));
  while (!heard) await gateway().ask(ECHO);
  return next;
}

async function readStatus(id: string): Promise<string> {
  const { data } = await gateway().ask('query ($id: ID!) { completion(id: $id) { status } }', { id });
  return data.completion.status;
}
