import type { Outcome } from '../../../src/domain/completion.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import { NOTHING_USED, withoutWork } from '../../../src/domain/outcome.ts';
import type { Priority } from '../../../src/domain/priority.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { Turn } from '../../../src/limits/upstream/gate.ts';
import { createUpstreams } from '../../../src/limits/upstream/upstreams.ts';
import type { UpstreamLimits } from '../../../src/limits/upstream/upstream.ts';

const MODEL = 'vendor/model';

/** How a request went, in virtual milliseconds. */
export interface Served {
  keyId: string;
  priority: Priority;
  waitedMs: number;
  /** From the ask to the end of the answer. */
  tookMs: number;
  end: 'ANSWERED' | 'REFUSED_BY_VENDOR' | 'REFUSED_HERE';
}

export interface VirtualVendor {
  /** Calls that it takes at a time; one more is refused, or slows all of them down. */
  capacity: number;
  overload: 'refuse' | 'slow';
  inFlight: number;
}

export interface World {
  vendor: VirtualVendor;
  /** Every request that is over. */
  served: Served[];
  ask(keyId: string, options?: { priority?: Priority; tokens?: number }): Promise<Served>;
  window(): number;
  queued(): number;
  random(): number;
}

/** The real queue and window before a vendor that exists in virtual time only: fake timers must be on. */
export function createWorld(limits: UpstreamLimits, seed: number): World {
  const upstreams = createUpstreams(limits, systemClock);
  const vendor: VirtualVendor = { capacity: Infinity, overload: 'refuse', inFlight: 0 };
  const random = createRandom(seed);
  const served: Served[] = [];
  const never = new AbortController().signal;
  const state = () => upstreams.list('vendor')[0];

  async function call(turn: Turn): Promise<Outcome> {
    if (vendor.inFlight >= vendor.capacity && vendor.overload === 'refuse') {
      await passed(20);
      return outcomeOf({ httpStatus: 429 });
    }
    vendor.inFlight += 1;
    const slowness = Math.max(1, vendor.inFlight / vendor.capacity);
    const firstTokenMs = (100 + 100 * random()) * slowness;
    await passed(firstTokenMs);
    turn.accepted();
    await passed(400 + 800 * random());
    vendor.inFlight -= 1;
    return outcomeOf({ firstTokenMs });
  }
  async function ask(
    keyId: string,
    { priority = 'INTERACTIVE', tokens = 1_000 }: Parameters<World['ask']>[1] = {},
  ) {
    const begunMs = performance.now();
    const result: Served = { keyId, priority, waitedMs: 0, tookMs: 0, end: 'REFUSED_HERE' };
    try {
      const turn = await upstreams.enter(MODEL, { keyId, priority, tokens }, never);
      result.waitedMs = performance.now() - begunMs;
      const outcome = await call(turn);
      turn.end(outcome);
      result.end = outcome.status === 'SUCCEEDED' ? 'ANSWERED' : 'REFUSED_BY_VENDOR';
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
    }
    result.tookMs = performance.now() - begunMs;
    served.push(result);
    return result;
  }
  return {
    vendor,
    served,
    ask,
    random,
    window: () => state()?.window ?? limits.upstreamCalls,
    queued: () => state()?.queued ?? 0,
  };
}

/** Waits in virtual time. */
export function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What a call came to: an answer, or the status that it was refused with. */
export function outcomeOf(call: {
  firstTokenMs?: number;
  httpStatus?: number;
  retryAfterMs?: number;
}): Outcome {
  const { httpStatus = 200, firstTokenMs, retryAfterMs } = call;
  const isOk = httpStatus === 200;
  const failure = { reason: 'FAILED', code: 'RATE_LIMITED', message: 'slow down', retryAfterMs } as const;
  const called = { index: 0, provider: 'vendor', model: MODEL, errorType: undefined, latencyMs: 1 };
  const attempt = { ...called, firstTokenMs, usage: NOTHING_USED, costNanos: 0n };
  return {
    ...withoutWork('FAILED', failure),
    status: isOk ? 'SUCCEEDED' : 'FAILED',
    failure: isOk ? undefined : failure,
    attempts: [{ ...attempt, httpStatus, status: isOk ? 'OK' : 'RATE_LIMITED' }],
    firstTokenMs,
  };
}

/** The value below which this share of them is. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Numbers from 0 to 1, the same for the same seed: a linear congruential generator (Numerical Recipes). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
