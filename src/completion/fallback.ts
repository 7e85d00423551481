import { GatewayError, ModelUnavailable, OutputInvalid, ProviderError } from '../domain/errors.ts';
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
  /** Something of its answer was handed on. */
  isTold: boolean;
}

/** What is done next. */
export interface NextStep {
  position: Position;
  /** The answer is sent back with what is wrong with it. */
  isRepair: boolean;
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
 * @param mayRetry takes a retry out of the budget; asked only where everything else speaks for one.
 */
export function chooseNext(
  course: Course,
  position: Position,
  failed: Failed,
  { mayRetry, random }: { mayRetry: () => boolean; random: () => number },
): NextStep | undefined {
  const { reason, error, isTold } = failed;
  const target = course.targets[position.at]!;
  const isJudged = reason === 'SCHEMA_MISMATCH' || reason === 'CONTENT_FILTER';
  const isCut = isTold && !isJudged;
  if (isCut && course.onCut !== 'RESTART') return undefined;
  if (reason === 'SCHEMA_MISMATCH' && position.repairs < course.repairs)
    return { position: { ...position, repairs: position.repairs + 1 }, isRepair: true, afterMs: 0 };

  const hasNext = course.fallbackOn.has(reason) && position.at + 1 < course.targets.length;
  // What is to begin anew does so at least once.
  const retries = isCut && !hasNext ? Math.max(1, target.retries) : target.retries;
  const isRetryable = isCut || (error instanceof GatewayError && error.retryable);
  const afterMs = waitFor(error, position.retries, random);
  if (!isJudged && isRetryable && position.retries < retries && afterMs <= LONGEST_WAIT_MS && mayRetry())
    return { position: { ...position, retries: position.retries + 1 }, isRepair: false, afterMs };

  return hasNext
    ? { position: { ...position, at: position.at + 1, retries: 0 }, isRepair: false, afterMs: 0 }
    : undefined;
}

/** Full jitter: whoever failed together does not come back together. Never sooner than the vendor asks for. */
function waitFor(error: unknown, retries: number, random: () => number): number {
  const asked = error instanceof GatewayError ? (error.retryAfterMs ?? 0) : 0;
  return asked + random() * Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** retries);
}
