import { setTimeout as wait } from 'node:timers/promises';

/**
 * The result of `work`, or the signal's reason as soon as it aborts. The work itself is not stopped: give it
 * the signal too. What it does after the abort is ignored.
 * @param withinMs rejects with a TimeoutError when the work takes longer. Cheaper than `AbortSignal.timeout`, which
 * also stays in memory for all its time.
 */
export function raceAbort<T>(work: PromiseLike<T>, signal: AbortSignal, withinMs?: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const expire = () => reject(new DOMException(`not done within ${withinMs} ms`, 'TimeoutError'));
  const timer = withinMs === undefined ? undefined : setTimeout(expire, withinMs);
  work.then(resolve, reject);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  });
}

/**
 * Does work that hears, by its signal, when it takes too long or when its caller leaves; then this rejects at once. A timer
 * of its own, which ends with the work: those of `AbortSignal.timeout` would all stay for the whole time.
 * @param limit.late makes what it rejects with when it takes longer than `ms`.
 */
export async function withDeadline<T>(
  limit: { ms: number; signal: AbortSignal | undefined; late(): Error },
  work: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(limit.late()), limit.ms);
  const caller = limit.signal;
  const leave = () => ending.abort(caller?.reason);
  if (caller?.aborted) leave();
  else caller?.addEventListener('abort', leave, { once: true });
  try {
    return await raceAbort(Promise.resolve(work(ending.signal)), ending.signal);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', leave);
  }
}

/** Waits; rejects with the signal's reason as soon as it aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/**
 * Calls `onExpire` once `ms` have passed since the creation or the last `restart()`. One timer serves the
 * whole life, so a restart for each chunk of a stream costs next to nothing. `stop()` is final.
 */
export function createDeadline(options: { ms: number; onExpire: () => void }): {
  restart(): void;
  stop(): void;
} {
  const timer = setTimeout(options.onExpire, options.ms);
  return {
    restart: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  };
}

/**
 * The values of `source` until the signal aborts; then `next()` rejects with its reason. An abort and
 * `return()` both take effect at once, also while the source is silent: an `async function*` that awaits would
 * hold back its own `return()`, so this calls it without waiting. Takes one `next()` at a time.
 */
export function iterateUntilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncIterableIterator<T> {
  type Answer = () => Promise<IteratorResult<T>>;
  const iterator = source[Symbol.asyncIterator]();
  const done: Answer = () => Promise.resolve({ value: undefined, done: true });
  let waiting: PromiseWithResolvers<IteratorResult<T>> | undefined;
  let atEnd: Answer | undefined;

  function end(answer: Answer) {
    atEnd ??= answer;
    signal.removeEventListener('abort', onAbort);
  }
  function leave(answer: Answer) {
    if (atEnd) return;
    end(answer);
    if (waiting) answer().then(waiting.resolve, waiting.reject);
    void returnQuietly(iterator);
  }
  function onAbort() {
    leave(() => Promise.reject(signal.reason));
  }
  async function pull() {
    waiting = Promise.withResolvers();
    try {
      iterator.next().then(waiting.resolve, waiting.reject);
      const result = await waiting.promise;
      if (result.done) end(done);
      return result;
    } catch (error) {
      end(done);
      throw error;
    } finally {
      waiting = undefined;
    }
  }

  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => (atEnd ? atEnd() : pull()),
    return() {
      leave(done);
      return done();
    },
  };
}

/** The reader has left: nobody is there to hear how the source took it. */
async function returnQuietly(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {}
}
