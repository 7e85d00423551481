import type { ISql } from 'postgres';
import type { Database } from '../db/database.ts';
import type { Completion } from '../domain/completion.ts';
import { Conflict, InvalidInput, NotFound, type InputIssue } from '../domain/errors.ts';
import { METRIC_NAME, METRIC_NAME_RULE } from '../domain/metric.ts';
import type { Principal } from '../domain/principal.ts';
import { MEASURED_METRICS } from '../domain/trial.ts';
import { findCompletions } from '../ledger/completions.ts';
import { keepMetrics, readMetricsOf } from '../ledger/metrics.ts';
import { keepRating, readScoreOf } from '../ledger/ratings.ts';
import type { Measures } from '../routing/measures.ts';
import { lockTrial } from '../trials/rows.ts';
import { addSums } from '../trials/sums.ts';
import { addendsOf, type Told } from '../trials/told.ts';
import type { TrialWatch } from '../trials/watch.ts';

/** What somebody thinks of a completion, and what came of it. */
export interface GivenRating {
  id: string;
  /** From 0 to 1. */
  score: number | undefined;
  /** Goes with a score. */
  comment: string | undefined;
  metrics: readonly { name: string; value: number }[];
}

export const COMMENT_MAX = 1_000;
/** Different ones that a rater may tell of one completion. */
export const METRICS_MAX = 50;
const VALUE_MAX = 1e12;

interface RateDeps {
  database: Database;
  measures: Pick<Measures, 'observeFeedback'>;
  trials: Pick<TrialWatch, 'told'>;
}

/**
 * Keeps what `who` says of a completion, each part in the place of what they have said before. The first score that
 * somebody gives it is learned by the routes that led to its answer; another one in its place is not, as it would count
 * twice. In the sums of its trial it takes the place of the earlier one.
 * @throws InvalidInput; NotFound for what `who` may not see; Conflict while it runs.
 */
export async function rateCompletion(
  { database, measures, trials }: RateDeps,
  who: Principal,
  rating: GivenRating,
): Promise<Completion> {
  const faults = listFaults(rating);
  if (faults.length > 0) throw new InvalidInput(faults);
  const [completion] = await findCompletions(database.db, who, [rating.id]);
  if (!completion) throw new NotFound('completion', rating.id, ['input', 'id']);
  if (!completion.outcome) throw new Conflict('the completion is still running; rate it when it is over');
  const isFirst = await database.sql.begin((tx) => keep(tx, who.keyId, completion, rating));
  if (completion.trial) trials.told(completion.trial.trialId);
  const way = isFirst ? findWay(completion) : undefined;
  if (way && rating.score !== undefined)
    measures.observeFeedback(completion.organisationId, way, rating.score);
  return completion;
}

/** @returns whether it is the rater's first score of it. */
async function keep(
  tx: ISql,
  raterId: string,
  { trial }: Completion,
  { id, score, comment, metrics }: GivenRating,
): Promise<boolean> {
  // What is said at the same time waits here, so that each sees what it takes the place of.
  const locked = trial && (await lockTrial(tx, trial.trialId));
  const before: Told = {
    score: locked ? await readScoreOf(tx, id, raterId) : undefined,
    metrics: metrics.length > 0 ? await readMetricsOf(tx, id, raterId) : new Map(),
  };
  ensureFew(before, metrics);
  await keepMetrics(tx, id, metrics, raterId);
  const isFirst =
    score !== undefined && (await keepRating(tx, { completionId: id, score, comment }, raterId));
  if (locked) {
    const now: Told = { score, metrics: new Map(metrics.map(({ name, value }) => [name, value])) };
    await addSums(tx, trial.trialId, addendsOf(locked.trial, trial.arm, before, now));
  }
  return isFirst;
}

function listFaults({ score, comment, metrics }: GivenRating): InputIssue[] {
  const faults: InputIssue[] = [];
  const add = (path: string[], what: string) =>
    faults.push({ path: ['input', ...path], message: `${['input', ...path].join('.')} ${what}` });
  if (score === undefined && metrics.length === 0) add([], 'says nothing; give a score or metrics');
  if (score !== undefined && !(score >= 0 && score <= 1))
    add(['score'], `is ${score}; it must be from 0 to 1`);
  if (comment !== undefined && score === undefined) add(['comment'], 'goes with a score, and there is none');
  if (comment !== undefined && comment.length > COMMENT_MAX)
    add(['comment'], `has ${comment.length} characters; it may have ${COMMENT_MAX}`);
  if (metrics.length > METRICS_MAX)
    add(['metrics'], `holds ${metrics.length}; at most ${METRICS_MAX} are taken`);
  for (const [index, { name, value }] of metrics.slice(0, METRICS_MAX).entries()) {
    const at = ['metrics', String(index)];
    if ((MEASURED_METRICS as readonly string[]).includes(name))
      add([...at, 'name'], `is ${JSON.stringify(name)}, which is measured and cannot be told`);
    else if (!METRIC_NAME.test(name)) add([...at, 'name'], `is ${JSON.stringify(name)}; ${METRIC_NAME_RULE}`);
    const first = metrics.findIndex((other) => other.name === name);
    if (first < index) add([...at, 'name'], `repeats metrics.${first}, ${JSON.stringify(name)}`);
    if (!(Math.abs(value) <= VALUE_MAX))
      add([...at, 'value'], `is ${value}; it must be from -${VALUE_MAX} to ${VALUE_MAX}`);
  }
  return faults;
}

function ensureFew({ metrics: known }: Told, metrics: GivenRating['metrics']): void {
  const names = new Set([...known.keys(), ...metrics.map(({ name }) => name)]);
  if (names.size <= METRICS_MAX) return;
  const message = `input.metrics would make ${names.size} of this completion; at most ${METRICS_MAX} are kept`;
  throw new InvalidInput([{ path: ['input', 'metrics'], message }]);
}

/** The candidate that answered; undefined where no route chose it, and where nothing was called. */
function findWay({ model, outcome }: Completion) {
  if (!outcome?.route || outcome.attempts.length === 0) return undefined;
  return outcome.route.candidates.find(
    (candidate) => candidate.model === model && candidate.skippedBecause === undefined,
  );
}
