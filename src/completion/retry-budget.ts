import { LRUCache } from 'lru-cache';

/** Retries that a hundred calls earn, of the model that they are for. */
const EARNED = 0.15;
/** So many may come in a row after a good time; a model that is new has some of them. */
const MOST = 20;
const FIRST = 5;
/** Where a provider takes any name, names come from callers. */
const MAX_KNOWN = 1_000;

/**
 * Keeps retries from making a vendor's trouble worse: however many calls fail, those that are repeated stay a small part of
 * all. Each model has its own, so that one in trouble does not use up the retries of the others.
 */
export interface RetryBudget {
  /** A model was called for the first time in a completion. */
  earn(model: string): void;
  /** Takes a retry, if there is one left. */
  spend(model: string): boolean;
}

export function createRetryBudget(): RetryBudget {
  const left = new LRUCache<string, number>({ max: MAX_KNOWN });
  return {
    earn: (model) => void left.set(model, Math.min(MOST, (left.get(model) ?? FIRST) + EARNED)),
    spend(model) {
      const retries = left.get(model) ?? FIRST;
      if (retries < 1) return false;
      left.set(model, retries - 1);
      return true;
    },
  };
}
