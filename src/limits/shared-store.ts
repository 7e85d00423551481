import { MemoryStore } from './memory-store.ts';
import { LastSeen } from './last-seen.ts';
import { openRedisLink } from './redis-link.ts';
import { createRedisStore, type RedisStore, type RedisStoreOptions } from './redis-store.ts';
import type { Correction, Draw, LimitStore, Outcome, Receipt } from './store.ts';

const CHUNK = 1_000;

export interface SharedStoreOptions extends RedisStoreOptions {
  monotonicMs(): number;
  /** Hears that Redis is gone, and that it is back. */
  onChange(isUp: boolean): void;
}

/**
 * Limits that several instances share in Redis. While that is gone each instance lets through its share: the limit by the
 * instances that there were, at least one, and in the first minute no more than its part of what was left. To know what
 * of its share is used it counts for itself what Redis lets it have; and what it lets through alone it tells Redis when
 * that is back.
 */
export async function openSharedStore(options: SharedStoreOptions): Promise<LimitStore> {
  const redis = createRedisStore(options);
  const memory = new InstanceMemory(options);
  const link = await openRedisLink(redis, {
    beat: () => redis.renew(memory.local.places.list()),
    back: (known) => memory.handOver(redis, known),
    change: options.onChange,
  });
  return {
    take: (lease, draws) =>
      link.ask(
        async (store): ReturnType<LimitStore['take']> => {
          const outcome = await store.take(lease, draws);
          const localSlot = memory.heard(lease, draws, outcome);
          const receipt = { lease, draws, localSlot, redisSlot: outcome.slot };
          return { ...outcome, receipt: outcome.taken ? receipt : undefined };
        },
        () => toTaken(memory.takeAlone(lease, draws, link.instances()), lease, draws),
      ),
    peek: (draws) =>
      link.ask(
        (store) => store.take('', draws, true),
        () => memory.peekAlone(draws, link.instances()),
      ),
    async settle(receipt, byKey) {
      const there = memory.settle(receipt, byKey);
      await link.ask(
        (store) => store.settle(receipt.lease, there, placesOf(receipt)),
        () => memory.owe(receipt, byKey),
      );
    },
    close: () => link.close(),
  };
}

/** What this instance has let through, and what of that Redis does not know. */
class InstanceMemory {
  readonly local: MemoryStore;
  #owed: MemoryStore;
  readonly #lastSeen: LastSeen;
  readonly #options: SharedStoreOptions;

  constructor(options: SharedStoreOptions) {
    this.#options = options;
    this.local = new MemoryStore(options.monotonicMs, options.minuteMs);
    this.#owed = this.#nothing();
    this.#lastSeen = new LastSeen(options.monotonicMs, options.minuteMs);
  }

  /** @returns the slot in which it stands here, when it was taken. */
  heard(lease: string, draws: readonly Draw[], { taken, levels }: Outcome): number {
    const slot = taken ? this.local.add(lease, draws) : 0;
    for (const [at, draw] of draws.entries()) this.#lastSeen.note(draw, levels[at]!, this.local.used(draw));
    return slot;
  }

  takeAlone(lease: string, draws: readonly Draw[], instances: number): Outcome {
    const outcome = this.local.take(lease, this.#sharesOf(draws, instances));
    if (outcome.taken) this.#owed.add('', draws.filter(isWindow));
    return outcome;
  }

  peekAlone(draws: readonly Draw[], instances: number): Outcome {
    return this.local.peek(this.#sharesOf(draws, instances));
  }

  /** @returns what is to be corrected in Redis: what that heard of later stands in another slot, and is not given back. */
  settle(receipt: Receipt, byKey: ReadonlyMap<string, number>): Correction[] {
    const { lease, localSlot, redisSlot } = receipt;
    this.local.correct(toCorrections(byKey, localSlot));
    this.local.places.release(lease, placesOf(receipt));
    return toCorrections(byKey, redisSlot ?? 0).filter(({ by }) => redisSlot !== undefined || by > 0);
  }

  /** Redis was not there to hear of a correction. */
  owe({ localSlot, redisSlot }: Receipt, byKey: ReadonlyMap<string, number>): void {
    const corrections = toCorrections(byKey, localSlot);
    this.#owed.correct(corrections.filter(({ by }) => redisSlot === undefined || by > 0));
  }

  /** A Redis that does not know us any more has forgotten all, or so much time has passed that all we know is news to it. */
  async handOver(redis: RedisStore, known: boolean): Promise<void> {
    const sums = (known ? this.#owed : this.local).sums().filter(([, sum]) => sum > 0);
    const debts = toCorrections(new Map(sums), 0);
    for (let from = 0; from < debts.length; from += CHUNK)
      await redis.settle('', debts.slice(from, from + CHUNK), []);
    this.#owed = this.#nothing();
  }

  #sharesOf(draws: readonly Draw[], instances: number): Draw[] {
    return draws.map((draw) => ({ ...draw, max: this.#lastSeen.shareOf(draw, instances) }));
  }

  #nothing(): MemoryStore {
    return new MemoryStore(this.#options.monotonicMs, this.#options.minuteMs);
  }
}

/** Limits of a process that is alone. */
export function createLocalStore(monotonicMs: () => number, minuteMs: number): LimitStore {
  const store = new MemoryStore(monotonicMs, minuteMs);
  return {
    take: async (lease, draws) => toTaken(store.take(lease, draws), lease, draws),
    peek: async (draws) => store.peek(draws),
    async settle(receipt, byKey) {
      store.correct(toCorrections(byKey, receipt.localSlot));
      store.places.release(receipt.lease, placesOf(receipt));
    },
    close() {},
  };
}

function toTaken(outcome: Outcome, lease: string, draws: readonly Draw[]) {
  const receipt: Receipt = { lease, draws, localSlot: outcome.slot, redisSlot: undefined };
  return { ...outcome, receipt: outcome.taken ? receipt : undefined };
}

function toCorrections(byKey: ReadonlyMap<string, number>, slot: number): Correction[] {
  return [...byKey].map(([key, by]) => ({ key, slot, by }));
}

function placesOf({ draws }: Receipt): string[] {
  return draws.filter((draw) => !isWindow(draw)).map(({ key }) => key);
}

function isWindow({ kind }: Draw): boolean {
  return kind === 'window';
}
