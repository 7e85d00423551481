import type { Priority } from '../../domain/priority.ts';
import { createFlows, type Queued } from './flows.ts';

/** While both wait, one of so many that are served is BATCH, so that it never starves. */
export const ONE_BATCH_OF = 8;

export interface Prioritised extends Queued {
  priority: Priority;
}

/** A bounded queue: INTERACTIVE before BATCH, and each flow served alike within both. */
export interface FairQueue<T> {
  size(): number;
  /**
   * @returns what no longer fits, if anything: BATCH before INTERACTIVE, the newest of whoever has most waiting. That may be
   * the item itself.
   */
  add(item: T): T | undefined;
  take(): T | undefined;
  remove(item: T): void;
}

export function createFairQueue<T extends Prioritised>(length: number): FairQueue<T> {
  const interactive = createFlows<T>();
  const batch = createFlows<T>();
  const queueOf = ({ priority }: T) => (priority === 'BATCH' ? batch : interactive);
  const size = () => interactive.size() + batch.size();
  let sinceBatch = 0;
  return {
    size,
    add(item) {
      queueOf(item).add(item);
      if (size() <= length) return undefined;
      return (batch.size() > 0 ? batch : interactive).dropLongest(item.flow);
    },
    take() {
      const isBatch = batch.size() > 0 && (interactive.size() === 0 || sinceBatch >= ONE_BATCH_OF - 1);
      sinceBatch = isBatch || batch.size() === 0 ? 0 : sinceBatch + 1;
      return (isBatch ? batch : interactive).take();
    },
    remove: (item) => queueOf(item).remove(item),
  };
}
