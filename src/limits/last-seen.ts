import { LRUCache } from 'lru-cache';
import { atMost } from '../lib/at-most.ts';
import { SLOTS, type Draw, type Level } from './store.ts';

const MAX_KEYS = 100_000;
/** A place is seldom needed as long as a minute. */
const PLACES_HOLD_MS = 15_000;

/** What Redis said last of a limit, and what this instance had used of it then. */
interface Seen {
  own: number;
  remaining: number;
  untilMs: number;
}

/**
 * How far limits were used by all instances together when Redis was last heard. What others have used stays used for a
 * minute, also while nobody can be asked about it: so an instance that loses Redis takes no more than its part of what
 * was left then.
 */
export class LastSeen {
  readonly #seen = new LRUCache<string, Seen>(atMost(MAX_KEYS));
  readonly #nowMs: () => number;
  readonly #minuteMs: number;

  constructor(nowMs: () => number, minuteMs: number) {
    this.#nowMs = nowMs;
    this.#minuteMs = minuteMs;
  }

  /** @param own what this instance has used of the limit, the draw included where it was taken. */
  note({ key, kind }: Draw, { remaining }: Level, own: number): void {
    const holdsMs = kind === 'slots' ? PLACES_HOLD_MS : this.#minuteMs + this.#minuteMs / SLOTS;
    this.#seen.set(key, { own, remaining, untilMs: this.#nowMs() + holdsMs });
  }

  /** How much of the limit this instance alone may have used. */
  shareOf({ key, max }: Draw, instances: number): number {
    const share = Math.max(1, Math.floor(max / instances));
    const seen = this.#seen.get(key);
    if (!seen || seen.untilMs < this.#nowMs()) return share;
    return Math.min(share, seen.own + Math.floor(seen.remaining / instances));
  }
}
