import type { Logger } from '../lib/logger.ts';

/** Work that is done again and again and that nobody waits for. */
export interface Schedule {
  /** Aborts when the schedule stops. */
  signal: AbortSignal;
  /** Each job runs alone, logs its failures and never throws; a turn that comes while it still runs is left out. */
  every(ms: number, name: string, work: () => Promise<unknown>): void;
  /** Waits for what is running. */
  stop(): Promise<void>;
}

export function createSchedule(logger: Logger): Schedule {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const timers: NodeJS.Timeout[] = [];
  return {
    signal: stopping.signal,
    every(ms, name, work) {
      let busy = false;
      const run = async () => {
        try {
          await work();
        } catch (err) {
          if (!stopping.signal.aborted)
            logger.warn({ err, job: name }, 'a job failed; it will be tried again');
        } finally {
          busy = false;
        }
      };
      const takeTurn = () => {
        if (busy) return;
        busy = true;
        const job = run().finally(() => running.delete(job));
        running.add(job);
      };
      timers.push(setInterval(takeTurn, ms));
    },
    async stop() {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running);
    },
  };
}
