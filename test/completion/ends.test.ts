import { describe, expect, it } from 'vitest';
import { post } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import {
  cancel,
  completionOf,
  create,
  CREATE,
  EVENTS,
  listCompletions,
  say,
  STREAM,
  waitForCompletion,
  type CompletionData,
  type Input,
} from './support/completions.ts';
import { isTerminal, STREAMING, subscribe, textOf, typeOf, type WayToLeave } from './support/streams.ts';

const gateway = useGateway();

let tags = 0;
/** An input that can be found again, whatever becomes of its answer. */
function tagged(model: string): { input: Input; tag: { key: string; value: string } } {
  tags += 1;
  const tag = { key: 'end', value: String(tags) };
  return { input: say(model, 'Hello there', { tags: [tag] }), tag };
}

/** Resolves once the model has said something. */
async function waitForWords(id: string): Promise<void> {
  const stream = await subscribe('WS', gateway(), { query: EVENTS, variables: { id, coalesceMs: 0 } });
  for (let event = await stream.next(); event && !event.text;) event = await stream.next();
  stream.leave();
}

/** What is kept of a model that was stopped at work. */
const KEPT: Record<string, object> = {
  'demo/silent': { text: '', usage: { input: 0, output: 0, source: 'NONE' } },
  'demo/slow': {
    text: expect.stringMatching(/^A/),
    usage: { input: 2, output: expect.toSatisfy((output: number) => output > 0), source: 'ESTIMATED' },
  },
};

function expectStopped(model: string, completion: CompletionData): void {
  expect(completion).toMatchObject({
    status: 'CANCELLED',
    finishReason: 'CANCELLED',
    failure: { reason: 'CANCELLED', code: 'CANCELLED' },
    attempts: [{ status: 'CANCELLED', errorType: 'CANCELLED' }],
    ...KEPT[model],
  });
}

const ENDS = [
  { model: 'demo/echo', typename: 'CompletionFinished', status: 'SUCCEEDED', finish: 'STOP', failure: null },
  {
    model: 'demo/error',
    typename: 'CompletionFailed',
    status: 'FAILED',
    finish: 'ERROR',
    failure: { reason: 'FAILED', code: 'PROVIDER_ERROR' },
  },
  {
    model: 'demo/cut',
    typename: 'CompletionFailed',
    status: 'FAILED',
    finish: 'ERROR',
    failure: { reason: 'CUT', code: 'PROVIDER_ERROR' },
  },
];

describe.each(ENDS)('$model ends by itself', ({ model, typename, status, finish, failure }) => {
  const settled = { status, finishReason: finish, failure };

  it('over HTTP: with one payload', async () => {
    const { completion, errors } = await create(gateway(), say(model));
    expect(completion).toMatchObject(settled);
    expect(errors.map(({ code }) => code)).toEqual(failure ? [failure.code] : []);
  });

  it.each(STREAMING)('over %s: with one terminal event, the last', async (transport) => {
    const { input, tag } = tagged(model);
    const stream = await subscribe(transport, gateway(), { query: STREAM, variables: { input } });
    const events = await stream.rest();
    expect(events.filter(isTerminal)).toEqual([events.at(-1)]);
    const last = events.at(-1);
    expect(typeOf(last)).toBe(typename);
    const completion = last?.completion ?? last?.partial;
    expect(completion).toMatchObject(settled);
    expect(completion?.text).toBe(textOf(events));
    expect(await listCompletions(gateway(), { tag })).toEqual([completion]);
  });
});

it('what broke off is kept and counted', async () => {
  const { text, usage } = completionOf(await create(gateway(), say('demo/cut')));
  expect(text).toBe('A sluice is a water');
  expect(usage).toMatchObject({ output: 6, source: 'ESTIMATED' });
});

