import { AsyncLocalStorage } from 'node:async_hooks';

const watching = new AsyncLocalStorage<() => void>();

/** Whoever waits for a connection within this call; undefined when nobody does. Ask before anything is awaited. */
export function findConnectionWatch(): (() => void) | undefined {
  return watching.getStore();
}

/**
 * The values of a source whose first `next()` makes a connection somewhere below, through libraries that know nothing of
 * it. `onConnected` is called when there is one.
 */
export function watchConnection<T>(source: AsyncIterable<T>, onConnected: () => void): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]();
      return {
        next: () => watching.run(onConnected, () => iterator.next()),
        return: async () => (await iterator.return?.()) ?? { value: undefined, done: true },
      };
    },
  };
}
