import { LRUCache } from 'lru-cache';
import { SLOTS, type Correction, type Draw, type Level, type Outcome } from './store.ts';
import { Window } from './window.ts';

/** Who invents end users or addresses pushes out the windows that were drawn on longest ago, never those of their own key. */
const MAX_WINDOWS = 100_000;

/** What this process has let through. */
export interface MemoryStore {
  /** Takes from all or from none. */
  take(lease: string, draws: readonly Draw[]): Outcome;
  /** What `take` would answer. */
  peek(draws: readonly Draw[]): Outcome;
  /**
   * Counts what was decided elsewhere, whether or not it fits.
   * @returns the slot in which it stands.
   */
  add(lease: string, draws: readonly Draw[]): number;
  correct(corrections: readonly Correction[]): void;
  /** Gives all places of a lease back. */
  release(lease: string): void;
  /** Every place that is taken: its key and its lease. */
  places(): [key: string, lease: string][];
  /** What stands in each window now. */
  sums(): [key: string, sum: number][];
}

/** @param nowMs of a clock that never goes back. */
export function createMemoryStore(nowMs: () => number, minuteMs: number): MemoryStore {
  const slotMs = minuteMs / SLOTS;
  const windows = new LRUCache<string, Window>({ max: MAX_WINDOWS });
  const held = new Map<string, number>();
  const leases = new Map<string, string[]>();
  const slotNow = () => Math.floor(nowMs() / slotMs);
  /** What stands in a slot leaves one minute after the slot's end. */
  const untilGone = (slot: number) => Math.ceil((slot + SLOTS + 1) * slotMs - nowMs());

  function levelOf({ key, kind, max, amount }: Draw, slot: number): Level {
    if (kind === 'slots') {
      const remaining = Math.max(0, max - (held.get(key) ?? 0));
      return { remaining, waitMs: amount <= remaining ? 0 : undefined, resetMs: undefined };
    }
    const window = windows.get(key) ?? new Window();
    const used = window.sum(slot);
    const slotThatMakesRoom = amount <= max ? window.slotThatFrees(used + amount - max) : undefined;
    const wait = slotThatMakesRoom === undefined ? undefined : untilGone(slotThatMakesRoom);
    const last = window.slotThatFrees(used);
    return {
      remaining: Math.max(0, max - used),
      waitMs: used + amount <= max ? 0 : wait,
      resetMs: used === 0 || last === undefined ? 0 : untilGone(last),
    };
  }

  function look(draws: readonly Draw[], slot: number): Outcome {
    const levels = draws.map((draw) => levelOf(draw, slot));
    return { taken: levels.every(({ waitMs }) => waitMs === 0), levels, slot };
  }

  function add(lease: string, draws: readonly Draw[], slot: number): void {
    for (const { key, kind, amount } of draws) {
      if (kind === 'slots') {
        held.set(key, (held.get(key) ?? 0) + 1);
        leases.set(lease, [...(leases.get(lease) ?? []), key]);
      } else {
        const window = windows.get(key) ?? new Window();
        window.sum(slot);
        window.add(slot, amount);
        windows.set(key, window);
      }
    }
  }

  return {
    take(lease, draws) {
      const slot = slotNow();
      const found = look(draws, slot);
      if (!found.taken) return found;
      add(lease, draws, slot);
      const levels = found.levels.map((level, at) => afterTaking(level, draws[at]!, untilGone(slot)));
      return { ...found, levels };
    },
    peek: (draws) => look(draws, slotNow()),
    add(lease, draws) {
      const slot = slotNow();
      add(lease, draws, slot);
      return slot;
    },
    correct(corrections) {
      for (const { key, slot, by } of corrections) {
        if (by > 0) add('', [{ key, kind: 'window', max: 0, amount: by }], slotNow());
        else windows.get(key)?.giveBack(slot, -by);
      }
    },
    release(lease) {
      for (const key of leases.get(lease) ?? []) {
        const left = (held.get(key) ?? 0) - 1;
        if (left > 0) held.set(key, left);
        else held.delete(key);
      }
      leases.delete(lease);
    },
    places: () => [...leases].flatMap(([lease, keys]) => keys.map((key): [string, string] => [key, lease])),
    sums() {
      const slot = slotNow();
      return [...windows].map(([key, window]): [string, number] => [key, window.sum(slot)]);
    },
  };
}

/** The level that a draw leaves behind. */
function afterTaking({ remaining, resetMs }: Level, { kind, amount }: Draw, goneMs: number): Level {
  const last = kind === 'window' && amount > 0 ? goneMs : resetMs;
  return { remaining: remaining - amount, waitMs: 0, resetMs: last };
}
