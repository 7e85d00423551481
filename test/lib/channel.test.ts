import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createChannel } from '../../src/lib/channel.ts';

function numbers(options: { limit?: number; onOverflow?: 'error' | 'drop-oldest'; onEnd?: () => void } = {}) {
  return createChannel<number>({ limit: 3, onOverflow: 'error', ...options });
}

describe('a channel', () => {
  test('hands values over in order, whether the reader or the writer is first', async () => {
    const channel = numbers();
    channel.push(1);
    channel.push(2);
    await expect(channel.next()).resolves.toEqual({ value: 1, done: false });
    await expect(channel.next()).resolves.toEqual({ value: 2, done: false });
    const waiting = channel.next();
    channel.push(3);
    await expect(waiting).resolves.toEqual({ value: 3, done: false });
  });

  test('gives what was pushed before its end, and takes nothing after', async () => {
    const channel = numbers();
    channel.push(1);
    channel.end();
    expect(channel.push(2)).toBe(false);
    expect(await Array.fromAsync(channel)).toEqual([1]);
  });

  test('tells an error once, after the values before it', async () => {
    const channel = numbers();
    channel.push(1);
    channel.end(new Error('the vendor hung up'));
    await expect(channel.next()).resolves.toEqual({ value: 1, done: false });
    await expect(channel.next()).rejects.toThrow('the vendor hung up');
    await expect(channel.next()).resolves.toMatchObject({ done: true });
  });

  test('wakes a reader that waits when it ends, well or with an error', async () => {
    const good = numbers();
    const end = good.next();
    good.end();
    await expect(end).resolves.toMatchObject({ done: true });

    const bad = numbers();
    const failure = bad.next();
    bad.end(new Error('gone'));
    await expect(failure).rejects.toThrow('gone');
  });

  test('return() takes effect at once: a waiting next() ends, the queue is dropped, the error too', async () => {
    const channel = numbers();
    const waiting = channel.next();
    await expect(channel.return()).resolves.toMatchObject({ done: true });
    await expect(waiting).resolves.toMatchObject({ done: true });

    const failed = numbers();
    failed.push(1);
    failed.end(new Error('gone'));
    await expect(failed.return()).resolves.toMatchObject({ done: true });
    await expect(failed.next()).resolves.toMatchObject({ done: true });
  });

  test('calls onEnd once, whoever ends it', async () => {
    const onEnd = vi.fn();
    const channel = numbers({ onEnd });
    await channel.return();
    channel.end();
    channel.end(new Error('again'));
    expect(onEnd).toHaveBeenCalledOnce();
  });

  test('leaving a for-await loop ends it', async () => {
    const onEnd = vi.fn();
    const channel = numbers({ onEnd });
    channel.push(1);
    channel.push(2);
    for await (const value of channel) if (value === 1) break;
    expect(onEnd).toHaveBeenCalledOnce();
    expect(channel.push(3)).toBe(false);
  });
});

describe('a reader that is too slow', () => {
  test('gets what fitted and then an error, when overflow is an error', async () => {
    const onEnd = vi.fn();
    const channel = numbers({ limit: 2, onEnd });
    expect([1, 2, 3, 4].map((value) => channel.push(value))).toEqual([true, true, false, false]);
    expect(onEnd).toHaveBeenCalledOnce();
    await channel.next();
    await channel.next();
    await expect(channel.next()).rejects.toThrow(
      'the reader is too slow: more than 2 values are waiting for it',
    );
  });

  test('gets the newest values, when the oldest are dropped', async () => {
    const channel = numbers({ limit: 2, onOverflow: 'drop-oldest' });
    for (const value of [1, 2, 3, 4]) channel.push(value);
    channel.end();
    expect(await Array.fromAsync(channel)).toEqual([3, 4]);
  });
});

test('whatever the order of pushes and reads, nothing is lost, repeated or swapped within the limit', async () => {
  const steps = fc.array(fc.constantFrom('push', 'read'), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async (order) => {
      const channel = numbers({ limit: 40 });
      const pushes = order.filter((step) => step === 'push').length;
      const read: number[] = [];
      let reading = Promise.resolve();
      let pushed = 0;
      for (const step of order) {
        if (step === 'push') channel.push(pushed++);
        else {
          reading = reading.then(async () => {
            const result = await channel.next();
            if (!result.done) read.push(result.value);
          });
          await Promise.resolve();
        }
      }
      channel.end();
      await reading;
      read.push(...(await Array.fromAsync(channel)));
      expect(read).toEqual(Array.from({ length: pushes }, (_, index) => index));
    }),
  );
});
