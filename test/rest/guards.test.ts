import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitForCompletion, TIMEOUTS } from '../completion/support/completions.ts';
import { publish, saying } from '../prompts/support.ts';
import { useGateway } from '../support/gateway.ts';
import { allEvents, ask, pathOf, run, send } from './support.ts';

const PAGE = 'https://app.example.com';
const CALM = { loopDelayMs: 0, memoryPercent: 0, databaseMs: 0 };
let readings = CALM;

const gateway = useGateway({
  config: {
    operations: { mode: 'trusted', documents: {} },
    corsOrigins: [PAGE],
    timeouts: { ...TIMEOUTS, operationMs: 3_000 },
  },
  readings: () => readings,
});

beforeAll(async () => {
  await publish(gateway(), 'greet', saying('Hello!'));
  await publish(gateway(), 'talk', saying('Go on.', { model: 'demo/slow' }));
});

describe('where browsers run trusted operations only', () => {
  it.each<Record<string, string>>([{ origin: PAGE }, { 'sec-fetch-site': 'same-origin' }])(
    'a page does not get in by another door: %o',
    async (headers) => {
      const answers = await Promise.all([
        run(gateway(), 'greet', {}, { headers }),
        ask(gateway(), '/v1/openapi.json', undefined, { headers }),
      ]);
      for (const { status, body } of answers)
        expect({ status, code: body.errors[0].code }).toEqual({ status: 403, code: 'OPERATION_NOT_TRUSTED' });
    },
  );

  it('a program does', async () => {
    expect((await run(gateway(), 'greet', {})).status).toBe(200);
    expect((await ask(gateway(), '/v1/openapi.json', undefined)).status).toBe(200);
  });
});

describe('a page of another origin', () => {
  const preflight = (origin: string) =>
    fetch(new URL(pathOf('greet'), gateway().url), { method: 'OPTIONS', headers: { origin } });

  it('is told what it may send where it is allowed', async () => {
    const { status, headers } = await preflight(PAGE);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(headers.get('access-control-allow-headers')).toMatch(/authorization.*idempotency-key/);
    const answer = await run(gateway(), 'greet', {}, { headers: { origin: PAGE } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(answer.headers.get('access-control-expose-headers')).toMatch(/x-ratelimit-remaining-requests/);
  });

  it('is told nothing where it is not', async () => {
    const { headers } = await preflight('https://evil.example.com');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('a request that takes too long', () => {
  it('is ended, and its completion with it', async () => {
    const tag = { key: 'case', value: 'late' };
    const { status, body } = await run(gateway(), 'talk', { tags: [tag] });
    expect({ status, code: body.errors[0].code }).toEqual({ status: 504, code: 'OPERATION_TIMEOUT' });
    expect((await waitForCompletion(gateway(), tag)).status).toBe('CANCELLED');
  });

  it('may take longer as a stream', async () => {
    const wish = { stream: true, params: { maxOutputTokens: 50 } };
    const events = await allEvents(await send(gateway(), pathOf('talk'), wish));
    expect(events.at(-1)!.event).toBe('finished');
  });
});

describe('under load', () => {
  const refuses = () => gateway().gateway.pressure.findRefusal('INTERACTIVE') !== undefined;
  const become = async (to: typeof CALM, expected: boolean) => {
    readings = to;
    while (refuses() !== expected) await wait(20);
  };
  afterEach(() => become(CALM, false));

  it('new requests are refused before they are looked at', async () => {
    await become({ ...CALM, loopDelayMs: 1_000_000 }, true);
    const { status, headers, body } = await run(gateway(), 'greet', '{"no JSON', { key: null });
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body.errors[0]).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) });
  });
});
