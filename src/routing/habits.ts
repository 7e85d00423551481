import type { Usage } from '../domain/completion.ts';

/** What is usual of a model's calls, measured, newer ones counting more. A plain value. */
export interface Habit {
  /** Tokens of prompts, and how many of them came from the vendor's cache or were written into it. */
  input: number;
  cacheRead: number;
  cacheWrite: number;
}

export const NO_HABIT: Habit = { input: 0, cacheRead: 0, cacheWrite: 0 };

const FADING = 0.98;

export function observeUsage(habit: Habit, { input, cacheRead, cacheWrite, source }: Usage): Habit {
  if (source !== 'REPORTED') return habit;
  return {
    input: habit.input * FADING + input,
    cacheRead: habit.cacheRead * FADING + cacheRead,
    cacheWrite: habit.cacheWrite * FADING + cacheWrite,
  };
}

/**
 * What a request of this size is likely to use, cached input at the share that was measured: by this it is priced when
 * targets are compared.
 */
export function likelyUsage(habit: Habit, tokens: { input: number; output: number }): Usage {
  const share = (part: number) => (habit.input > 0 ? Math.round((tokens.input * part) / habit.input) : 0);
  return {
    ...tokens,
    cacheRead: share(habit.cacheRead),
    cacheWrite: share(habit.cacheWrite),
    reasoning: 0,
    source: 'ESTIMATED',
  };
}
