import type { Attempt, Chunk, CompletionEvent, Failure, Outcome, Usage } from '../domain/completion.ts';
import { GatewayError, OutputInvalid, ProviderError, type ErrorCode } from '../domain/errors.ts';
import { NOTHING_USED } from '../domain/outcome.ts';
import { isTooDeep, MAX_JSON_LEVELS } from '../lib/json-depth.ts';
import { compileSchema } from '../lib/json-schema.ts';
import type { Clock } from '../lib/clock.ts';
import { countTokens, createGrowingCount } from '../lib/tokens.ts';
import type { Entered } from './admit.ts';
import { addChunk, emptyAnswer, joinParts, textOf, type Answer } from './answer.ts';
import { AttemptTimeout } from './attempt.ts';
import { createSeam, type Beginning } from './continuation.ts';
import { estimatedUsage, type Plan, type Pricing } from './plan.ts';

/** Counts what a vendor says in one attempt, chunk by chunk, and knows at every moment what that would come to. */
export interface Meter {
  /** Number of the attempt, from 0 on. */
  attempt: number;
  /** Takes a chunk in; answers what subscribers are told of it, if anything. */
  count(chunk: Chunk): CompletionEvent | undefined;
  /**
   * The vendor has finished.
   * @throws OutputInvalid when a schema was asked for and the answer does not meet it.
   * @throws ProviderError when there was no finish.
   */
  succeed(): void;
  /** Something ended the work; `signal` tells a caller's wish from a vendor's failure. */
  fail(error: unknown, signal: AbortSignal): void;
  /** The vendor kept its answer, or the rest of it, to itself. */
  isFiltered(): boolean;
  /** The text of the answer so far, with what it goes on from. */
  text(): string;
  /** All that the caller has been told of the answer. */
  told(): Beginning;
  /** There is nothing in the answer that another attempt could not go on from. */
  isPlainText(): boolean;
  seenOutputTokens(): number;
  /** What it used and cost is that of this attempt, which is the only one in it; the times are those of the completion. */
  outcome(): Outcome;
}

type AttemptEnd = Pick<Attempt, 'status' | 'httpStatus' | 'errorType'>;

export function createMeter(
  { planned: plan, queueMs }: Pick<Entered, 'planned' | 'queueMs'>,
  { index, begunMs, beginning }: { index: number; begunMs: number; beginning?: Beginning | undefined },
  { pricing, clock }: { pricing: Pick<Pricing, 'costOf'>; clock: Pick<Clock, 'monotonicMs'> },
): Meter {
  const startedMs = clock.monotonicMs();
  const sinceStartMs = () => Math.round(clock.monotonicMs() - startedMs);
  const earlierMs = Math.round(startedMs - begunMs);
  const answer = emptyAnswer();
  const unrepeated = beginning ? createSeam(beginning) : (chunk: Chunk) => chunk;
  const parts = () => (beginning ? joinParts(beginning.parts, answer.parts) : answer.parts);
  const firstOfAll = () =>
    beginning?.firstTokenMs ?? (firstTokenMs === undefined ? undefined : earlierMs + firstTokenMs);
  const countSeen = createGrowingCount();
  let firstTokenMs: number | undefined;
  let object: unknown;
  // A consumer that simply stops reading raises no error: until proven otherwise the caller has left.
  let failure: Failure | undefined = { reason: 'CANCELLED', code: 'CANCELLED', message: 'the caller left' };
  let attemptEnd: AttemptEnd = { status: 'CANCELLED', httpStatus: undefined, errorType: 'CANCELLED' };

  return {
    attempt: index,
    count(chunk) {
      const event = addChunk(answer, unrepeated(chunk));
      if (event) firstTokenMs ??= sinceStartMs();
      return event;
    },
    succeed() {
      object = readAnswer(answer, plan);
      failure = undefined;
      attemptEnd = { status: 'OK', httpStatus: 200, errorType: undefined };
    },
    fail(error, signal) {
      const told =
        error instanceof GatewayError ? error : new ProviderError('the provider failed in an unexpected way');
      failure = toFailure(told, signal, beginning !== undefined);
      attemptEnd = toAttemptEnd(told, signal);
    },
    isFiltered: () => answer.finish === 'CONTENT_FILTER',
    text: () => textOf(parts()),
    told: () => ({ parts: parts(), firstTokenMs: firstOfAll() }),
    isPlainText: () => !answer.callsTool && !plan.grant.ask.outputSchema,
    seenOutputTokens: () => countSeen(answer.written),
    outcome() {
      const usage = usageOf(answer, plan);
      const costNanos = usage.source === 'NONE' ? 0n : plan.price && pricing.costOf(plan.price, usage);
      const { provider, name: model } = plan.model;
      const latencyMs = sinceStartMs();
      return {
        ...endOf(answer, failure),
        parts: parts(),
        toolCalls: answer.toolCalls,
        object,
        vectors: answer.vectors,
        usage,
        costNanos,
        attempts: [{ index, provider, model, latencyMs, firstTokenMs, usage, costNanos, ...attemptEnd }],
        warnings: [...plan.warnings, ...answer.warnings],
        queueMs,
        totalMs: earlierMs + latencyMs,
        firstTokenMs: firstOfAll(),
      };
    },
  };
}

