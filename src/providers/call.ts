/**
 * Runs an async generator under a signal of its own, which aborts with the given one or as soon as the reader
 * leaves. A bare generator only hears of `return()` when what it awaits has come, and a vendor may be silent.
 */
export function startCall<T>(
  signal: AbortSignal,
  run: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncIterable<T> {
  const call = new AbortController();
  const follow = () => call.abort(signal.reason);
  const generator = run(call.signal);

  const unfollow = () => signal.removeEventListener('abort', follow);
  function onResult<R extends IteratorResult<T>>(result: R): R {
    if (result.done) unfollow();
    return result;
  }
  function onError(error: unknown): never {
    unfollow();
    throw error;
  }
  const iterator: AsyncIterator<T, void, undefined> = {
    next: () => generator.next().then(onResult, onError),
    return() {
      call.abort(new Error('the reader has left'));
      return generator.return().then(onResult, onError);
    },
  };
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  return { [Symbol.asyncIterator]: () => iterator };
}
