import type { Usage } from '../../domain/completion.ts';
import type { Model } from '../../domain/model.ts';
import type { MeasuredModel, RecordedAttempt, RecordedRequest } from '../../domain/recorded-request.ts';
import type { FallbackReason } from '../../domain/route.ts';
import type { Candidate } from '../plan.ts';

/** What a model is expected to do with a request, or really did. */
export interface Step {
  candidate: Candidate;
  succeeded: boolean;
  /** Nano-USD; undefined: no price is known. */
  costNanos: bigint | undefined;
  usage: Usage | undefined;
  /** Undefined: nobody has measured it. */
  latencyMs: number | undefined;
  firstTokenMs: number | undefined;
}

/** What stands behind the steps. */
export interface Expectations {
  findModel(name: string): Model | undefined;
  measured: ReadonlyMap<string, MeasuredModel>;
  /** Nano-USD of a use at the price of today; undefined where no price is known. */
  costOf(model: Model, usage: Usage): bigint | undefined;
  /** Tokens of an answer of which nobody knows how long it would be. */
  likelyOutputTokens: number;
  random(): number;
}

/**
 * The models that would be asked, one after the other, until one answers. What one of them really did with this request is
 * taken as it was; of the others is expected what they usually do.
 */
export function walk(
  tried: readonly Candidate[],
  request: RecordedRequest,
  fallbackOn: ReadonlySet<FallbackReason>,
  expectations: Expectations,
): Step[] {
  const steps: Step[] = [];
  for (const candidate of tried) {
    const own = request.attempts.filter(
      (attempt) => attempt.model === candidate.model && isTold(attempt, request),
    );
    const { reason, ...step } =
      own.length > 0
        ? repeat(candidate, own, request)
        : expect(candidate, usageOf(request, expectations), expectations);
    steps.push(step);
    if (step.succeeded || !fallbackOn.has(reason)) break;
  }
  return steps;
}

/** One that was given up, since another was faster, might have answered. */
function isTold(attempt: RecordedAttempt, { attempts }: RecordedRequest): boolean {
  return attempt.status !== 'CANCELLED' || attempt === attempts.at(-1);
}

type Told = Step & { reason: FallbackReason };

function repeat(candidate: Candidate, own: readonly RecordedAttempt[], request: RecordedRequest): Told {
  const last = own.at(-1)!;
  return {
    candidate,
    // Who left did not leave for another model.
    succeeded: last === request.attempts.at(-1) && request.status !== 'FAILED',
    reason: reasonOf(last),
    costNanos: sumCosts(own),
    usage: last.usage,
    latencyMs: own.reduce((sum, { latencyMs }) => sum + latencyMs, 0),
    firstTokenMs: last.firstTokenMs,
  };
}

function expect(candidate: Candidate, usage: Usage, expectations: Expectations): Told {
  const { measured, findModel, costOf, random } = expectations;
  const known = measured.get(candidate.model);
  const place = random();
  const succeeded = random() >= (known?.errorRate ?? 0);
  const model = findModel(candidate.model);
  return {
    candidate,
    succeeded,
    reason: 'ERROR',
    costNanos: succeeded ? model && costOf(model, usage) : 0n,
    usage: undefined,
    latencyMs: at(known?.totalMs, place),
    firstTokenMs: at(known?.firstTokenMs, place),
  };
}

/** What it really used; where that is nothing, since nobody answered, what it would be likely to. */
function usageOf({ attempts, facts }: RecordedRequest, { likelyOutputTokens }: Expectations): Usage {
  const { usage } = attempts.at(-1)!;
  if (usage.source !== 'NONE') return usage;
  return { ...usage, input: facts.t, output: facts.m ?? likelyOutputTokens, source: 'ESTIMATED' };
}

function reasonOf({ status, errorType }: RecordedAttempt): FallbackReason {
  if (errorType === 'CONTEXT_WINDOW_EXCEEDED') return 'CONTEXT_OVERFLOW';
  if (errorType === 'OUTPUT_INVALID') return 'SCHEMA_MISMATCH';
  if (status === 'OK') return 'CONTENT_FILTER';
  return status === 'TIMEOUT' || status === 'RATE_LIMITED' ? status : 'ERROR';
}

/** Undefined where one of them is not known. */
export function sumCosts(all: readonly { costNanos: bigint | undefined }[]): bigint | undefined {
  return all.reduce<bigint | undefined>(
    (sum, { costNanos }) => (sum === undefined || costNanos === undefined ? undefined : sum + costNanos),
    0n,
  );
}

function at(quantiles: readonly number[] = [], place: number): number | undefined {
  return quantiles[Math.floor(place * quantiles.length)];
}
