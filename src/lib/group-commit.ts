import { setImmediate } from 'node:timers/promises';

export interface GroupCommit<Item, Result> {
  /** The item's own result, once the group it went with is flushed. */
  add(item: Item): Promise<Result>;
  /** Resolves when nothing waits and nothing runs. */
  drain(): Promise<void>;
}

/**
 * Flushes many items in one go, one flush at a time: what arrives while a flush runs goes together in the next.
 * So one item alone hardly waits, and under load the cost of a flush is shared by all.
 * @param flush answers one result for each item, in their order; when it fails, its own items fail with it.
 * @param options.maxItems of one flush.
 * @param options.maxWaiting items; one more is refused at once.
 */
export function groupCommit<Item, Result>(
  flush: (items: Item[]) => Promise<Result[]>,
  options: { maxItems: number; maxWaiting: number },
): GroupCommit<Item, Result> {
  type Waiting = PromiseWithResolvers<Result> & { item: Item };
  const waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function flushAll(): Promise<void> {
    // Items of the same tick, such as those of one batch of requests, share the first flush.
    await setImmediate();
    while (waiting.length > 0) await flushGroup(waiting.splice(0, options.maxItems));
    running = undefined;
  }

  async function flushGroup(group: Waiting[]): Promise<void> {
    try {
      const results = await flush(group.map(({ item }) => item));
      if (results.length !== group.length) {
        throw new Error(`the flush of ${group.length} items gave ${results.length} results`);
      }
      results.forEach((result, index) => group[index]?.resolve(result));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  return {
    add(item) {
      if (waiting.length >= options.maxWaiting) {
        return Promise.reject(new Error(`${waiting.length} items are waiting already; no more are taken`));
      }
      const entry = { item, ...Promise.withResolvers<Result>() };
      waiting.push(entry);
      running ??= flushAll();
      return entry.promise;
    },
    drain: async () => running,
  };
}
