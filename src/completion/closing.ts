import type { Completion, CompletionEvent } from '../domain/completion.ts';
import { GatewayError } from '../domain/errors.ts';
import { NOTHING_USED, withEarlier } from '../domain/outcome.ts';
import { sleep } from '../lib/abort.ts';
import type { LastAttempt } from './attempts.ts';
import type { Deps, Request } from './complete.ts';

const REREAD_WITHIN_MS = 10_000;
const REREAD_EVERY_MS = 100;

/** Settles a completion with its last attempt, in limits too, and answers the event that ends its stream. Nothing cancels this. */
export async function close(
  deps: Pick<Deps, 'ledger' | 'reread' | 'reporter'>,
  { who, requestId }: Pick<Request, 'who' | 'requestId'>,
  last: LastAttempt,
): Promise<CompletionEvent> {
  const { completion, earlier, outcome } = last;
  last.turn.end(outcome);
  const finishedAt = await settleSurely(deps, last);
  const settled = finishedAt
    ? { ...completion, status: outcome.status, finishedAt, outcome: withEarlier(earlier, outcome) }
    : // Recovery settled it when our hold had run out, or we did and the database's answer was lost: the row is the truth.
      await rereadSurely(() => deps.reread(who, completion.id));
  deps.reporter.settled(settled, requestId);
  return terminalEvent(settled);
}

/** What was taken from limits is given back whether or not the ledger can be written. */
async function settleSurely(
  { ledger }: Pick<Deps, 'ledger'>,
  { completion, planned: { grant }, taken, takenFirst, outcome, isHedged }: LastAttempt,
): Promise<Date | undefined> {
  try {
    // Where nobody knows whether something was reserved beside it, that goes with it.
    const hedge = isHedged ? { hedge: { usage: NOTHING_USED, costNanos: 0n } } : {};
    // A copy was given what its original was.
    const recording = grant.who.background ? undefined : grant.ask.recording;
    return await ledger.settle({ completionId: completion.id, outcome, recording, ...hedge });
  } finally {
    await taken.settle({ TOKENS_PER_MINUTE: outcome.usage.input + outcome.usage.output });
    await takenFirst.settle({});
  }
}

/** The one event that ends the stream of a settled completion. */
export function terminalEvent(completion: Completion): CompletionEvent {
  const failure = completion.outcome?.failure;
  return failure ? { type: 'failed', failure, completion } : { type: 'finished', completion };
}

/** A database that has just lost our settlement's answer may well fail once more. */
async function rereadSurely(reread: () => Promise<Completion>): Promise<Completion> {
  const giveUp = AbortSignal.timeout(REREAD_WITHIN_MS);
  for (;;) {
    try {
      return await reread();
    } catch (error) {
      if (error instanceof GatewayError || giveUp.aborted) throw error;
      await sleep(REREAD_EVERY_MS, giveUp).catch(() => {});
    }
  }
}
