import type { MessagePort } from 'node:worker_threads';
import { sleep } from '../../lib/abort.ts';
import { startWorkerThread, type WorkerThread, type WorkerThreadOptions } from './worker-thread.ts';

const STABLE_MS = 60_000;
const MAX_DELAY_MS = 30_000;

/** PostgreSQL in a thread that is started again whenever it ends. */
export interface Supervisor {
  /** Waits for a start under way; rejects at once while the database is down. */
  connect(): Promise<MessagePort>;
  close(): Promise<void>;
}

/**
 * The first restart is immediate, so that a query that comes meanwhile only waits; those that follow within a minute
 * keep more and more distance.
 * @throws Error when the first start fails.
 */
export async function superviseWorker(options: WorkerThreadOptions): Promise<Supervisor> {
  const closing = new AbortController();
  let current = startWorkerThread(options);
  await current;

  async function keepRunning(): Promise<void> {
    for (let restarts = 0; ; restarts++) {
      const startedMs = performance.now();
      const how = await findEnd(current);
      if (closing.signal.aborted) return;
      options.log(`the embedded database ${how}; starting it again`);
      if (performance.now() - startedMs > STABLE_MS) restarts = 0;
      if (restarts > 0) {
        current = down(how);
        await sleep(Math.min(500 * 2 ** restarts, MAX_DELAY_MS), closing.signal);
      }
      current = startWorkerThread(options);
    }
  }

  const supervising = keepRunning().catch(() => {});
  return {
    connect: async () => (await current).connect(),
    async close() {
      closing.abort();
      await current.then((worker) => worker.close()).catch(() => {});
      await supervising;
    },
  };
}

function findEnd(worker: Promise<WorkerThread>): Promise<string> {
  return worker.then(
    ({ ended }) => ended,
    () => 'did not come up',
  );
}

function down(how: string): Promise<never> {
  const refusal = Promise.reject(new Error(`the embedded database is down: it ${how}`));
  refusal.catch(() => {});
  return refusal;
}
