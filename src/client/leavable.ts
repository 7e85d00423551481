/**
 * What a generator yields, to be left at any time: `return()` ends it at once, also while it waits.
 * @param run is given a signal that aborts when the reader leaves, or with `signal`.
 */
export function leavable<T>(
  run: (signal: AbortSignal) => AsyncGenerator<T, void>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<T> {
  const reader = new AbortController();
  const items = run(signal ? AbortSignal.any([signal, reader.signal]) : reader.signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        return await items.next();
      } catch (error) {
        if (reader.signal.aborted) return { value: undefined, done: true };
        throw error;
      }
    },
    async return() {
      reader.abort();
      await items.return();
      return { value: undefined, done: true };
    },
  };
}
