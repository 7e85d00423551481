import { Redis } from 'ioredis';
import { BEAT, RENEW, SETTLE, TAKE } from './scripts.ts';
import type { Correction, Draw, Level, Outcome } from './store.ts';

/** What nobody waits for may take longer, so that a slow Redis is not taken for one that is back. */
const BEAT_WITHIN_MS = 500;
/** Places of an instance that died are free after this. */
const LEASE_MS = 15_000;
const INSTANCE_LIVES_MS = 5_000;
const CHUNK = 1_000;
const MAX_RETRY_MS = 1_000;

/** Limits that several instances share. Everything rejects when Redis does not answer in time. */
export interface RedisStore {
  take(lease: string, draws: readonly Draw[], onlyLook?: boolean): Promise<Outcome>;
  /** Corrects amounts and gives the places of a lease back. */
  settle(lease: string, corrections: readonly Correction[], places: readonly string[]): Promise<void>;
  /** Keeps places alive. */
  renew(places: readonly (readonly [key: string, lease: string])[]): Promise<void>;
  /** Says that this instance lives. @returns whether Redis knows what it has drawn, and how many there are. */
  beat(): Promise<{ known: boolean; instances: number }>;
  /** Calls when the connection is there, and when it is lost. */
  watch(on: { ready(): void; lost(): void }): void;
  close(): void;
}

type Call = (keyCount: number, ...args: (string | number)[]) => Promise<unknown>;
interface Scripts {
  limitTake: Call;
  limitSettle: Call;
  limitBeat: Call;
}

export interface RedisStoreOptions {
  redisUrl: string;
  instanceId: string;
  minuteMs: number;
  /** A request waits no longer for Redis than this. */
  answerWithinMs: number;
  /** In front of every key. */
  prefix: string;
}

export function createRedisStore(options: RedisStoreOptions): RedisStore {
  const { redisUrl, instanceId, minuteMs, answerWithinMs, prefix } = options;
  const redis = new Redis(redisUrl, {
    keyPrefix: prefix,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A frozen Redis takes connections and says nothing.
    connectTimeout: BEAT_WITHIN_MS,
    retryStrategy: (attempt) => Math.min(attempt * 50, MAX_RETRY_MS),
    scripts: {
      limitTake: { lua: TAKE },
      limitSettle: { lua: SETTLE },
      limitBeat: { lua: BEAT },
    },
  });
  // Whoever asks is told by a rejection.
  redis.on('error', () => {});
  const scripts = redis as unknown as Scripts;

  return {
    async take(lease, draws, onlyLook = false) {
      const keys = draws.map(({ key }) => key);
      const wanted = draws.flatMap(({ kind, max, amount }) => [kind, max, amount]);
      const head = [minuteMs, lease, LEASE_MS, onlyLook ? 1 : 0];
      const answer = scripts.limitTake(keys.length, ...keys, ...head, ...wanted);
      return toOutcome((await within(answer, answerWithinMs)) as number[]);
    },
    async settle(lease, corrections, places) {
      const keys = [...corrections.map(({ key }) => key), ...places];
      if (keys.length === 0) return;
      const each = [...corrections.flatMap(({ slot, by }) => [slot, by]), ...places.flatMap(() => ['', 0])];
      await within(scripts.limitSettle(keys.length, ...keys, minuteMs, lease, ...each), answerWithinMs);
    },
    async renew(places) {
      const chunks = Array.from({ length: Math.ceil(places.length / CHUNK) }, (_, at) =>
        places.slice(at * CHUNK, (at + 1) * CHUNK),
      );
      // All are sent at once, so before any place is given back that stands among them; else that would be taken again.
      await Promise.all(
        chunks.map((some) => {
          const keys = some.map(([key]) => key);
          const leases = some.map(([, lease]) => lease);
          // By its text and not its hash: one that Redis does not know yet would be sent again, behind what came meanwhile.
          const renewed = redis.call('EVAL', RENEW, keys.length, ...keys, minuteMs, LEASE_MS, ...leases);
          return within(renewed, BEAT_WITHIN_MS);
        }),
      );
    },
    async beat() {
      const keys = ['instances', `instance ${instanceId}`];
      const answer = scripts.limitBeat(2, ...keys, minuteMs, instanceId, INSTANCE_LIVES_MS);
      const [known, instances] = (await within(answer, BEAT_WITHIN_MS)) as [number, number];
      return { known: known === 1, instances };
    },
    watch: (on) => void redis.on('ready', on.ready).on('close', on.lost),
    close: () => redis.disconnect(),
  };
}

function toOutcome([taken, slot, ...rest]: number[]): Outcome {
  const levels: Level[] = [];
  for (let at = 0; at < rest.length; at += 3) {
    const [remaining, waitMs, resetMs] = rest.slice(at, at + 3) as [number, number, number];
    levels.push({ remaining, waitMs: orUndefined(waitMs), resetMs: orUndefined(resetMs) });
  }
  return { taken: taken === 1, levels, slot: slot! };
}

function orUndefined(ms: number): number | undefined {
  return ms < 0 ? undefined : ms;
}

/** An answer that has come but was not read yet, because this process was busy, is not late. */
async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => setImmediate(() => late.reject(new Error(`Redis did not answer within ${ms} ms`))),
    ms,
  );
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
