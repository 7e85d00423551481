import { describe, expect, it } from 'vitest';
import { post } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import {
  cancel,
  completionOf,
  create,
  CREATE,
  createKey,
  EVENTS,
  say,
  STREAM,
  TIMEOUTS,
  waitForCompletion,
  type EventData,
} from './support/completions.ts';
import { isTerminal, STREAMING, subscribe, textOf, typeOf, type Subscription } from './support/streams.ts';

const ABANDON_MS = 300;
const gateway = useGateway({ config: { timeouts: { ...TIMEOUTS, abandonMs: ABANDON_MS } } });

/** Short enough to be heard to its end. */
const WORDS = 'one two three four five six seven eight nine ten';
let keys = 0;
const newKey = () => `key ${(keys += 1)}`;

async function take(stream: Subscription, count: number): Promise<EventData[]> {
  const events: EventData[] = [];
  while (events.length < count) {
    const event = await stream.next();
    if (!event) throw new Error(`the stream ended after ${events.length} events`);
    events.push(event);
  }
  return events;
}

describe.each(STREAMING)('a lost connection over %s', (transport) => {
  const stream = (variables: object) =>
    subscribe(transport, gateway(), { query: STREAM, variables: { coalesceMs: 0, ...variables } });
  const attach = (variables: object, key?: string) =>
    subscribe(
      transport,
      gateway(),
      { query: EVENTS, variables: { coalesceMs: 0, ...variables } },
      key === undefined ? {} : { key },
    );

  it('with an idempotency key goes on at its cursor: nothing is lost, nothing repeated', async () => {
    const variables = { input: say('demo/echo', WORDS), key: newKey() };
    const first = await stream(variables);
    const before = await take(first, 4);
    first.leave();
    const after = await (await stream({ ...variables, after: before.at(-1)?.cursor })).rest();
    const whole = [...before, ...after];
    expect(textOf(whole)).toBe(WORDS);
    expect(whole.map(({ __typename }) => __typename)).toEqual([
      'CompletionStarted',
      ...Array.from({ length: 10 }, () => 'CompletionTextDelta'),
      'CompletionFinished',
    ]);
  });

  it('can be lost at every event', async () => {
    const variables = { input: say('demo/echo', WORDS), key: newKey() };
    const whole: EventData[] = [];
    while (!whole.some(isTerminal)) {
      const part = await stream({ ...variables, after: whole.at(-1)?.cursor });
      whole.push(...(await take(part, 1)));
      part.leave();
    }
    expect(textOf(whole)).toBe(WORDS);
    expect(whole.filter(isTerminal)).toHaveLength(1);
  });

  it('that is not taken up again in time stops the model', async () => {
    const tag = { key: 'abandoned', value: transport };
    const variables = { input: say('demo/slow', 'Hi', { tags: [tag] }), key: newKey() };
    const first = await stream(variables);
    const begun = await take(first, 2);
    first.leave();
    const completion = await waitForCompletion(gateway(), tag);
    expect(completion).toMatchObject({ status: 'CANCELLED', failure: { message: 'the caller left' } });
    const late = await (await stream({ ...variables, after: begun.at(-1)?.cursor })).rest();
    expect(late.filter(isTerminal)).toMatchObject([{ failureReason: 'CANCELLED', partial: completion }]);
    expect(textOf([...begun, ...late])).toBe(completion.text);
  });

  it('that is taken up again in time does not', async () => {
    const variables = { input: say('demo/slow'), key: newKey() };
    const first = await stream(variables);
    const begun = await take(first, 2);
    first.leave();
    const second = await stream({ ...variables, after: begun.at(-1)?.cursor });
    // More than ABANDON_MS of a model that says ten words a second.
    const more = await take(second, 6);
    const { completion } = await cancel(gateway(), begun[0]?.completionId ?? '');
    expect(textOf([...begun, ...more, ...(await second.rest())])).toBe(completion?.text);
    expect(completion?.failure?.message).toBe('cancelled on request');
  });

  it('can be waited for over HTTP instead', async () => {
    const idempotencyKey = newKey();
    const input = say('demo/echo', WORDS);
    const first = await stream({ input, key: idempotencyKey });
    const [started] = await take(first, 2);
    first.leave();
    const { completion } = await create(gateway(), input, { idempotencyKey });
    expect(completion).toMatchObject({ id: started?.completionId, status: 'SUCCEEDED', text: WORDS });
  });

  it('has an end that is told again to who has heard it', async () => {
    const variables = { input: say('demo/echo'), key: newKey() };
    const whole = await (await stream(variables)).rest();
    const again = await (await stream({ ...variables, after: whole.at(-1)?.cursor })).rest();
    expect(again).toEqual([whole.at(-1)]);
  });

  it('has other readers, who each hear everything', async () => {
    const first = await stream({ input: say('demo/echo', WORDS) });
    const [started] = await take(first, 3);
    const id = started?.completionId;
    const others = await Promise.all([
      attach({ id }),
      attach({ id, coalesceMs: 50 }),
      attach({ id, after: started?.cursor }),
    ]);
    const [second = [], coalesced = [], afterStart = []] = await Promise.all(
      others.map((other) => other.rest()),
    );
    const rest = await first.rest();
    for (const events of [second, coalesced, afterStart]) {
      expect(textOf(events)).toBe(WORDS);
      expect(events.at(-1)).toEqual(rest.at(-1));
    }
    expect(typeOf(second[0])).toBe('CompletionStarted');
    expect(typeOf(afterStart[0])).toBe('CompletionTextDelta');
    expect(coalesced.length).toBeLessThan(second.length);
  });

  it.each([0, 50])('is not told from one that held, coalescing for %d ms', async (coalesceMs) => {
    const events = await (await stream({ input: say('demo/reasoning', WORDS), coalesceMs })).rest();
    expect(textOf(events)).toBe(events.at(-1)?.completion?.text);
    const [reasoning] = events.at(-1)?.completion?.parts ?? [];
    const thought = events.filter(({ __typename }) => __typename === 'CompletionReasoningDelta');
    expect(thought.map(({ text }) => text).join('')).toBe(reasoning?.text);
    expect(thought.length < 10).toBe(coalesceMs > 0);
  });

  it('of a completion without a key can be read from its row when all is over', async () => {
    const completion = completionOf(await create(gateway(), say('demo/reasoning', WORDS)));
    const events = await (await attach({ id: completion.id })).rest();
    expect(events.map(({ __typename }) => __typename)).toEqual([
      'CompletionStarted',
      'CompletionReasoningDelta',
      'CompletionTextDelta',
      'CompletionFinished',
    ]);
    expect(textOf(events)).toBe(completion.text);
    expect(events.at(-1)?.completion).toEqual(completion);
  });

  it('of a completion that failed ends with its failure', async () => {
    const completion = completionOf(await create(gateway(), say('demo/cut')));
    const events = await (await attach({ id: completion.id })).rest();
    expect(textOf(events)).toBe(completion.text);
    expect(events.at(-1)).toMatchObject({
      __typename: 'CompletionFailed',
      failureReason: 'CUT',
      errors: [{ code: 'PROVIDER_ERROR', attempts: completion.attempts.map(({ status }) => ({ status })) }],
      partial: completion,
    });
  });

  it('with a cursor that this process does not know begins again, and says so', async () => {
    const { id, text } = completionOf(await create(gateway(), say('demo/echo', WORDS)));
    const events = await (await attach({ id, after: '0badcafe.7' })).rest();
    expect(events.map(({ __typename }) => __typename)).toEqual([
      'CompletionReset',
      'CompletionStarted',
      'CompletionTextDelta',
      'CompletionFinished',
    ]);
    expect(textOf(events)).toBe(text);
  });

  it('with a cursor beyond the end begins again', async () => {
    const variables = { input: say('demo/echo'), key: newKey() };
    const whole = await (await stream(variables)).rest();
    const after = whole.at(-1)?.cursor.replace(/\.\d+$/, '.999') ?? '';
    const again = await (await stream({ ...variables, after })).rest();
    expect(again.map(({ __typename }) => __typename)).toEqual([
      'CompletionReset',
      ...whole.map(({ __typename }) => __typename),
    ]);
  });

  it('cannot be taken over by another key', async () => {
    const { secret } = await createKey(gateway());
    const first = await stream({ input: say('demo/slow') });
    const [started] = await take(first, 1);
    const id = started?.completionId ?? '';
    const refused = await (await attach({ id }, secret)).rest();
    expect(refused).toMatchObject([{ __typename: 'CompletionFailed', errors: [{ code: 'NOT_FOUND' }] }]);
    expect((await cancel(gateway(), id, secret)).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await take(first, 1))[0]?.text).toBe('A');
    first.leave();
  });
});

