import type { Attempt, CompletionEvent } from '../domain/completion.ts';
import { GatewayError } from '../domain/errors.ts';
import type { FallbackReason, TargetTimeouts } from '../domain/route.ts';
import type { Entered } from './admit.ts';
import { attempt, type AttemptTimeouts } from './attempt.ts';
import type { Deps } from './complete.ts';
import { reasonOf, type Failed } from './fallback.ts';
import type { Meter } from './meter.ts';

/** One attempt that was let in, with what counts it. */
export interface Call {
  entered: Entered;
  meter: Meter;
  timeouts: AttemptTimeouts;
  requestId: string;
}

/**
 * Calls the vendor and yields what subscribers are told; there is nothing of it before the vendor says something real.
 * @returns why another attempt may follow; undefined when it was answered.
 * @throws what nobody makes up for: a cancellation above all.
 */
export async function* call(
  deps: Pick<Deps, 'callProvider' | 'reporter'>,
  { entered, meter, timeouts, requestId }: Call,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent, Failed | undefined> {
  let isCut = false;
  const failed = (reason: FallbackReason, error: unknown): Failed => ({
    reason,
    error,
    isCut,
    isTold: isCut || meter.told().parts.length > 0,
    isPlainText: meter.isPlainText(),
  });
  try {
    for await (const chunk of attempt(deps, { ...entered, timeouts }, signal)) {
      const event = meter.count(chunk);
      if (!event) continue;
      isCut = true;
      yield event;
    }
    meter.succeed();
    return meter.isFiltered() ? failed('CONTENT_FILTER', undefined) : undefined;
  } catch (error) {
    meter.fail(error, signal);
    const reason = signal.aborted ? undefined : reasonOf(error);
    if (!reason) throw error;
    if (!(error instanceof GatewayError)) deps.reporter.unexpected(error, requestId);
    return failed(reason, error);
  }
}

/** The times of a target where it has its own, and none beyond what is left for all attempts together. */
export function timeoutsOf(
  { connectMs, firstTokenMs, idleMs, totalMs }: TargetTimeouts,
  usual: AttemptTimeouts,
  leftMs: number,
): AttemptTimeouts {
  return {
    connectMs,
    firstChunkMs: firstTokenMs ?? usual.firstChunkMs,
    idleMs: idleMs ?? usual.idleMs,
    totalMs: Math.max(1, Math.ceil(Math.min(totalMs ?? usual.totalMs, leftMs))),
  };
}

/**
 * Settles an attempt that is not the last one, in limits too, and gives its place free.
 * @returns what is known of it.
 */
export async function book(deps: Pick<Deps, 'ledger'>, { entered, meter }: Call): Promise<Attempt> {
  const outcome = meter.outcome();
  const ended = outcome.attempts[0]!;
  entered.turn.end(outcome);
  try {
    await deps.ledger.endAttempt(entered.completion.id, ended);
  } finally {
    await entered.taken.endCall({ TOKENS_PER_MINUTE: ended.usage.input + ended.usage.output });
  }
  return ended;
}