describe.each(['demo/slow', 'demo/silent'])('%s is cancelled', (model) => {
  const hasBegun = ({ text }: { text?: string }) => model === 'demo/silent' || text !== undefined;

  it('over HTTP: its caller and the one who cancels get the same completion', async () => {
    const { input, tag } = tagged(model);
    const answer = create(gateway(), input);
    const { id } = await waitForCompletion(gateway(), tag, () => true);
    if (model === 'demo/slow') await waitForWords(id);
    const cancelled = await cancel(gateway(), id);
    expect(cancelled.errors).toEqual([]);
    const { completion, errors } = await answer;
    expect(errors).toMatchObject([{ code: 'CANCELLED' }]);
    expect(completion).toEqual(cancelled.completion);
    expectStopped(model, completionOf(cancelled));
  });

  it.each(STREAMING)('over %s: the stream ends with one event that says so', async (transport) => {
    const { input } = tagged(model);
    const variables = { input, coalesceMs: 0 };
    const stream = await subscribe(transport, gateway(), { query: STREAM, variables });
    const started = await stream.next();
    let event = started;
    while (event && !hasBegun(event)) event = await stream.next();
    const { completion } = await cancel(gateway(), started?.completionId ?? '');
    const rest = await stream.rest();
    expect(rest.filter(isTerminal)).toEqual([rest.at(-1)]);
    expect(rest.at(-1)).toMatchObject({
      __typename: 'CompletionFailed',
      failureReason: 'CANCELLED',
      errors: [{ code: 'CANCELLED' }],
      partial: completion,
    });
    expectStopped(model, completionOf({ completion, errors: [] }));
  });

  it('again: is answered as it is', async () => {
    const { input, tag } = tagged(model);
    const answer = create(gateway(), input);
    const { id } = await waitForCompletion(gateway(), tag, () => true);
    const first = await cancel(gateway(), id);
    expect(await cancel(gateway(), id)).toEqual(first);
    await answer;
  });
});

it('a completion that is over stays as it is when it is cancelled', async () => {
  const completion = completionOf(await create(gateway(), say('demo/echo')));
  expect(await cancel(gateway(), completion.id)).toEqual({ completion, errors: [] });
});

it('a completion that does not exist cannot be cancelled', async () => {
  const { completion, errors } = await cancel(gateway(), 'cmpl_00000000000000000000000000');
  expect(completion).toBeNull();
  expect(errors).toMatchObject([{ code: 'NOT_FOUND' }]);
});

describe.each(['demo/slow', 'demo/silent'])('the client of %s leaves', (model) => {
  const WAYS: WayToLeave[] = ['SSE aborted', 'WS complete', 'WS close', 'WS terminate'];

  it('HTTP aborted: the model is stopped at once, and what came so far is kept', async () => {
    const { input, tag } = tagged(model);
    const controller = new AbortController();
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const request = post(
      gateway().url,
      { query: CREATE, variables: { input } },
      { headers, signal: controller.signal },
    );
    const { id } = await waitForCompletion(gateway(), tag, () => true);
    if (model === 'demo/slow') await waitForWords(id);
    controller.abort();
    await expect(request).rejects.toThrow('aborted');
    expectStopped(model, await waitForCompletion(gateway(), tag));
  });

  it.each(WAYS)('%s: the model is stopped at once, and what came so far is kept', async (leaveBy) => {
    const { input, tag } = tagged(model);
    const variables = { input, coalesceMs: 0 };
    const transport = leaveBy === 'SSE aborted' ? 'SSE' : 'WS';
    const stream = await subscribe(transport, gateway(), { query: STREAM, variables }, { leaveBy });
    const events = [await stream.next()];
    if (model === 'demo/slow') {
      for (let words = 0; words < 3; words += 1) events.push(await stream.next());
    }
    stream.leave();
    const completion = await waitForCompletion(gateway(), tag);
    expectStopped(model, completion);
    expect(completion.text.startsWith(events.map((event) => event?.text ?? '').join(''))).toBe(true);
  });
});

it('who leaves does not stop what somebody else still listens to', async () => {
  const variables = { input: say('demo/slow'), key: 'two readers', coalesceMs: 0 };
  const [one, two] = [
    await subscribe('SSE', gateway(), { query: STREAM, variables }),
    await subscribe('WS', gateway(), { query: STREAM, variables }),
  ];
  await one.next();
  one.leave();
  const started = await two.next();
  for (let words = 0; words < 5; words += 1) expect((await two.next())?.text).toBeTypeOf('string');
  await cancel(gateway(), started?.completionId ?? '');
  expect((await two.rest()).at(-1)).toMatchObject({ failureReason: 'CANCELLED' });
});
