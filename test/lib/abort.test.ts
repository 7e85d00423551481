import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createDeadline, iterateUntilAborted, raceAbort, sleep } from '../../src/lib/abort.ts';

const reason = new Error('the client left');
const silence = new Promise<never>(() => {});

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

/** Counts up, then says nothing more; tells when it was asked to end. */
function countThenSilence(last: number) {
  const source = {
    returned: 0,
    count: 0,
    [Symbol.asyncIterator]: () => source,
    next: (): Promise<IteratorResult<number>> =>
      source.count < last ? Promise.resolve({ value: ++source.count, done: false }) : silence,
    return(): Promise<IteratorResult<number>> {
      source.returned += 1;
      return silence;
    },
  };
  return source;
}

describe('raceAbort', () => {
  test('gives the result and takes its listener away', async () => {
    const { signal } = new AbortController();
    await expect(raceAbort(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(raceAbort(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
    expect(listeners(signal)).toBe(0);
  });

  test('rejects with the reason when the signal aborts, and ignores what comes later', async () => {
    const controller = new AbortController();
    const work = Promise.withResolvers<never>();
    const raced = raceAbort(work.promise, controller.signal);
    controller.abort(reason);
    await expect(raced).rejects.toBe(reason);
    // An unhandled rejection would fail this run.
    work.reject(new Error('too late'));
    expect(listeners(controller.signal)).toBe(0);
  });

  test('rejects when the signal had aborted before, even if the work is done', async () => {
    await expect(raceAbort(Promise.resolve(7), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('sleep', () => {
  test('ends by itself', async () => {
    await expect(sleep(1, new AbortController().signal)).resolves.toBeUndefined();
  });

  test('rejects with the reason on abort, before or during the wait', async () => {
    const controller = new AbortController();
    const slept = sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(slept).rejects.toBe(reason);
    await expect(sleep(60_000, controller.signal)).rejects.toBe(reason);
  });
});

describe('iterateUntilAborted', () => {
  test('passes on values and the end', async () => {
    const { signal } = new AbortController();
    async function* source() {
      yield 1;
      yield 2;
    }
    expect(await Array.fromAsync(iterateUntilAborted(source(), signal))).toEqual([1, 2]);
    expect(listeners(signal)).toBe(0);
  });

  test('passes on the error of the source, then is at its end', async () => {
    const { signal } = new AbortController();
    // eslint-disable-next-line require-yield -- a source that fails at once
    async function* source(): AsyncGenerator<number> {
      throw new Error('the vendor failed');
    }
    const values = iterateUntilAborted(source(), signal);
    await expect(values.next()).rejects.toThrow('the vendor failed');
    await expect(values.next()).resolves.toMatchObject({ done: true });
    expect(listeners(signal)).toBe(0);
  });

  test('an abort ends a wait for a silent source, which is told to end', async () => {
    const controller = new AbortController();
    const source = countThenSilence(1);
    const values = iterateUntilAborted(source, controller.signal);
    await expect(values.next()).resolves.toEqual({ value: 1, done: false });
    const waiting = values.next();
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(values.next()).rejects.toBe(reason);
    expect(source.returned).toBe(1);
  });

  test('an abort between two values ends the source at once and is told at the next()', async () => {
    const controller = new AbortController();
    const source = countThenSilence(9);
    const values = iterateUntilAborted(source, controller.signal);
    await values.next();
    controller.abort(reason);
    expect(source.returned).toBe(1);
    await expect(values.next()).rejects.toBe(reason);
    expect(source.count).toBe(1);
  });

  test('a value that came just before the abort still counts', async () => {
    const controller = new AbortController();
    const values = iterateUntilAborted(countThenSilence(9), controller.signal);
    const first = values.next();
    await Promise.resolve();
    controller.abort(reason);
    await expect(first).resolves.toEqual({ value: 1, done: false });
    await expect(values.next()).rejects.toBe(reason);
  });

  test('a signal that had aborted before lets nothing begin', async () => {
    const source = countThenSilence(9);
    const values = iterateUntilAborted(source, AbortSignal.abort(reason));
    await expect(values.next()).rejects.toBe(reason);
    expect(source.count).toBe(0);
  });

  test('return() ends at once, also a next() that waits, and only once for the source', async () => {
    const controller = new AbortController();
    const source = countThenSilence(0);
    const values = iterateUntilAborted(source, controller.signal);
    const waiting = values.next();
    await expect(values.return?.()).resolves.toMatchObject({ done: true });
    await expect(waiting).resolves.toMatchObject({ done: true });
    await values.return?.();
    controller.abort(reason);
    await expect(values.next()).resolves.toMatchObject({ done: true });
    expect(source.returned).toBe(1);
    expect(listeners(controller.signal)).toBe(0);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('could not hang up');
      },
    ],
    ['rejects', () => Promise.reject(new Error('could not hang up'))],
  ])('a source whose return() %s disturbs nobody', async (_, fail: () => Promise<never>) => {
    const source = { ...countThenSilence(9), return: fail };
    const values = iterateUntilAborted(
      { [Symbol.asyncIterator]: () => source },
      new AbortController().signal,
    );
    await values.next();
    await expect(values.return?.()).resolves.toMatchObject({ done: true });
  });
});

describe('createDeadline', () => {
  afterEach(() => vi.useRealTimers());

  test('expires once, so long after the last restart', () => {
    vi.useFakeTimers();
    const onExpire = vi.fn();
    const deadline = createDeadline({ ms: 100, onExpire });
    vi.advanceTimersByTime(99);
    deadline.restart();
    vi.advanceTimersByTime(99);
    expect(onExpire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onExpire).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1_000);
    expect(onExpire).toHaveBeenCalledOnce();
  });

  test('never expires after stop(), not even when it is restarted', async () => {
    const expired: string[] = [];
    const stopped = createDeadline({ ms: 1, onExpire: () => expired.push('stopped') });
    stopped.stop();
    stopped.restart();
    const { promise, resolve } = Promise.withResolvers<void>();
    createDeadline({ ms: 20, onExpire: resolve });
    await promise;
    expect(expired).toEqual([]);
  });
});
