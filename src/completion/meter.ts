import type { Attempt, AttemptStatus, Chunk, CompletionEvent, Failure, FinishReason, Outcome, Part, ToolCall, Usage } from '../domain/completion.ts';
import { Cancelled, GatewayError, OutputInvalid, ProviderError, type ErrorCode } from '../domain/errors.ts';
import { NOTHING_USED } from '../domain/outcome.ts';
import { compileSchema } from '../lib/json-schema.ts';
import { countTokens } from '../lib/tokens.ts';
import { AttemptTimeout } from './attempt.ts';
import { estimatedUsage, type Plan, type Pricing } from './plan.ts';

/** An answer longer than this is a vendor gone wrong; without a bound it would fill the memory. */
const MAX_ANSWER_CHARS = 16_000_000;

/** Counts what a vendor says, chunk by chunk, and knows at every moment what the completion would come to. */
export interface Meter {
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
  seenOutputTokens(): number;
  outcome(): Outcome;
}

export function createMeter(plan: Plan, pricing: Pick<Pricing, 'costOf'>, monotonicMs: () => number): Meter {
  const startedMs = monotonicMs();
  const parts: Part[] = [];
  const toolCalls: ToolCall[] = [];
  const warnings: string[] = [];
  let written = '';
  let firstTokenMs: number | undefined;
  let finish: FinishReason | undefined;
  let reported: Omit<Usage, 'source'> | undefined;
  let object: unknown;
  let failure: Failure | undefined;
  let attemptEnd: Pick<Attempt, 'status' | 'httpStatus' | 'errorType'> = { status: 'CANCELLED', httpStatus: undefined, errorType: 'CANCELLED' };

  const sinceStartMs = () => Math.round(monotonicMs() - startedMs);

  function write(text: string): void {
    firstTokenMs ??= sinceStartMs();
    written += text;
    if (written.length > MAX_ANSWER_CHARS) {
      throw new ProviderError(`${plan.model.provider} answered more than ${MAX_ANSWER_CHARS} characters`, { cut: true });
    }
  }

  function countText(type: Part['type'], text: string): CompletionEvent | undefined {
    if (text === '') return undefined;
    write(text);
    const last = parts.at(-1);
    if (last?.type === type) last.text += text;
    else parts.push({ type, text });
    return { type, text };
  }

  function count(chunk: Chunk): CompletionEvent | undefined {
    switch (chunk.type) {
      case 'text':
      case 'reasoning':
        return countText(chunk.type, chunk.text);
      case 'tool-delta':
        write(chunk.delta);
        return chunk;
      case 'tool-call':
        toolCalls.push(chunk.call);
        return undefined;
      case 'usage':
        reported = chunk.usage;
        return undefined;
      case 'warnings':
        warnings.push(...chunk.warnings);
        return undefined;
      case 'finish':
        finish = chunk.reason;
        return undefined;
    }
  }

  function succeed(): void {
    if (!finish) throw new ProviderError(`${plan.model.provider} ended its answer without a finish`, { cut: written !== '' });
    attemptEnd = { status: 'OK', httpStatus: 200, errorType: undefined };
    const { outputSchema } = plan.grant.ask;
    if (outputSchema && finish !== 'TOOL_CALLS') object = parseOutput(textOf(parts), outputSchema);
  }

  function fail(error: unknown, signal: AbortSignal): void {
    const isOurs = signal.aborted && error === signal.reason;
    const told = error instanceof GatewayError ? error : new ProviderError('the provider failed in an unexpected way', { cause: error });
    if (!(told instanceof OutputInvalid)) attemptEnd = toAttemptEnd(told, isOurs);
    failure = {
      reason: isOurs ? 'CANCELLED' : told instanceof ProviderError && told.cut ? 'CUT' : 'FAILED',
      code: isOurs ? 'CANCELLED' : (told.code as ErrorCode),
      message: told.message,
      retryAfterMs: told instanceof ProviderError ? told.retryAfterMs : undefined,
    };
  }

  /** The vendor's own figures where it gave any, an explicit zero included; else what was seen of an answer. */
  function usage(): Usage {
    if (reported) return { ...reported, source: 'REPORTED' };
    if (written === '' && !finish) return NOTHING_USED;
    return estimatedUsage(plan.estimatedInputTokens, countTokens(written));
  }

  function costOf(used: Usage): bigint | undefined {
    if (used.source === 'NONE') return 0n;
    return plan.price && pricing.costOf(plan.price, used);
  }

  function outcome(): Outcome {
    const used = usage();
    const ended = failure ?? (finish ? undefined : LEFT);
    return {
      status: !ended ? 'SUCCEEDED' : ended.reason === 'CANCELLED' ? 'CANCELLED' : 'FAILED',
      finishReason: ended ? (ended.reason === 'CANCELLED' ? 'CANCELLED' : 'ERROR') : (finish ?? 'ERROR'),
      parts,
      toolCalls,
      object,
      usage: used,
      costNanos: costOf(used),
      failure: ended,
      attempts: [{ index: 0, provider: plan.model.provider, model: plan.model.name, latencyMs: sinceStartMs(), ...attemptEnd }],
      warnings,
      totalMs: sinceStartMs(),
      firstTokenMs,
    };
  }

  return { count, succeed, fail, outcome, seenOutputTokens: () => countTokens(written) };
}

/** A consumer that simply stops reading raises no error. */
const LEFT: Failure = { reason: 'CANCELLED', code: 'CANCELLED', message: 'the caller left' };

export function textOf(parts: Part[]): string {
  return parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), '');
}

function parseOutput(text: string, schema: Record<string, unknown>): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new OutputInvalid('the model was asked for JSON and answered something else');
  }
  const fault = compileSchema(schema)(value);
  if (fault) throw new OutputInvalid(`the answer does not meet the schema: ${fault}`);
  return value;
}

function toAttemptEnd(error: GatewayError, isOurs: boolean): Pick<Attempt, 'status' | 'httpStatus' | 'errorType'> {
  const status: AttemptStatus =
    isOurs || error instanceof Cancelled
      ? 'CANCELLED'
      : error instanceof AttemptTimeout
        ? 'TIMEOUT'
        : error.code === 'RATE_LIMITED'
          ? 'RATE_LIMITED'
          : 'ERROR';
  const httpStatus = error instanceof ProviderError ? error.httpStatus : undefined;
  return { status, httpStatus, errorType: isOurs ? 'CANCELLED' : (error.code as ErrorCode) };
}
