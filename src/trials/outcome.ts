import { isAboutTheRequest } from '../domain/attempt-fault.ts';
import type { Attempt, CompletionStatus, FinishReason } from '../domain/completion.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { Assignment, MeasuredMetric } from '../domain/trial.ts';

/** What a settled completion says of its arm. */
export interface Observed {
  metric: MeasuredMetric;
  value: number;
}

/** How a completion of a trial ended. */
export interface TrialOutcome {
  status: CompletionStatus;
  attempts: readonly Pick<Attempt, 'model' | 'httpStatus' | 'errorType'>[];
  /** Nano-USD of all attempts; undefined where one has no known price. */
  costNanos: number | undefined;
  firstTokenMs: number | undefined;
  /** Undefined where its process died before it could tell. */
  assignment: Pick<Assignment, 'models' | 'isResting'> | undefined;
}

/** How a completion of a prompt's experiment ended. */
export interface PromptOutcome extends Omit<TrialOutcome, 'attempts' | 'assignment'> {
  /** Of the failure, if it has failed. */
  code: ErrorCode | undefined;
  finishReason: FinishReason | undefined;
}

/** What is wrong with an answer that came, or with what was asked; all else says nothing of the prompt. */
const FAULTS_OF_PROMPT: readonly unknown[] = ['OUTPUT_INVALID', 'CONTEXT_WINDOW_EXCEEDED', 'INVALID_INPUT'];

/** A version has succeeded when its answer is what it asked for, and was not kept back by the vendor's filter. */
export function observePrompt(outcome: PromptOutcome): Observed[] {
  const { status, code, finishReason } = outcome;
  if (status === 'SUCCEEDED' && finishReason !== 'CONTENT_FILTER') return succeeded(outcome);
  const isFault = status === 'SUCCEEDED' || (status === 'FAILED' && FAULTS_OF_PROMPT.includes(code));
  return isFault ? [{ metric: 'success', value: 0 }] : [];
}

/**
 * An arm has succeeded when one of its own models has answered in the end; what its fallbacks have answered is a failure of
 * the arm. Cost and latency are those of its successes. Nothing is said of it by what the caller cancelled, by what the
 * gateway itself broke off, by a request that nobody could answer, and where its models were never asked for another
 * reason than that they rested.
 */
export function observe({ status, attempts, costNanos, firstTokenMs, assignment }: TrialOutcome): Observed[] {
  if (!assignment || (status !== 'SUCCEEDED' && status !== 'FAILED')) return [];
  const { models, isResting } = assignment;
  const own = attempts.filter(({ model }) => models.includes(model));
  if (status === 'SUCCEEDED' && models.includes(attempts.at(-1)?.model ?? '')) {
    return succeeded({ costNanos, firstTokenMs });
  }
  if (own.length === 0 && !isResting) return [];
  if (status === 'FAILED' && own.length > 0 && own.every(isAboutTheRequest)) return [];
  return [{ metric: 'success', value: 0 }];
}

function succeeded({
  costNanos,
  firstTokenMs,
}: Pick<TrialOutcome, 'costNanos' | 'firstTokenMs'>): Observed[] {
  return [
    { metric: 'success', value: 1 },
    ...(costNanos === undefined ? [] : [{ metric: 'cost' as const, value: costNanos }]),
    ...(firstTokenMs === undefined ? [] : [{ metric: 'latency' as const, value: firstTokenMs }]),
  ];
}
