import { hash, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { RateLimited, Unauthenticated } from '../domain/errors.ts';
import type { Credentials, Principal } from '../domain/principal.ts';
import { atMost } from '../lib/at-most.ts';
import { newId } from '../lib/ids.ts';
import { networkOf } from '../lib/ip-address.ts';
import type { LimitStore } from './store.ts';

/** Of an address that is throttled, so many unknown credentials wait for their turn to be looked at. */
const MAX_WAITING = 16;
const MAX_ADDRESSES = 10_000;
const MAX_GOOD = 50_000;

export interface Authenticating {
  authenticate(credentials: Credentials): Promise<Principal>;
}

/** An address that has shown too many wrong credentials. */
interface Throttled {
  untilMs: number;
  waiting: number;
  turn: Promise<unknown>;
}

/**
 * Counts wrong credentials by address. Past the limit a wrong one is answered with RateLimited, and a right one still
 * works, since many people may share the address: one that worked here before at once, others one at a time, so that
 * guessing cannot keep the database busy.
 * @throws RateLimited with when to try again.
 */
export function throttleFailures(
  authenticator: Authenticating,
  options: { store: LimitStore; maxPerMinute: number; monotonicMs(): number },
): Authenticating['authenticate'] {
  const { store, maxPerMinute, monotonicMs } = options;
  const throttled = new LRUCache<string, Throttled>(atMost(MAX_ADDRESSES));
  // By hash, so that no secret stays in memory.
  const salt = randomUUID();
  const good = new LRUCache<string, true>(atMost(MAX_GOOD));

  async function countFailure(address: string): Promise<void> {
    const draw = {
      key: `failed-credentials ${address}`,
      kind: 'window',
      max: maxPerMinute,
      amount: 1,
    } as const;
    const { taken, levels } = await store.take(newId('lease'), [draw]);
    if (taken) return;
    const untilMs = monotonicMs() + (levels[0]?.waitMs ?? 0);
    const known = throttled.get(address);
    if (known) known.untilMs = untilMs;
    else throttled.set(address, { untilMs, waiting: 0, turn: Promise.resolve() });
    throw refusal(untilMs);
  }

  function refusal(untilMs: number): RateLimited {
    const message = 'too many wrong credentials came from this address; try again later';
    return new RateLimited(message, { retryAfterMs: Math.max(1, Math.ceil(untilMs - monotonicMs())) });
  }

  async function attempt(credentials: Credentials, address: string, digest: string): Promise<Principal> {
    try {
      const who = await authenticator.authenticate(credentials);
      good.set(digest, true);
      return who;
    } catch (error) {
      if (!(error instanceof Unauthenticated)) throw error;
      good.delete(digest);
      await countFailure(address);
      throw error;
    }
  }

  async function takeTurn(state: Throttled, work: () => Promise<Principal>): Promise<Principal> {
    if (state.waiting >= MAX_WAITING) throw refusal(state.untilMs);
    state.waiting += 1;
    try {
      const mine = state.turn.then(work);
      state.turn = mine.catch(() => {});
      return await mine;
    } finally {
      state.waiting -= 1;
    }
  }

  return async (credentials) => {
    // Who shows nothing guesses nothing.
    if (credentials.authorization === undefined) return authenticator.authenticate(credentials);
    const address = networkOf(credentials.ip);
    const digest = hash('sha256', salt + credentials.authorization);
    const state = throttled.get(address);
    const isThrottled = state !== undefined && monotonicMs() < state.untilMs;
    if (!isThrottled || good.has(digest)) return attempt(credentials, address, digest);
    return takeTurn(state, () => attempt(credentials, address, digest));
  };
}
