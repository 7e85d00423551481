import fc from 'fast-check';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { groupCommit } from '../../src/lib/group-commit.ts';

/** A flush that answers when told to, and what it was given so far. */
function heldFlush() {
  const groups: number[][] = [];
  const held: PromiseWithResolvers<void>[] = [];
  return {
    groups,
    async flush(items: number[]): Promise<number[]> {
      groups.push(items);
      const hold = Promise.withResolvers<void>();
      held.push(hold);
      await hold.promise;
      return items.map((item) => item * 10);
    },
    async finish(outcome?: Error): Promise<void> {
      const hold = held.shift();
      if (!hold) throw new Error('no flush is running');
      if (outcome) hold.reject(outcome);
      else hold.resolve();
      await setImmediate();
    },
  };
}

const roomy = { maxItems: 100, maxWaiting: 1_000 };
const double = async (items: number[]) => items.map((item) => item * 2);

test('each item gets its own result', async () => {
  const group = groupCommit(double, roomy);
  expect(await Promise.all([1, 2, 3].map((item) => group.add(item)))).toEqual([2, 4, 6]);
});

test('items of one tick share a flush; what comes during a flush goes together in the next', async () => {
  const { groups, flush, finish } = heldFlush();
  const group = groupCommit(flush, roomy);
  const first = [group.add(1), group.add(2)];
  await setImmediate();
  const second = [group.add(3), group.add(4)];
  await setImmediate();
  expect(groups).toEqual([[1, 2]]);
  await finish();
  expect(groups).toEqual([
    [1, 2],
    [3, 4],
  ]);
  await finish();
  expect(await Promise.all([...first, ...second])).toEqual([10, 20, 30, 40]);
});

test('a flush takes no more than maxItems', async () => {
  const sizes: number[] = [];
  const group = groupCommit(
    (items: number[]) => {
      sizes.push(items.length);
      return double(items);
    },
    { maxItems: 2, maxWaiting: 10 },
  );
  await Promise.all([1, 2, 3, 4, 5].map((item) => group.add(item)));
  expect(sizes).toEqual([2, 2, 1]);
});

test('a flush that fails rejects its own items, and the next goes on', async () => {
  const { flush, finish } = heldFlush();
  const group = groupCommit(flush, roomy);
  const lost = Promise.allSettled([group.add(1), group.add(2)]);
  await setImmediate();
  const kept = group.add(3);
  await finish(new Error('connection lost'));
  await finish();
  const reason = expect.objectContaining({ message: 'connection lost' });
  expect(await lost).toEqual([
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ]);
  await expect(kept).resolves.toBe(30);
});

test('a flush that answers with too few results fails its items instead of mixing them up', async () => {
  const group = groupCommit<number, number>(async () => [1], roomy);
  const results = await Promise.allSettled([group.add(1), group.add(2)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('more than maxWaiting are refused at once; the ones of a running flush do not count', async () => {
  const { flush, finish } = heldFlush();
  const group = groupCommit(flush, { maxItems: 10, maxWaiting: 2 });
  const flushed = [group.add(1), group.add(2)];
  await expect(group.add(3)).rejects.toThrow('2 items are waiting already; no more are taken');
  await setImmediate();
  const taken = group.add(4);
  await finish();
  await finish();
  expect(await Promise.all([...flushed, taken])).toEqual([10, 20, 40]);
});

test('drain resolves when everything is flushed, also what came during the drain', async () => {
  const { groups, flush, finish } = heldFlush();
  const group = groupCommit(flush, roomy);
  await group.drain();

  const first = group.add(1);
  let drained = false;
  const draining = group.drain().then(() => (drained = true));
  await setImmediate();
  const second = group.add(2);
  await finish();
  expect(drained).toBe(false);
  await finish();
  await draining;
  expect(groups).toEqual([[1], [2]]);
  expect(await Promise.all([first, second])).toEqual([10, 20]);
});

test('however items arrive and flushes fail, each item is flushed once and answered by its own flush', async () => {
  const arrivals = fc.array(fc.record({ pause: fc.boolean(), poison: fc.boolean() }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 5 }), async (items, maxItems) => {
      const flushed: number[][] = [];
      const group = groupCommit(
        async (ids: number[]) => {
          flushed.push(ids);
          await setImmediate();
          if (ids.some((id) => items[id]?.poison)) throw new Error('poisoned');
          return ids;
        },
        { maxItems, maxWaiting: 30 },
      );
      const answers: Promise<number>[] = [];
      for (const [id, { pause }] of items.entries()) {
        answers.push(group.add(id));
        answers[id]?.catch(() => {});
        if (pause) await setImmediate();
      }
      const settled = await Promise.allSettled(answers);
      expect(flushed.flat()).toEqual(items.map((_, id) => id));
      for (const ids of flushed) {
        const fails = ids.some((id) => items[id]?.poison);
        for (const id of ids) {
          expect(settled[id]).toMatchObject(
            fails ? { status: 'rejected' } : { status: 'fulfilled', value: id },
          );
        }
      }
    }),
    { numRuns: 50 },
  );
});
