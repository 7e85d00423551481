import type { Clock } from '../../lib/clock.ts';
import { createDrift } from './drift.ts';

/** What a refusal leaves of the calls that were under way. */
const DECREASE = 0.7;
/** Late first words alone never take the window below this share of its greatest size: they can have other causes. */
const SLOW_SHARE = 1 / 8;

/** A call as the window saw it begin. */
export interface Sighting {
  /** Calls under way then, itself included. */
  beside: number;
  /** How often the window had shrunk by then. */
  shrinks: number;
}

/** How many calls may be under way at a time. */
export interface Window {
  /** A whole number, at least 1. */
  size(): number;
  sight(beside: number): Sighting;
  /** A call was answered. */
  answered(call: Sighting, firstTokenMs: number | undefined): void;
  /** A call was turned away because there were too many. @param beside calls under way by then, itself included. */
  refused(call: Sighting, beside: number): void;
}

/**
 * Additive increase, multiplicative decrease: one more each time that a full window of calls was answered, a third fewer
 * when one is refused, at most once for all calls that were under way together, as TCP does within a round trip
 * (RFC 5681). It begins at its greatest size, and what is not used is not learned from: an upstream that never refuses
 * never notices that there is a window.
 */
export function createWindow(max: number, clock: Pick<Clock, 'monotonicMs'>): Window {
  const drift = createDrift(clock);
  const slowest = Math.max(1, max * SLOW_SHARE);
  let size = max;
  let shrinks = 0;

  function shrink(to: number): void {
    size = Math.max(1, to);
    shrinks += 1;
  }
  return {
    size: () => Math.floor(size),
    sight: (beside) => ({ beside, shrinks }),
    answered(call, firstTokenMs) {
      const gradient = firstTokenMs === undefined ? 1 : drift.add(firstTokenMs);
      // A call that began before the last change says nothing about it, and one beside few others nothing about many.
      if (call.shrinks !== shrinks || call.beside * 2 < size) return;
      if (gradient === 1) size = Math.min(max, size + 1 / size);
      else if (size > slowest) shrink(Math.max(slowest, size * gradient));
    },
    refused(call, beside) {
      if (call.shrinks === shrinks) shrink(Math.min(size, Math.max(call.beside, beside)) * DECREASE);
    },
  };
}
