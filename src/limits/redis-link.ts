import { sleep } from '../lib/abort.ts';
import type { RedisStore } from './redis-store.ts';

const BEAT_MS = 1_000;
const START_WITHIN_MS = 1_000;
const LOOK_AGAIN_MS = 20;

/** Redis, as long as it answers. */
export interface RedisLink {
  /** Asks Redis while it is there; as soon as it fails nobody waits for it any more, until it is back. */
  ask<T>(work: (redis: RedisStore) => Promise<T>, without: () => T): Promise<T>;
  /** How many there are, or were when Redis was last there; at least this one. */
  instances(): number;
  close(): void;
}

/**
 * Says in the background that this instance lives, and finds out by that whether Redis does.
 * @param on.beat keeps alive in Redis what has to be.
 * @param on.back hands over what happened meanwhile, before anybody asks again; `known` tells whether Redis remembers what
 * it had been told before.
 */
export async function openRedisLink(
  redis: RedisStore,
  on: {
    beat(): Promise<void>;
    back(known: boolean): Promise<void>;
    change(isUp: boolean): void;
  },
): Promise<RedisLink> {
  let instances = 1;
  let isUp = false;
  let isBeating = false;
  let lost = 0;
  // Until it is told all anew: its next answer only says that it knows us, which it does from the first one on.
  let hasForgotten = false;
  let isClosed = false;

  function lose(): void {
    if (isUp && !isClosed) on.change(false);
    isUp = false;
    lost += 1;
  }

  async function beat(): Promise<void> {
    if (isBeating || isClosed) return;
    isBeating = true;
    const lostBefore = lost;
    try {
      const found = await redis.beat();
      instances = found.instances;
      hasForgotten ||= !found.known;
      await on.beat();
      if (isUp && !hasForgotten) return;
      await on.back(!hasForgotten);
      hasForgotten = false;
      // Lost meanwhile, it may be another one by now.
      if (isUp || lost !== lostBefore) return;
      isUp = true;
      on.change(true);
    } catch {
      lose();
    } finally {
      isBeating = false;
    }
  }

  // One that comes back may have lost everything: it is not asked before it was told what it should know.
  redis.watch({ ready: () => void beat(), lost: lose });
  // A start does not fail, and waits only a little, for want of Redis.
  const late = AbortSignal.timeout(START_WITHIN_MS);
  for (await beat(); !isUp && !late.aborted; await beat()) await sleep(LOOK_AGAIN_MS, late).catch(() => {});
  if (!isUp) on.change(false);
  const timer = setInterval(() => void beat(), BEAT_MS);
  return {
    async ask(work, without) {
      if (!isUp) return without();
      try {
        return await work(redis);
      } catch {
        lose();
        return without();
      }
    },
    instances: () => instances,
    close() {
      isClosed = true;
      clearInterval(timer);
      redis.close();
    },
  };
}