/** The vendor's own figures where it gave any, an explicit zero included; else what was seen of an answer. */
function usageOf({ reported, written, finish }: Answer, plan: Plan): Usage {
  if (reported) return { ...reported, source: 'REPORTED' };
  if (written === '' && !finish) return NOTHING_USED;
  return estimatedUsage(plan.estimatedInputTokens, countTokens(written));
}

function endOf(
  { finish }: Answer,
  failure: Failure | undefined,
): Pick<Outcome, 'status' | 'finishReason' | 'failure'> {
  if (!failure) return { status: 'SUCCEEDED', finishReason: finish ?? 'ERROR', failure };
  if (failure.reason === 'CANCELLED') return { status: 'CANCELLED', finishReason: 'CANCELLED', failure };
  return { status: 'FAILED', finishReason: 'ERROR', failure };
}

/** @returns the answer to a schema, parsed; undefined where none was asked for. */
function readAnswer({ finish, written, parts }: Answer, { model, grant }: Plan): unknown {
  if (!finish)
    throw new ProviderError(`${model.provider} ended its answer without a finish`, { cut: written !== '' });
  const { outputSchema } = grant.ask;
  if (!outputSchema || finish === 'TOOL_CALLS') return undefined;
  const value = parseJson(textOf(parts));
  if (isTooDeep(value)) throw new OutputInvalid(`the answer is nested deeper than ${MAX_JSON_LEVELS} levels`);
  const fault = compileSchema(outputSchema)(value);
  if (fault) throw new OutputInvalid(`the answer does not meet the schema: ${fault}`);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new OutputInvalid('the model was asked for JSON and answered something else');
  }
}

function isWish(error: GatewayError, signal: AbortSignal): boolean {
  return signal.aborted && error === signal.reason;
}

/** @param hasBegun there is a part of the answer already: whatever ended the attempt, for the caller it broke off. */
function toFailure(error: GatewayError, signal: AbortSignal, hasBegun: boolean): Failure {
  if (isWish(error, signal)) return { reason: 'CANCELLED', code: 'CANCELLED', message: error.message };
  const { cut, retryAfterMs } = error instanceof ProviderError ? error : {};
  return {
    reason: cut || hasBegun ? 'CUT' : 'FAILED',
    code: error.code as ErrorCode,
    message: error.message,
    retryAfterMs,
  };
}

function toAttemptEnd(error: GatewayError, signal: AbortSignal): AttemptEnd {
  if (isWish(error, signal)) return { status: 'CANCELLED', httpStatus: undefined, errorType: 'CANCELLED' };
  // The vendor did what it was asked for; that its answer is no use does not make the call a failed one.
  if (error instanceof OutputInvalid) return { status: 'OK', httpStatus: 200, errorType: undefined };
  const httpStatus = error instanceof ProviderError ? error.httpStatus : undefined;
  const failed = error.code === 'RATE_LIMITED' ? 'RATE_LIMITED' : 'ERROR';
  return {
    status: error instanceof AttemptTimeout ? 'TIMEOUT' : failed,
    httpStatus,
    errorType: error.code as ErrorCode,
  };
}
