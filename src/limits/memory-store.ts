import { LRUCache } from 'lru-cache';
import { atMost } from '../lib/at-most.ts';
import { Places } from './places.ts';
import { SLOTS, type Correction, type Draw, type Level, type Outcome } from './store.ts';
import { Window } from './window.ts';

/** Who invents end users or addresses pushes out the windows that were drawn on longest ago, never those of their own key. */
const MAX_WINDOWS = 100_000;

/** What this process has let through. */
export class MemoryStore {
  readonly places = new Places();
  readonly #windows = new LRUCache<string, Window>(atMost(MAX_WINDOWS));
  readonly #nowMs: () => number;
  readonly #slotMs: number;

  /** @param nowMs of a clock that never goes back. */
  constructor(nowMs: () => number, minuteMs: number) {
    this.#nowMs = nowMs;
    this.#slotMs = minuteMs / SLOTS;
  }

  /** Takes from all or from none. */
  take(lease: string, draws: readonly Draw[]): Outcome {
    const found = this.peek(draws);
    if (!found.taken) return found;
    const slot = this.add(lease, draws);
    const levels = found.levels.map((level, at) => afterTaking(level, draws[at]!, this.#untilGone(slot)));
    return { ...found, levels, slot };
  }

  /** What `take` would answer. */
  peek(draws: readonly Draw[]): Outcome {
    const levels = draws.map((draw) => this.#levelOf(draw));
    return { taken: levels.every(({ waitMs }) => waitMs === 0), levels, slot: this.#slotNow() };
  }

  /**
   * Counts what was decided elsewhere, whether or not it fits.
   * @returns the slot in which it stands.
   */
  add(lease: string, draws: readonly Draw[]): number {
    const slot = this.#slotNow();
    for (const { key, kind, amount } of draws) {
      if (kind === 'slots') this.places.take(key, lease);
      else this.#draw(key, slot, amount);
    }
    return slot;
  }

  used({ key, kind }: Draw): number {
    if (kind === 'slots') return this.places.used(key);
    return this.#windows.get(key)?.sum(this.#slotNow()) ?? 0;
  }

  correct(corrections: readonly Correction[]): void {
    for (const { key, slot, by } of corrections) {
      if (by > 0) this.#draw(key, this.#slotNow(), by);
      else this.#windows.get(key)?.giveBack(slot, -by);
    }
  }

  /** What stands in each window now. */
  sums(): [key: string, sum: number][] {
    const slot = this.#slotNow();
    return [...this.#windows].map(([key, window]): [string, number] => [key, window.sum(slot)]);
  }

  #draw(key: string, slot: number, amount: number): void {
    const window = this.#windows.get(key) ?? new Window();
    window.sum(slot);
    window.add(slot, amount);
    this.#windows.set(key, window);
  }

  #levelOf({ key, kind, max, amount }: Draw): Level {
    if (kind === 'slots') {
      const left = max - this.places.used(key);
      return { remaining: Math.max(0, left), waitMs: amount <= left ? 0 : undefined, resetMs: undefined };
    }
    const window = this.#windows.get(key) ?? new Window();
    const used = window.sum(this.#slotNow());
    const makesRoom = amount <= max ? window.slotThatFrees(used + amount - max) : undefined;
    const wait = makesRoom === undefined ? undefined : this.#untilGone(makesRoom);
    const last = window.slotThatFrees(used);
    return {
      remaining: Math.max(0, max - used),
      waitMs: used + amount <= max ? 0 : wait,
      resetMs: used === 0 || last === undefined ? 0 : this.#untilGone(last),
    };
  }

  #slotNow(): number {
    return Math.floor(this.#nowMs() / this.#slotMs);
  }

  /** What stands in a slot leaves one minute after the slot's end. */
  #untilGone(slot: number): number {
    return Math.ceil((slot + SLOTS + 1) * this.#slotMs - this.#nowMs());
  }
}

/** The level that a draw leaves behind. */
function afterTaking({ remaining, resetMs }: Level, { kind, amount }: Draw, goneMs: number): Level {
  const last = kind === 'window' && amount > 0 ? goneMs : resetMs;
  return { remaining: remaining - amount, waitMs: 0, resetMs: last };
}
