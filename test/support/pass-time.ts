import { systemClock } from '../../src/lib/clock.ts';

const { monotonicMs } = systemClock;
let passedMs = 0;

/**
 * As if so many milliseconds had gone by, for whatever measures how long something is ago: rests, retries, windows.
 * Timers, the date and the database know nothing of it. It only ever goes forward, so that nothing is to be put back.
 */
export function passTime(ms: number): void {
  passedMs += ms;
  systemClock.monotonicMs = () => monotonicMs() + passedMs;
}
