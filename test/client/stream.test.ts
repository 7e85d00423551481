import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  createSluiceClient,
  type CompletionEvent,
  type SluiceClientOptions,
} from '../../src/client/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { readCharges } from './support/books.ts';
import { isTerminal, namesOf, textOf } from './support/events.ts';
import { createProxy, type Mishap } from './support/proxy.ts';
import { IMPATIENT } from './support/timeouts.ts';

const gateway = useGateway({ config: IMPATIENT });
const clientOf = (options: Partial<SluiceClientOptions> = {}) =>
  createSluiceClient({ url: gateway().url, key: ADMIN_KEY, ...options });
const say = (text: string, model = 'demo/echo') => ({ model, source: { text } });
const LONG = Array.from({ length: 150 }, (_, index) => `word${index}`).join(' ');

describe('a stream', () => {
  it('yields what comes and ends after the one terminal event', async () => {
    const events = await Array.fromAsync(clientOf().stream(say('One two three')));
    expect(namesOf(events)[0]).toBe('CompletionStarted');
    expect(events.filter(isTerminal)).toEqual([events.at(-1)]);
    expect(textOf(events)).toBe('One two three');
    expect(events.at(-1)).toMatchObject({
      __typename: 'CompletionFinished',
      completion: { status: 'SUCCEEDED', text: 'One two three' },
    });
  });

  it('tells reasoning and tool calls apart', async () => {
    const thinking = await Array.fromAsync(clientOf().stream(say('Think', 'demo/reasoning')));
    expect(namesOf(thinking)).toContain('CompletionReasoningDelta');
    const tools = [
      { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    ];
    const calling = await Array.fromAsync(
      clientOf().stream({ ...say('The weather in Paris?', 'demo/assistant'), tools }),
    );
    expect(calling.find(({ __typename }) => __typename === 'CompletionToolCallDelta')).toMatchObject({
      name: 'weather',
    });
  });

  it.each([
    ['was refused', 'demo/nothing', 'FAILED', 'MODEL_UNAVAILABLE', null],
    ['failed', 'demo/error', 'FAILED', 'PROVIDER_ERROR', { status: 'FAILED' }],
    [
      'was cut by the provider',
      'demo/cut',
      'CUT',
      'PROVIDER_ERROR',
      { text: expect.stringMatching(/^A sl/) },
    ],
  ])('ends with CompletionFailed when it %s', async (_, model, reason, code, completion) => {
    const events = await Array.fromAsync(clientOf().stream(say('Hello', model)));
    expect(events.filter(isTerminal)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({
      __typename: 'CompletionFailed',
      reason,
      errors: [{ code }],
      completion,
    });
  });

  it('throws at once when the key is refused', async () => {
    await expect(clientOf({ key: 'sk-sluice-wrong' }).stream(say('Hello')).next()).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'UNAUTHENTICATED',
    });
  });
});

describe('a stream over a bad network', () => {
  const cuts = (...afterBytes: number[]): Mishap[] =>
    afterBytes.map((bytes) => ({ afterBytes: bytes, fate: 'cut' }));
  const runtime = { name: 'the WebSocket of the runtime', webSocketImpl: undefined };
  const packaged = { name: 'the WebSocket of a package', webSocketImpl: WebSocket };
  const breaks = {
    network: 'that breaks before and in the middle of frames',
    mishaps: cuts(1, 100, 700, 3_000, 9_000),
  };
  const goodbye: { network: string; mishaps: Mishap[] } = {
    network: 'where a middlebox says goodbye',
    mishaps: [{ afterBytes: 2_000, fate: 'goodbye' }],
  };
  const silence: typeof goodbye = {
    network: 'that goes silent',
    mishaps: [{ afterBytes: 2_000, fate: 'silence' }],
  };

  it.each([
    { ...breaks, ...runtime },
    { ...breaks, ...packaged },
    { ...goodbye, ...runtime },
    { ...goodbye, ...packaged },
    { ...silence, ...runtime },
  ])('$network is whole, and charged once, on $name', async ({ mishaps, webSocketImpl }) => {
    const network = await createProxy(gateway().url, mishaps);
    const idempotencyKey = randomUUID();
    const events = await Array.fromAsync(
      clientOf({ url: network.url, webSocketImpl }).stream(say(LONG), { idempotencyKey, coalesceMs: 0 }),
    );
    expect(textOf(events)).toBe(LONG);
    expect(namesOf(events)).not.toContain('CompletionReset');
    expect(new Set(events.map(({ cursor }) => cursor)).size).toBe(events.length);
    expect(events.filter(isTerminal)).toEqual([events.at(-1)]);
    expect(network.connections()).toBe(mishaps.length + 1);
    expect(await readCharges(gateway(), idempotencyKey)).toMatchObject([{ status: 'SUCCEEDED', charges: 1 }]);
  });

  it('gives up when no connection can be had', async () => {
    const url = 'http://127.0.0.1:1/graphql';
    await expect(clientOf({ url }).stream(say('Hello')).next()).rejects.toMatchObject({ code: 'NETWORK' });
  });
});

describe('a stream that is left', () => {
  it('goes on after a cursor in another client', async () => {
    const idempotencyKey = randomUUID();
    const before: CompletionEvent[] = [];
    for await (const event of clientOf().stream(say(LONG), { idempotencyKey, coalesceMs: 0 })) {
      before.push(event);
      if (before.length === 20) break;
    }
    const rest = await Array.fromAsync(
      clientOf().stream(say(LONG), { idempotencyKey, after: before.at(-1)?.cursor }),
    );
    expect(textOf([...before, ...rest])).toBe(LONG);
    expect(namesOf(rest)).not.toContain('CompletionStarted');
    expect(await readCharges(gateway(), idempotencyKey)).toMatchObject([{ charges: 1 }]);
  });

  it('ends at once, also while nothing comes, and its completion is given up', async () => {
    const idempotencyKey = randomUUID();
    const events = clientOf().stream(say('Hello', 'demo/silent'), { idempotencyKey });
    expect(namesOf([(await events.next()).value])).toEqual(['CompletionStarted']);
    const waiting = events.next();
    await events.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
    await expect
      .poll(() => readCharges(gateway(), idempotencyKey), { timeout: 15_000 })
      .toMatchObject([{ status: 'CANCELLED' }]);
  });

  it('ends with the reason of its signal', async () => {
    const stopper = new AbortController();
    const { signal } = stopper;
    const idempotencyKey = randomUUID();
    const events = clientOf().stream(say('Hello', 'demo/silent'), { idempotencyKey, signal });
    await events.next();
    const waiting = events.next();
    stopper.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect
      .poll(() => readCharges(gateway(), idempotencyKey), { timeout: 15_000 })
      .toMatchObject([{ status: 'CANCELLED' }]);
  });

  it('does not wait for the next attempt', async () => {
    const stopper = new AbortController();
    const client = clientOf({ url: 'http://127.0.0.1:1/graphql' });
    const waiting = client.stream(say('Hello'), { signal: stopper.signal }).next();
    setTimeout(() => stopper.abort(new Error('enough')), 1_000);
    await expect(waiting).rejects.toThrow('enough');
  });
});
