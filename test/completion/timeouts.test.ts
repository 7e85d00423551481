import { afterAll, expect, it } from 'vitest';
import { sendEvents, startUpstream } from '../providers/support/upstream.ts';
import { useGateway } from '../support/gateway.ts';
import { create, say, STREAM, TIMEOUTS } from './support/completions.ts';
import { isTerminal, STREAMING, subscribe, textOf } from './support/streams.ts';

/** Says one word and then nothing more; tells when it is hung up on. */
const hungUp = Promise.withResolvers<void>();
const stuck = await startUpstream((_request, response) => {
  response.on('close', () => hungUp.resolve());
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'model' };
  sendEvents(response, [
    { ...chunk, choices: [{ index: 0, delta: { content: 'Well' }, finish_reason: null }] },
  ]);
});
afterAll(() => stuck.close());

const gateway = useGateway({
  config: {
    timeouts: { ...TIMEOUTS, firstChunkMs: 200, idleMs: 400, totalMs: 1_000 },
    providers: [
      {
        name: 'stuck',
        type: 'openai-compatible',
        apiKey: 'sk-test',
        headers: {},
        settings: {},
        baseURL: `${stuck.url}/v1`,
        models: [],
      },
    ],
  },
});

it('a vendor that says nothing is given up on', async () => {
  const { completion, errors } = await create(gateway(), say('demo/silent'));
  expect(errors).toMatchObject([
    { code: 'PROVIDER_ERROR', message: 'demo said nothing for 200 ms', attempts: [{ status: 'TIMEOUT' }] },
  ]);
  expect(completion).toMatchObject({
    status: 'FAILED',
    finishReason: 'ERROR',
    text: '',
    usage: { source: 'NONE' },
    failure: { reason: 'FAILED' },
    attempts: [{ status: 'TIMEOUT', errorType: 'PROVIDER_ERROR' }],
  });
});

it('a vendor that falls silent is hung up on, and what it said is kept', async () => {
  const { completion } = await create(gateway(), say('stuck/model'));
  await hungUp.promise;
  expect(completion).toMatchObject({
    status: 'FAILED',
    text: 'Well',
    usage: { output: 1, source: 'ESTIMATED' },
    failure: { reason: 'CUT', message: 'stuck fell silent for 400 ms' },
    attempts: [{ status: 'TIMEOUT' }],
  });
});

it.each(STREAMING)('an answer without end is cut, over %s', async (transport) => {
  const variables = { input: say('demo/slow'), coalesceMs: 0 };
  const events = await (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
  const last = events.at(-1);
  expect(events.filter(isTerminal)).toEqual([last]);
  expect(last).toMatchObject({
    failureReason: 'CUT',
    partial: {
      status: 'FAILED',
      text: textOf(events),
      failure: { message: 'demo went on without a finish for 1000 ms' },
      attempts: [{ status: 'TIMEOUT' }],
    },
  });
  expect(last?.partial?.usage?.output).toBeGreaterThan(0);
});
