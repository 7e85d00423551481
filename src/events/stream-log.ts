import { isTerminal, type CompletionEvent } from '../domain/completion.ts';
import { takeRandomBytes } from '../lib/random.ts';
import { fromCursor, toCursor } from './cursor.ts';
import { readLog } from './stream-reader.ts';

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
   * Reads from the cursor on (or from the start) to the terminal event. A cursor of another log of the same
   * completion (of a process before this one, say) means nothing here: its reader is told to begin again by a
   * `reset`. One that has seen everything is told the end again, so that every stream has its terminal event.
   * @param coalesceMs merge deltas so that at most one is sent in this time; 0 sends each.
   * @throws InvalidInput for what is no cursor.
   */
  read(after: string | undefined, coalesceMs: number, signal: AbortSignal): AsyncIterableIterator<Entry>;
  /** The text that whoever goes on from the cursor has seen; empty where they are told to begin again. */
  textBefore(after: string | undefined): string;
  /** Characters kept, for whoever bounds the memory of many logs. */
  size(): number;
}

const RESTARTED: CompletionEvent = { type: 'reset', reason: 'REPLAYED' };

export function createStreamLog(): StreamLog {
  // Cursors of one log must not be taken for places in another.
  const epoch = takeRandomBytes(4).toString('hex');
  const events: CompletionEvent[] = [];
  const wakers = new Set<() => void>();
  let chars = 0;

  return {
    append(event) {
      events.push(event);
      chars += sizeOf(event);
      for (const wake of wakers) wake();
    },
    read(after, coalesceMs, signal) {
      const seen = after === undefined ? 0 : fromCursor(after, epoch);
      const isLost = seen === undefined || seen > events.length;
      const lastPlace = isTerminal(events.at(-1)) ? events.length - 1 : events.length;
      const reads = readLog({ events, wakers }, isLost ? 0 : Math.min(seen, lastPlace), coalesceMs, signal);
      return toEntries(reads, epoch, isLost);
    },
    textBefore(after) {
      const seen = after === undefined ? 0 : fromCursor(after, epoch);
      return seen === undefined || seen > events.length ? '' : textOf(events.slice(0, seen));
    },
    size: () => chars,
  };
}

function toEntries(
  reads: ReturnType<typeof readLog>,
  epoch: string,
  restarts: boolean,
): AsyncIterableIterator<Entry> {
  let announce = restarts;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (announce) {
        announce = false;
        return { value: { cursor: toCursor(epoch, 0), event: RESTARTED }, done: false };
      }
      const result = await reads.next();
      if (result.done) return { value: undefined, done: true };
      const { event, seen } = result.value;
      return { value: { cursor: toCursor(epoch, seen), event }, done: false };
    },
    async return() {
      await reads.return?.();
      return { value: undefined, done: true };
    },
  };
}

function textOf(events: readonly CompletionEvent[]): string {
  const begin = events.findLastIndex(({ type }) => type === 'reset') + 1;
  return events
    .slice(begin)
    .map((event) => (event.type === 'text' ? event.text : ''))
    .join('');
}

function sizeOf(event: CompletionEvent): number {
  if (event.type === 'text' || event.type === 'reasoning') return event.text.length;
  return event.type === 'tool-delta' ? event.delta.length : 1_000;
}
