import { GatewayError, ModelUnavailable, OutputInvalid, ProviderError } from '../domain/errors.ts';
import type { Model } from '../domain/model.ts';
import type { FallbackReason } from '../domain/route.ts';
import { AttemptTimeout } from './attempt.ts';
import type { Course } from './course.ts';

/** The first retry waits up to this long, each further one up to twice as long. */
const BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 8_000;
/** A vendor that wants more time than this is not waited for: the next target is asked. */
const LONGEST_WAIT_MS = 10_000;

/** Where a completion is in its course. */
export interface Position {
  /** Place of the target. */
  at: number;
  /** How often this target was asked again. */
  retries: number;
  /** How often an answer was sent back, in all. */
  repairs: number;
}

/** Why an attempt gave no answer that can be used. */
export interface Failed {
  reason: FallbackReason;
  /** Undefined where the vendor broke no promise: what it said was filtered. */
  error: unknown;
  /** It had begun to answer, and the caller was told. */
  isCut: boolean;
  /** The caller has a part of an answer, by this attempt or by one that it went on from. */
  isTold: boolean;
  /** What there is of the answer is text alone, so that another attempt can go on from it. */
  isPlainText: boolean;
}

/** What is done next. */
export interface NextStep {
  position: Position;
  /**
   * REPAIR: the answer is sent back with what is wrong with it. CONTINUED: the model goes on from what the caller has. ANEW:
   * what the caller may have does not count any more.
   */
  how: 'REPAIR' | 'CONTINUED' | 'ANEW';
  afterMs: number;
}

/** @returns why another attempt may follow; undefined for what is not the vendor's failure. */
export function reasonOf(error: unknown): FallbackReason | undefined {
  if (error instanceof AttemptTimeout) return 'TIMEOUT';
  if (error instanceof OutputInvalid) return 'SCHEMA_MISMATCH';
  if (!(error instanceof GatewayError)) return 'ERROR';
  if (error.code === 'CONTEXT_WINDOW_EXCEEDED') return 'CONTEXT_OVERFLOW';
  if (error.code === 'RATE_LIMITED') return 'RATE_LIMITED';
  return error instanceof ProviderError || error instanceof ModelUnavailable ? 'ERROR' : undefined;
}

/**
 * What follows a failed attempt: its repair, the same target once more, the next target, or nothing.
 * @param model that failed.
 * @param mayRetry takes a retry out of the budget; asked only where everything else speaks for one.
 */
export function chooseNext(
  course: Course,
  position: Position,
  failed: Failed,
  { model, mayRetry, random }: { model: Model; mayRetry: () => boolean; random: () => number },
): NextStep | undefined {
  const { reason, error, isCut } = failed;
  const target = course.targets[position.at]!;
  if (reason === 'SCHEMA_MISMATCH' && position.repairs < course.repairs)
    return { position: { ...position, repairs: position.repairs + 1 }, how: 'REPAIR', afterMs: 0 };
  const how = howToFollow(course, failed);
  if (!how) return undefined;

  const canFollow = ({ continues }: Model) => how === 'ANEW' || continues;
  const next = course.fallbackOn.has(reason)
    ? course.targets.findIndex(
        ({ planned }, at) =>
          at > position.at && canFollow(planned.model) && takesMore(planned.model, model, reason),
      )
    : -1;
  const mayBreakOff = isCut && !isJudged(reason);
  // What is to begin anew, or to go on, is tried to at least once.
  const retries = mayBreakOff && next < 0 ? Math.max(1, target.retries) : target.retries;
  const isRetryable = mayBreakOff || (error instanceof GatewayError && error.retryable);
  const isSameWorth = !isJudged(reason) && isRetryable && canFollow(model) && position.retries < retries;
  const afterMs = waitFor(error, position.retries, random);
  if (isSameWorth && afterMs <= LONGEST_WAIT_MS && mayRetry())
    return { position: { ...position, retries: position.retries + 1 }, how, afterMs };

  return next < 0 ? undefined : { position: { ...position, at: next, retries: 0 }, how, afterMs: 0 };
}

/** The vendor has answered, and its answer is no use. */
function isJudged(reason: FallbackReason): boolean {
  return reason === 'SCHEMA_MISMATCH' || reason === 'CONTENT_FILTER';
}

/** @returns undefined where what the caller has of an answer is all that there will be. */
function howToFollow(
  { onCut }: Course,
  { reason, isTold, isPlainText }: Failed,
): 'ANEW' | 'CONTINUED' | undefined {
  if (!isTold || isJudged(reason) || onCut === 'RESTART') return 'ANEW';
  return onCut === 'CONTINUE' && isPlainText ? 'CONTINUED' : undefined;
}

/** After an overflow those with as small a context are passed over: they would refuse too. */
function takesMore(next: Model, failed: Model, reason: FallbackReason): boolean {
  return reason !== 'CONTEXT_OVERFLOW' || (next.contextWindow ?? Infinity) > (failed.contextWindow ?? 0);
}

/** Full jitter: whoever failed together does not come back together. Never sooner than the vendor asks for. */
function waitFor(error: unknown, retries: number, random: () => number): number {
  const asked = error instanceof GatewayError ? (error.retryAfterMs ?? 0) : 0;
  return asked + random() * Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** retries);
}
