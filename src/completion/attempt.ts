import type { Ask } from '../domain/ask.ts';
import type { Chunk } from '../domain/completion.ts';
import { ProviderError } from '../domain/errors.ts';
import type { Quota } from '../domain/quota.ts';
import { createDeadline, iterateUntilAborted } from '../lib/abort.ts';
import { watchConnection } from '../lib/connection-watch.ts';
import type { Entered } from './admit.ts';

/** Calls one vendor. Ends with a `finish` chunk or throws. Is told what the vendor says of its limits, if it does. */
export type CallProvider = (
  provider: string,
  modelId: string,
  ask: Ask,
  signal: AbortSignal,
  onQuota: (quota: Quota) => void,
) => AsyncIterable<Chunk>;

/** How long a vendor may be silent or go on, in milliseconds. */
export interface AttemptTimeouts {
  /** Until there is a connection; undefined where that is left to the HTTP client. */
  connectMs?: number | undefined;
  /** Until it has said something of its answer. */
  firstChunkMs: number;
  idleMs: number;
  totalMs: number;
}

/** Says that the vendor took too long; told from other failures in the list of attempts. */
export class AttemptTimeout extends ProviderError {
  override name = 'AttemptTimeout';
}

/**
 * One call of one vendor, bounded in time.
 * @throws ProviderError as the vendor's adapter tells it, AttemptTimeout, or the signal's reason.
 */
export async function* attempt(
  { callProvider }: { callProvider: CallProvider },
  {
    planned: { model, grant },
    turn,
    timeouts,
  }: Pick<Entered, 'planned' | 'turn'> & { timeouts: AttemptTimeouts },
  signal: AbortSignal,
): AsyncGenerator<Chunk> {
  const stop = new AbortController();
  const follow = () => stop.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  let begun = false;
  const expire = (ms: number, what: string) => () => {
    const message = `${model.provider} ${what} for ${ms} ms`;
    stop.abort(new AttemptTimeout(message, { cut: begun, retryable: true, httpStatus: 504 }));
  };
  const total = createDeadline({
    ms: timeouts.totalMs,
    onExpire: expire(timeouts.totalMs, 'went on without a finish'),
  });
  const first = createDeadline({
    ms: timeouts.firstChunkMs,
    onExpire: expire(timeouts.firstChunkMs, 'said nothing'),
  });
  const { connectMs } = timeouts;
  const connect =
    connectMs === undefined
      ? undefined
      : createDeadline({ ms: connectMs, onExpire: expire(connectMs, 'was not connected with') });
  let idle: ReturnType<typeof createDeadline> | undefined;
  try {
    const called = callProvider(model.provider, model.id, grant.ask, stop.signal, turn.hear);
    const chunks = connect ? watchConnection(called, connect.stop) : called;
    for await (const chunk of iterateUntilAborted(chunks, stop.signal)) {
      if (!begun) {
        begun = true;
        connect?.stop();
        turn.accepted();
        idle = createDeadline({ ms: timeouts.idleMs, onExpire: expire(timeouts.idleMs, 'fell silent') });
      }
      // Some begin their stream at once and think then.
      if (isContent(chunk)) first.stop();
      idle?.restart();
      yield chunk;
    }
  } finally {
    signal.removeEventListener('abort', follow);
    for (const deadline of [connect, total, first, idle]) deadline?.stop();
  }
}

function isContent(chunk: Chunk): boolean {
  return chunk.type === 'text' || chunk.type === 'reasoning' ? chunk.text !== '' : chunk.type !== 'usage';
}
