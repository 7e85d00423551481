/** What arrives by callbacks, to be read in a loop. It grows while it is not read: a WebSocket cannot be held back. */
export interface Inbox<T> {
  put(item: T): void;
  /** Ends the reading, after what has arrived; the first end counts. */
  end(error?: unknown): void;
  read(): AsyncGenerator<T, void>;
}

/** @param signal ends the reading at once, whatever has arrived, with its reason. */
export function createInbox<T>(signal: AbortSignal): Inbox<T> {
  const items: T[] = [];
  let ended: { error: unknown } | undefined;
  let wake = () => {};
  function end(error?: unknown): void {
    ended ??= { error };
    wake();
  }
  function stop(): void {
    items.length = 0;
    end(signal.reason);
  }
  return {
    put(item) {
      items.push(item);
      wake();
    },
    end,
    async *read() {
      signal.throwIfAborted();
      signal.addEventListener('abort', stop);
      try {
        for (;;) {
          for (let item = items.shift(); item !== undefined; item = items.shift()) yield item;
          if (ended) break;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', stop);
      }
      if (ended.error !== undefined) throw ended.error;
    },
  };
}
