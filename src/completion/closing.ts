import type { Completion, CompletionEvent, Outcome } from '../domain/completion.ts';
import type { Deps, Request } from './complete.ts';

/** Settles a completion and answers the event that ends its stream. Nothing cancels this. */
export async function close(
  deps: Pick<Deps, 'ledger' | 'reread' | 'reporter'>,
  { who, requestId }: Pick<Request, 'who' | 'requestId'>,
  completion: Completion,
  outcome: Outcome,
): Promise<CompletionEvent> {
  const finishedAt = await deps.ledger.settle({ completionId: completion.id, outcome });
  const settled = finishedAt
    ? { ...completion, status: outcome.status, finishedAt, outcome }
    : // Our hold had run out and recovery settled it: what it wrote is the truth.
      await deps.reread(who, completion.id);
  deps.reporter.settled(settled, requestId);
  return terminalEvent(settled);
}

/** The one event that ends the stream of a settled completion. */
export function terminalEvent(completion: Completion): CompletionEvent {
  const failure = completion.outcome?.failure;
  return failure ? { type: 'failed', failure, completion } : { type: 'finished', completion };
}
