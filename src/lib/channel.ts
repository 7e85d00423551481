/** A queue between one writer that never waits and one reader. */
export interface Channel<T> extends AsyncIterableIterator<T> {
  /** Hands a value over; false when the channel has ended and the value was not taken. */
  push(value: T): boolean;
  /** Ends the channel, with an error or well. The reader still gets what was pushed before. */
  end(error?: Error): void;
  return(): Promise<IteratorResult<T>>;
}

export interface ChannelOptions {
  /** How many values may wait for the reader. */
  limit: number;
  /** `error` ends the channel for a reader that is too slow; `drop-oldest` makes room. */
  onOverflow: 'error' | 'drop-oldest';
  /** Called once, whoever ends the channel: to unsubscribe, or to stop a call. */
  onEnd?: () => void;
}

/** Unlike that of an `async function*`, the reader's `return()` takes effect at once. Takes one `next()` at a time. */
export function createChannel<T>(options: ChannelOptions): Channel<T> {
  const queue: T[] = [];
  let reader: PromiseWithResolvers<IteratorResult<T>> | undefined;
  let ended = false;
  let failure: Error | undefined;

  function push(value: T): boolean {
    if (ended) return false;
    if (reader) {
      reader.resolve({ value, done: false });
      reader = undefined;
      return true;
    }
    if (queue.length >= options.limit) {
      if (options.onOverflow === 'error') {
        end(new Error(`the reader is too slow: more than ${options.limit} values are waiting for it`));
        return false;
      }
      queue.shift();
    }
    queue.push(value);
    return true;
  }

  function end(error?: Error): void {
    if (ended) return;
    ended = true;
    failure = error;
    reader?.resolve(readEnd());
    reader = undefined;
    options.onEnd?.();
  }

  /** An error is told once; a reader that goes on reading finds the end. */
  function readEnd(): Promise<IteratorResult<T>> {
    const error = failure;
    failure = undefined;
    return error ? Promise.reject(error) : Promise.resolve({ value: undefined, done: true });
  }

  function next(): Promise<IteratorResult<T>> {
    if (queue.length > 0) return Promise.resolve({ value: queue.shift() as T, done: false });
    if (ended) return readEnd();
    reader = Promise.withResolvers();
    return reader.promise;
  }

  return {
    push,
    end,
    next,
    return() {
      queue.length = 0;
      end();
      failure = undefined;
      return readEnd();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
