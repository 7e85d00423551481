import { LRUCache } from 'lru-cache';
import { systemClock } from '../../lib/clock.ts';

/** What an answer shows, by the names of types and of single entities: `Model`, `Model:mdl_demo/echo`. */
export interface Answer {
  data: unknown;
  organisationId: string;
  entities: ReadonlySet<string>;
}

export interface KeptAnswer extends Answer {
  ageMs: number;
}

/** Something that answers may show has changed. */
export interface Change {
  /** Undefined: for everybody. */
  organisationId: string | undefined;
  /** Undefined: perhaps anything. */
  entities: readonly string[] | undefined;
}

/** The answers that this instance keeps. */
export interface AnswerStore {
  find(key: string): KeptAnswer | undefined;
  /**
   * @param since when the work on the answer began, from `moment()`.
   * @returns false when it is not kept: it is too large, or something in it has changed in the meantime.
   */
  keep(key: string, answer: Answer, options: { ttlMs: number; since: number }): boolean;
  change(change: Change): void;
  /** How many changes there have been. */
  moment(): number;
}

/** Characters of JSON. */
const LIMITS = { max: 5_000, maxSize: 32_000_000, maxEntrySize: 256_000 };
/** Answers that were begun before the last so many changes are not kept. */
const CHANGES_REMEMBERED = 1_000;

export function createAnswerStore(): AnswerStore {
  const answers = new LRUCache<string, Answer & { keptAt: number }>(LIMITS);
  const changes: Change[] = [];
  let changesForgotten = 0;
  const moment = () => changesForgotten + changes.length;

  function hasChangedSince(since: number, answer: Answer): boolean {
    if (since < changesForgotten) return true;
    return changes.slice(since - changesForgotten).some((change) => concerns(change, answer));
  }

  return {
    moment,
    find(key) {
      const found = answers.get(key);
      return found && { ...found, ageMs: systemClock.monotonicMs() - found.keptAt };
    },
    keep(key, answer, { ttlMs, since }) {
      const size = JSON.stringify(answer.data).length + key.length;
      if (size > LIMITS.maxEntrySize || hasChangedSince(since, answer)) return false;
      answers.set(key, { ...answer, keptAt: systemClock.monotonicMs() }, { ttl: ttlMs, size });
      return true;
    },
    change(change) {
      changes.push(change);
      if (changes.length > CHANGES_REMEMBERED) {
        changes.shift();
        changesForgotten++;
      }
      for (const [key, answer] of answers.entries()) if (concerns(change, answer)) answers.delete(key);
    },
  };
}

function concerns({ organisationId, entities }: Change, answer: Answer): boolean {
  if (organisationId !== undefined && organisationId !== answer.organisationId) return false;
  return entities === undefined || entities.some((name) => answer.entities.has(name));
}
