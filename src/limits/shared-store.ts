import { createMemoryStore } from './memory-store.ts';
import { createRedisStore, type RedisStore, type RedisStoreOptions } from './redis-store.ts';
import { MINUTE_MS, type Correction, type Draw, type Outcome } from './store.ts';

const BEAT_MS = 1_000;
const START_WITHIN_MS = 1_000;
const CHUNK = 1_000;

/** What was taken, to be settled once. */
export interface Receipt {
  lease: string;
  draws: readonly Draw[];
  localSlot: number;
  /** Undefined when Redis knows nothing of it. */
  redisSlot: number | undefined;
}

export interface LimitStore {
  /** Takes from all or from none. Never rejects, and adds at most the time in which Redis has to answer. */
  take(lease: string, draws: readonly Draw[]): Promise<Outcome & { receipt: Receipt | undefined }>;
  peek(draws: readonly Draw[]): Promise<Outcome>;
  /** @param byKey how much more, or less when below 0, it was than taken. All places are given back. */
  settle(receipt: Receipt, byKey: ReadonlyMap<string, number>): Promise<void>;
  close(): void;
}

export interface LimitStoreOptions {
  monotonicMs(): number;
  /** Undefined: this process is alone. */
  redis: Omit<RedisStoreOptions, 'minuteMs'> | undefined;
  /** Hears that Redis is gone, and that it is back. */
  onChange(isUp: boolean): void;
  minuteMs?: number;
}

/**
 * Limits of one process in memory, or of several in Redis. While Redis is gone each instance lets through its share: the
 * limit by the instances that there were, at least one. To know what of its share is used it counts for itself what Redis
 * lets it have; and what it lets through alone it tells Redis when that is back.
 */
export async function openLimitStore(options: LimitStoreOptions): Promise<LimitStore> {
  const { monotonicMs, minuteMs = MINUTE_MS, onChange } = options;
  const redis = options.redis && createRedisStore({ ...options.redis, minuteMs });
  const local = createMemoryStore(monotonicMs, minuteMs);
  let owed = createMemoryStore(monotonicMs, minuteMs);
  let instances = 1;
  let up: RedisStore | undefined;
  let beating = false;

  function lose(): void {
    if (!up) return;
    up = undefined;
    onChange(false);
  }

  /** Asks Redis while it is there. */
  async function orLocally<T>(ask: (store: RedisStore) => Promise<T>, locally: () => T): Promise<T> {
    if (!up) return locally();
    try {
      return await ask(up);
    } catch {
      lose();
      return locally();
    }
  }

  function shareOf(draws: readonly Draw[]): Draw[] {
    return draws.map((draw) => ({ ...draw, max: Math.max(1, Math.floor(draw.max / instances)) }));
  }

  function takeLocally(lease: string, draws: readonly Draw[]) {
    const outcome = local.take(lease, redis ? shareOf(draws) : draws);
    if (!outcome.taken) return { ...outcome, receipt: undefined };
    if (redis) owed.add(lease, draws.filter(isWindow));
    return { ...outcome, receipt: { lease, draws, localSlot: outcome.slot, redisSlot: undefined } };
  }

  async function beat(): Promise<void> {
    if (!redis || beating) return;
    beating = true;
    try {
      const found = await redis.beat();
      instances = found.instances;
      await redis.renew(local.places());
      if (!up) await comeBack(redis, found.known);
    } catch {
      lose();
    } finally {
      beating = false;
    }
  }

  /** A Redis that does not know us any more has forgotten, or we have been away so long, that all we know is news to it. */
  async function comeBack(store: RedisStore, known: boolean): Promise<void> {
    const sums = (known ? owed : local).sums();
    const debts = sums.filter(([, by]) => by > 0).map(([key, by]): Correction => ({ key, slot: 0, by }));
    for (let from = 0; from < debts.length; from += CHUNK)
      await store.settle('', debts.slice(from, from + CHUNK), []);
    owed = createMemoryStore(monotonicMs, minuteMs);
    up = store;
    onChange(true);
  }

  const timer = redis && setInterval(() => void beat(), BEAT_MS);
  timer?.unref();
  if (redis) await reachWithin(beat, () => up !== undefined, START_WITHIN_MS);
  return {
    take: (lease, draws) =>
      orLocally(
        async (store): ReturnType<LimitStore['take']> => {
          const outcome = await store.take(lease, draws);
          if (!outcome.taken) return { ...outcome, receipt: undefined };
          const receipt = { lease, draws, localSlot: local.add(lease, draws), redisSlot: outcome.slot };
          return { ...outcome, receipt };
        },
        () => takeLocally(lease, draws),
      ),
    peek: (draws) =>
      orLocally(
        (store) => store.take('', draws, true),
        () => local.peek(redis ? shareOf(draws) : draws),
      ),
    async settle({ lease, draws, localSlot, redisSlot }, byKey) {
      const corrections = [...byKey].map(([key, by]): Correction => ({ key, slot: localSlot, by }));
      local.correct(corrections);
      local.release(lease);
      await orLocally(
        // What Redis was only told of afterwards stands in another slot there, so nothing of it is given back.
        (store) => {
          const there = corrections
            .map((each) => ({ ...each, slot: redisSlot ?? 0 }))
            .filter(({ by }) => redisSlot !== undefined || by > 0);
          const places = draws.filter((draw) => !isWindow(draw)).map(({ key }) => key);
          return store.settle(lease, there, places);
        },
        () => owed.correct(corrections.filter(({ by }) => redisSlot === undefined || by > 0)),
      );
    },
    close() {
      clearInterval(timer);
      redis?.close();
    },
  };
}

function isWindow({ kind }: Draw): boolean {
  return kind === 'window';
}

/** Tries until it is reached, or the time is over: a start does not fail for want of Redis. */
async function reachWithin(
  attempt: () => Promise<void>,
  isReached: () => boolean,
  ms: number,
): Promise<void> {
  const late = AbortSignal.timeout(ms);
  for (;;) {
    await attempt();
    if (isReached() || late.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
