import type { Outcome } from '../../../src/domain/completion.ts';
import type { BudgetExceeded } from '../../../src/domain/errors.ts';
import type { Ask } from './history.ts';
import type { Account } from './world.ts';

/** An ask that was made, and how it was answered. */
export interface Asked {
  id: string;
  ask: Ask;
  /** The completion that it is a further attempt of. */
  again: Account | undefined;
  /** It begins beside the one that is under way. */
  hedges: boolean;
  answer: 'OPENED' | 'KEY_USED' | 'OVER' | 'UNKNOWN' | BudgetExceeded;
}

/** A settlement that its own process, or one that takes itself for it, handed in. */
export interface Ended {
  account: Account;
  outcome: Outcome;
  /** Only its attempt ended, or the one beside it. */
  goesOn: boolean;
  beside: boolean;
  /** How many of those who handed it in were told that theirs was taken; undefined where they cannot know. */
  taken: number | undefined;
}
