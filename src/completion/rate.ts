import type { Database } from '../db/database.ts';
import type { Completion } from '../domain/completion.ts';
import { Conflict, InvalidInput, NotFound, type InputIssue } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { findCompletions } from '../ledger/completions.ts';
import { keepRating } from '../ledger/ratings.ts';
import type { Measures } from '../routing/measures.ts';

/** What somebody thinks of a completion. */
export interface GivenRating {
  id: string;
  /** From 0 to 1. */
  score: number;
  comment: string | undefined;
}

export const COMMENT_MAX = 1_000;

/**
 * Keeps what `who` thinks of a completion, in the place of what they have said before. The first score that somebody
 * gives it is learned by the routes that led to its answer; another one in its place is not, as it would count twice.
 * @throws InvalidInput; NotFound for what `who` may not see; Conflict while it runs.
 */
export async function rateCompletion(
  { database, measures }: { database: Database; measures: Pick<Measures, 'observeFeedback'> },
  who: Principal,
  rating: GivenRating,
): Promise<Completion> {
  const { id, score, comment } = rating;
  const faults = listFaults(rating);
  if (faults.length > 0) throw new InvalidInput(faults);
  const [completion] = await findCompletions(database.db, who, [id]);
  if (!completion) throw new NotFound('completion', id, ['input', 'id']);
  if (!completion.outcome) throw new Conflict('the completion is still running; rate it when it is over');
  const isFirst = await keepRating(database.sql, { completionId: id, score, comment }, who.keyId);
  const way = isFirst ? findWay(completion) : undefined;
  if (way) measures.observeFeedback(completion.organisationId, way, score);
  return completion;
}

function listFaults({ score, comment = '' }: GivenRating): InputIssue[] {
  const faults: InputIssue[] = [];
  const add = (field: string, what: string) =>
    faults.push({ path: ['input', field], message: `input.${field} ${what}` });
  if (!(score >= 0 && score <= 1)) add('score', `is ${score}; it must be from 0 to 1`);
  if (comment.length > COMMENT_MAX)
    add('comment', `has ${comment.length} characters; it may have ${COMMENT_MAX}`);
  return faults;
}

/** The candidate that answered; undefined where no route chose it, and where nothing was called. */
function findWay({ model, outcome }: Completion) {
  if (!outcome?.route || outcome.attempts.length === 0) return undefined;
  return outcome.route.candidates.find(
    (candidate) => candidate.model === model && candidate.skippedBecause === undefined,
  );
}
