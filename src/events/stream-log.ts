import { randomBytes } from 'node:crypto';
import type { CompletionEvent } from '../domain/completion.ts';
import { InvalidInput } from '../domain/errors.ts';

/** One event with its place in the stream. */
export interface Entry {
  /** Opaque to clients: handed back, it means "what came after this". */
  cursor: string;
  event: CompletionEvent;
}

/** The events of one completion, kept so that any number of readers can come, lag, leave and come again. */
export interface StreamLog {
  append(event: CompletionEvent): void;
  /**
   * Reads from the cursor on (or from the start) to the terminal event, each reader at its own pace. A cursor of
   * another log of the same completion (of a process before this one, say) means nothing here: its reader is told
   * to begin again by a `reset`.
   * @param coalesceMs merge deltas so that at most one frame in this time is sent; 0 sends each.
   * @throws InvalidInput for what is no cursor.
   */
  read(after: string | undefined, coalesceMs: number, signal: AbortSignal): AsyncIterableIterator<Entry>;
  /** Characters kept, for whoever bounds the memory of many logs. */
  size(): number;
}

export function createStreamLog(): StreamLog {
  const epoch = randomBytes(4).toString('hex');
  const events: CompletionEvent[] = [];
  const sleepers = new Set<() => void>();
  let chars = 0;

  const isEnded = () => isTerminal(events.at(-1));

  function append(event: CompletionEvent): void {
    events.push(event);
    chars += sizeOf(event);
    for (const wake of sleepers) wake();
  }

  function read(after: string | undefined, coalesceMs: number, signal: AbortSignal): AsyncIterableIterator<Entry> {
    const seen = after === undefined ? 0 : fromCursor(after, epoch);
    let restart = seen === undefined || seen > events.length;
    // A reader that has seen everything is told the end again, so that every stream has its terminal event.
    let next = restart ? 0 : Math.min(seen ?? 0, isEnded() ? events.length - 1 : events.length);
    let sentAt = -Infinity;
    let done = signal.aborted;
    let wake = () => {};
    const leave = () => {
      done = true;
      signal.removeEventListener('abort', leave);
      wake();
    };
    signal.addEventListener('abort', leave, { once: true });

    function waitForMore(ms?: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      wake = resolve;
      if (ms === undefined || !isEnded()) sleepers.add(resolve);
      return promise.finally(() => {
        sleepers.delete(resolve);
        clearTimeout(timer);
      });
    }

    /** Deltas that follow soon after a sent one wait for company; everything else goes at once. */
    async function waitForCompany(): Promise<void> {
      const until = sentAt + coalesceMs;
      while (!done && isMergeable(events.at(-1))) {
        const left = until - performance.now();
        if (left <= 0) return;
        await waitForMore(left);
      }
    }

    async function take(): Promise<IteratorResult<Entry>> {
      while (!done && next >= events.length) await waitForMore();
      if (!done && coalesceMs > 0) await waitForCompany();
      if (done) return { value: undefined, done: true };
      if (restart) {
        restart = false;
        return { value: { cursor: toCursor(epoch, 0), event: RESTARTED }, done: false };
      }
      const [event, last] = merged(events, next, coalesceMs > 0);
      next = last + 1;
      sentAt = performance.now();
      if (isTerminal(event)) leave();
      return { value: { cursor: toCursor(epoch, next), event }, done: false };
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

  return { append, read, size: () => chars };
}

const RESTARTED: CompletionEvent = { type: 'reset', reason: 'the stream is told again from its beginning' };

export function isTerminal(event: CompletionEvent | undefined): boolean {
  return event?.type === 'finished' || event?.type === 'failed';
}

function isMergeable(event: CompletionEvent | undefined): boolean {
  return event?.type === 'text' || event?.type === 'reasoning';
}

/** The event at `from` joined with those of its kind that follow it, and the place of the last of them. */
function merged(events: CompletionEvent[], from: number, merge: boolean): [CompletionEvent, number] {
  const first = events[from]!;
  if (!merge || (first.type !== 'text' && first.type !== 'reasoning')) return [first, from];
  let last = from;
  let text = first.text;
  for (let event = events[last + 1]; event?.type === first.type; event = events[last + 1]) {
    text += event.text;
    last += 1;
  }
  return [{ type: first.type, text }, last];
}

function sizeOf(event: CompletionEvent): number {
  if (event.type === 'text' || event.type === 'reasoning') return event.text.length;
  return event.type === 'tool-delta' ? event.delta.length : 1_000;
}

/** How many events a reader of this log has seen. */
function toCursor(epoch: string, seen: number): string {
  return `${epoch}.${seen}`;
}

/** @returns undefined for a cursor of another log. */
function fromCursor(cursor: string, epoch: string): number | undefined {
  const [, of, seen] = /^([0-9a-f]{8})\.(\d{1,9})$/.exec(cursor) ?? [];
  if (of !== undefined) return of === epoch ? Number(seen) : undefined;
  const message = `after is ${JSON.stringify(cursor)}, which is no cursor; hand back one that an event carried`;
  throw new InvalidInput([{ path: ['after'], message }]);
}
