import { isTerminal, type CompletionEvent } from '../domain/completion.ts';

/** A log as a reader sees it. */
export interface Readable {
  readonly events: readonly CompletionEvent[];
  /** Called after each event that is added. */
  readonly wakers: Set<() => void>;
}

/** One event, and how many of the log's events have been seen with it. */
export interface Read {
  event: CompletionEvent;
  seen: number;
}

/**
 * Reads a log from a place to its terminal event, at the reader's own pace: what it has not read yet stays in the
 * log, so a slow reader holds nobody up and costs no memory.
 * @param coalesceMs after a delta, what follows within this time is sent as one; 0 sends each event as it is.
 */
export function readLog(
  log: Readable,
  from: number,
  coalesceMs: number,
  signal: AbortSignal,
): AsyncIterableIterator<Read> {
  let next = from;
  let sentDeltaAtMs = -Infinity;
  let left = signal.aborted;
  let wake = () => {};
  const leave = () => {
    left = true;
    signal.removeEventListener('abort', leave);
    wake();
  };
  signal.addEventListener('abort', leave, { once: true });

  async function sleepUntilWoken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    log.wakers.add(resolve);
    await promise;
    log.wakers.delete(resolve);
  }

  /** The end of a stream is worth waking up for, and so is the reader's own leaving; one more delta is not. */
  async function sleepForCompany(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const wakeAtEnd = () => isTerminal(log.events.at(-1)) && resolve();
    wake = resolve;
    log.wakers.add(wakeAtEnd);
    await promise;
    log.wakers.delete(wakeAtEnd);
    clearTimeout(timer);
  }

  async function take(): Promise<IteratorResult<Read>> {
    while (!left && next >= log.events.length) await sleepUntilWoken();
    const waitMs = sentDeltaAtMs + coalesceMs - performance.now();
    if (!left && waitMs > 0 && !isTerminal(log.events.at(-1))) await sleepForCompany(waitMs);
    if (left) return { value: undefined, done: true };
    const read = readOne(log.events, next, coalesceMs > 0);
    next = read.seen;
    if (isDelta(read.event)) sentDeltaAtMs = performance.now();
    if (isTerminal(read.event)) leave();
    return { value: read, done: false };
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: take,
    return() {
      leave();
      return Promise.resolve({ value: undefined, done: true });
    },
  };
}

function isDelta(event: CompletionEvent): event is Extract<CompletionEvent, { type: 'text' | 'reasoning' }> {
  return event.type === 'text' || event.type === 'reasoning';
}

/** The next event, joined with those of its kind that follow it. */
function readOne(events: readonly CompletionEvent[], from: number, merge: boolean): Read {
  const first = events[from]!;
  let seen = from + 1;
  if (!merge || !isDelta(first)) return { event: first, seen };
  let { text } = first;
  for (let event = events[seen]; event?.type === first.type; event = events[seen]) {
    text += event.text;
    seen += 1;
  }
  return { event: { type: first.type, text }, seen };
}