it('an aborted HTTP request with an idempotency key can be asked again', async () => {
  const tag = { key: 'aborted', value: 'once' };
  const input = say('demo/echo', WORDS, { tags: [tag] });
  const key = newKey();
  const controller = new AbortController();
  const init = { headers: { authorization: `Bearer ${ADMIN_KEY}` }, signal: controller.signal };
  const request = post(gateway().url, { query: CREATE, variables: { input, key } }, init);
  const { id } = await waitForCompletion(gateway(), tag, () => true);
  controller.abort();
  await expect(request).rejects.toThrow('aborted');
  const { completion } = await create(gateway(), input, { idempotencyKey: key });
  expect(completion).toMatchObject({ id, status: 'SUCCEEDED', text: WORDS });
});

it('an aborted HTTP request with an idempotency key that nobody asks again stops the model', async () => {
  const tag = { key: 'aborted', value: 'for good' };
  const input = say('demo/silent', 'Hi', { tags: [tag] });
  const controller = new AbortController();
  const init = { headers: { authorization: `Bearer ${ADMIN_KEY}` }, signal: controller.signal };
  const request = post(gateway().url, { query: CREATE, variables: { input, key: newKey() } }, init);
  await waitForCompletion(gateway(), tag, () => true);
  controller.abort();
  await expect(request).rejects.toThrow('aborted');
  expect(await waitForCompletion(gateway(), tag)).toMatchObject({ status: 'CANCELLED', text: '' });
});

it('a reader that takes nothing holds nobody up', async () => {
  const input = say('demo/echo', 'word '.repeat(2_000));
  const stuck = await subscribe('SSE', gateway(), { query: STREAM, variables: { input, coalesceMs: 0 } });
  const [started] = await take(stuck, 1);
  const variables = { id: started?.completionId, coalesceMs: 0 };
  const other = await (await subscribe('WS', gateway(), { query: EVENTS, variables })).rest();
  expect(other.at(-1)?.completion?.text).toBe(textOf(other));
  expect(textOf(await stuck.rest())).toBe(textOf(other));
});
