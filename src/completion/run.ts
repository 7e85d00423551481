import type { Completion, CompletionEvent } from '../domain/completion.ts';
import { Cancelled } from '../domain/errors.ts';
import { createStreamLog, type StreamLog } from '../events/stream-log.ts';
import { createDeadline } from '../lib/abort.ts';
import type { Meter } from './meter.ts';

/** A completion under way in this process: it belongs to no connection, and any number of readers can join. */
export interface Run {
  log: StreamLog;
  /** Of the ask that its idempotency key stands for; empty for one without a key. */
  askHash: string;
  /** Once its hold is durable; rejects with the refusal when it never begins. */
  started: Promise<Completion>;
  /** The settled completion; rejects with the refusal when it never begins. */
  ended: Promise<Completion>;
  /** Counts somebody in who wants the answer. Returns how to count them out; when nobody is left it is abandoned. */
  join(): () => void;
  /** Stops the vendor; the completion settles as cancelled. */
  abort(reason: Cancelled): void;
  /** Output tokens so far, and of which attempt; undefined before a vendor is called, or where another process works. */
  progress(): { attempt: number; seenOutputTokens: number } | undefined;
}

type Source = (signal: AbortSignal, onMeter: (meter: Meter) => void) => AsyncIterable<CompletionEvent>;

/** @param abandonMs how long it goes on while nobody has joined; 0 stops it as soon as the last one leaves. */
export function createRun(source: Source, abandonMs: number, askHash = ''): Run {
  const log = createStreamLog();
  const aborter = new AbortController();
  const started = Promise.withResolvers<Completion>();
  const ended = Promise.withResolvers<Completion>();
  // Callers look at whichever of the two they need; the other one must not count as unhandled.
  started.promise.catch(() => {});
  ended.promise.catch(() => {});
  let meter: Meter | undefined;
  let latest: Completion | undefined;
  let joined = 0;
  let over = false;
  let abandoned: ReturnType<typeof createDeadline> | undefined;

  const abort = (reason: Cancelled) => aborter.abort(reason);
  const abandon = () => abort(new Cancelled('the caller left'));

  function take(event: CompletionEvent): void {
    if ('completion' in event && event.completion) latest = event.completion;
    log.append(event);
    if (event.type === 'started') started.resolve(event.completion);
  }

  async function pump(): Promise<void> {
    try {
      for await (const event of source(aborter.signal, (made) => (meter = made))) take(event);
      if (latest) ended.resolve(latest);
    } catch (error) {
      started.reject(error);
      ended.reject(error);
      // Only a process that is going down leaves a begun completion unsettled; the next start settles it.
      if (latest) take({ type: 'failed', failure: UNSETTLED, completion: latest });
    } finally {
      abandoned?.stop();
      over = true;
    }
  }

  function join(): () => void {
    joined += 1;
    abandoned?.stop();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      joined -= 1;
      if (joined > 0 || over) return;
      if (abandonMs === 0) abandon();
      else abandoned = createDeadline({ ms: abandonMs, onExpire: abandon });
    };
  }

  void pump();
  return {
    log,
    askHash,
    started: started.promise,
    ended: ended.promise,
    join,
    abort,
    progress: () => meter && { attempt: meter.attempt, seenOutputTokens: meter.seenOutputTokens() },
  };
}

const UNSETTLED = {
  reason: 'INTERRUPTED',
  code: 'CANCELLED',
  message: 'the gateway is shutting down; what was used is settled at its next start',
} as const;
