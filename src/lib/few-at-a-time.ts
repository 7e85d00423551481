/**
 * Runs work as it comes, but never more than so many at once; the rest waits for its turn, in order.
 * @returns a function that rejects with the signal's reason where that aborts before the turn has come.
 */
export function fewAtATime(most: number) {
  let free = most;
  const waiting = new Set<() => void>();
  const leave = () => {
    const [next] = waiting;
    if (next) next();
    else free += 1;
  };

  function enter(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = () => {
      waiting.delete(go);
      signal.removeEventListener('abort', onAbort);
    };
    const go = () => {
      end();
      resolve();
    };
    const onAbort = () => {
      end();
      reject(signal.reason);
    };
    waiting.add(go);
    signal.addEventListener('abort', onAbort, { once: true });
    return promise;
  }

  return async <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted();
    if (free > 0) free -= 1;
    else await enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
