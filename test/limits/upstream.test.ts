import { afterAll, afterEach, expect, it } from 'vitest';
import { completionOf, create, say, type CompletionData } from '../completion/support/completions.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { useGateway } from '../support/gateway.ts';
import { findUpstream, waitForUpstream } from './support/upstreams.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
afterEach(() => {
  vendor.headers = {};
  vendor.refusal = undefined;
});
const CALLS = 8;
const gateway = useGateway({
  config: {
    providers: [vendor.config],
    limits: { ...DEFAULTS.limits, upstreamCalls: CALLS, queue: { length: 100, waitMs: 60_000 } },
  },
});
const ask = () => create(gateway(), say('vendor/model'));
const windowOf = async () => (await findUpstream(gateway()))?.window;

/** So many calls at a time, all of which the vendor has before it answers the first. */
async function askTogether(count: number, firstWordMs = 0): Promise<CompletionData[]> {
  const answers = Promise.all(Array.from({ length: count }, ask));
  const calls = [];
  for (let i = 0; i < count; i += 1) calls.push(await vendor.nextCall());
  await new Promise((resolve) => setTimeout(resolve, firstWordMs));
  for (const call of calls) {
    call.say('Hi');
    call.finish();
  }
  return (await answers).map(completionOf);
}

it('a vendor that never refuses is never held back', async () => {
  for (let round = 0; round < 3; round += 1) await askTogether(CALLS);
  expect(await findUpstream(gateway())).toEqual({
    model: 'vendor/model',
    window: CALLS,
    inFlight: 0,
    queued: 0,
    pausedMs: 0,
  });
});

it('first words that come late make the window smaller, and it grows again when they come in time', async () => {
  for (let round = 0; round < 8 && (await windowOf()) === CALLS; round += 1) await askTogether(CALLS, 400);
  expect(await windowOf()).toBeLessThan(CALLS);
  while ((await windowOf())! < CALLS) await askTogether((await windowOf())!);
});

it('what the vendor says that it still takes is all that is under way at a time', async () => {
  vendor.headers = { 'x-ratelimit-remaining-requests': '2', 'x-ratelimit-reset-requests': '1h0m0s' };
  await askTogether(1);
  expect(await windowOf()).toBe(2);
  vendor.headers = { 'x-ratelimit-remaining-requests': '4999', 'x-ratelimit-reset-requests': '12ms' };
  await askTogether(1);
  expect(await windowOf()).toBe(CALLS);
});

it('nothing is called while the vendor says that nothing is left', async () => {
  vendor.headers = { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '2s' };
  await askTogether(1);
  vendor.headers = {};
  const before = vendor.calls;
  const waiting = askTogether(1);
  expect(await waitForUpstream(gateway(), ({ queued }) => queued === 1)).toMatchObject({ inFlight: 0 });
  expect(vendor.calls).toBe(before);
  expect(await waiting).toMatchObject([{ status: 'SUCCEEDED' }]);
});

it('refusals make the window smaller once for all of them, and what waits is called when the vendor wants it', async () => {
  vendor.refusal = 429;
  vendor.headers = { 'retry-after': '3' };
  const before = vendor.calls;
  const refused = await Promise.all(Array.from({ length: CALLS }, ask));
  expect(refused.map(({ errors }) => errors[0])).toEqual(
    Array.from({ length: CALLS }, () => expect.objectContaining({ code: 'RATE_LIMITED' })),
  );
  // One of them may have come so late that it had to wait; then it is among the calls of the next round.
  expect(vendor.calls - before).toBe(CALLS);
  vendor.refusal = undefined;
  vendor.headers = {};
  const waiting = askTogether(1);
  const upstream = await waitForUpstream(gateway(), ({ queued }) => queued === 1);
  expect(upstream.pausedMs).toBeGreaterThan(0);
  expect(upstream.window).toBeLessThan(CALLS);
  expect(upstream.window).toBeGreaterThanOrEqual(1);
  expect(vendor.calls - before).toBe(CALLS);
  expect(await waiting).toMatchObject([{ status: 'SUCCEEDED', attempts: [{ status: 'OK' }] }]);
  while ((await windowOf())! < CALLS) await askTogether((await windowOf())!);
});

it('a vendor that wants to be left alone for longer than anybody may wait is not waited for', async () => {
  vendor.refusal = 503;
  vendor.headers = { 'retry-after': '7200' };
  await ask();
  const before = vendor.calls;
  const { completion, errors } = await ask();
  expect(completion).toBeNull();
  expect(errors).toMatchObject([
    { code: 'RATE_LIMITED', message: expect.stringContaining('as its provider asked') },
  ]);
  expect(errors[0]?.retryAfterMs).toBeGreaterThan(60_000);
  expect(vendor.calls).toBe(before);
});
