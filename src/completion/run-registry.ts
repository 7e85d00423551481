import { LRUCache } from 'lru-cache';
import type { Run } from './run.ts';

/** Streams that are over stay readable from their cursors this long, and as many as fit. */
const KEEP_MS = 10 * 60_000;
const KEEP_CHARS = 64_000_000;
const KEEP_RUNS = 10_000;

/** The runs of this process: those under way, and for a while those that are over. */
export interface RunRegistry {
  /**
   * Knows the run from now on.
   * @param slot what the caller's idempotency key stands for; only a run with one is kept when it is over, because
   * nobody else has been promised a way back to it.
   */
  add(run: Run, slot: string | undefined): void;
  byId(id: string): Run | undefined;
  bySlot(slot: string): Run | undefined;
  /** Those under way. */
  running(): Run[];
  /** Those under way that have begun, by the id of their completion. */
  begun(): [string, Run][];
}

export function createRunRegistry(): RunRegistry {
  const running = new Map<Run, string | undefined>();
  const byId = new Map<string, Run>();
  const bySlot = new Map<string, Run>();
  const kept = new LRUCache<Run, () => void>({
    ttl: KEEP_MS,
    max: KEEP_RUNS,
    maxSize: KEEP_CHARS,
    sizeCalculation: (_forget, run) => run.log.size() + 1,
    dispose: (forget) => forget(),
  });

  async function follow(run: Run, slot: string | undefined): Promise<void> {
    let id: string | undefined;
    const forget = () => {
      if (id !== undefined) byId.delete(id);
      if (slot !== undefined) bySlot.delete(slot);
    };
    try {
      ({ id } = await run.started);
      byId.set(id, run);
      running.set(run, id);
      await run.ended;
      if (slot === undefined) forget();
      else kept.set(run, forget);
    } catch {
      forget();
    } finally {
      running.delete(run);
    }
  }

  return {
    add(run, slot) {
      running.set(run, undefined);
      if (slot !== undefined) bySlot.set(slot, run);
      void follow(run, slot);
    },
    byId: (id) => byId.get(id),
    bySlot: (slot) => bySlot.get(slot),
    running: () => [...running.keys()],
    begun: () => [...running].flatMap(([run, id]) => (id === undefined ? [] : [[id, run]])),
  };
}
