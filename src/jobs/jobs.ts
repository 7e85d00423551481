import { refreshWhenDue } from '../catalog/refresh.ts';
import { trimOutbox } from '../events/outbox.ts';
import type { Gateway } from '../gateway.ts';
import { forgetOldWindows } from '../ledger/budgets/windows.ts';

const RECOVER_EVERY_MS = 5_000;
const PROBE_EVERY_MS = 30_000;
const LAST_USED_EVERY_MS = 10_000;
const DELIVER_EVERY_MS = 1_000;
const TRIM_EVERY_MS = 60_000;
const PRICES_EVERY_MS = 60_000;
/** Long after the slowest instance has read it. */
const OUTBOX_KEPT_MS = 3_600_000;
/** Windows of minutes and hours; longer ones are history. */
const WINDOWS_KEPT_MS = 7 * 24 * 3_600_000;
/** A hold outlives this many missed heartbeats. */
const HEARTBEATS_PER_HOLD = 3;

/** Work that nobody waits for. Each job runs alone, logs its failures and never throws. */
export function startJobs(gateway: Gateway): { stop(): Promise<void> } {
  const { ledger, runs, authenticator, providers, database, logger, config, webhooks } = gateway;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const timers: NodeJS.Timeout[] = [];

  function every(ms: number, name: string, work: () => Promise<unknown>): void {
    let busy = false;
    const run = async () => {
      try {
        await work();
      } catch (err) {
        if (!stopping.signal.aborted) logger.warn({ err, job: name }, 'a job failed; it will be tried again');
      } finally {
        busy = false;
      }
    };
    timers.push(
      setInterval(() => {
        if (busy) return;
        busy = true;
        const job = run().finally(() => running.delete(job));
        running.add(job);
      }, ms),
    );
  }

  every(config.timeouts.holdMs / HEARTBEATS_PER_HOLD, 'heartbeat', async () => {
    const beats = runs.heartbeats();
    if (beats.length > 0) runs.stopLost(await ledger.extendHolds(beats));
  });
  every(RECOVER_EVERY_MS, 'recover', async () => {
    const settled = await gateway.recover();
    if (settled > 0) logger.warn({ settled }, 'settled completions whose process had died');
  });
  every(LAST_USED_EVERY_MS, 'last-used', () => authenticator.flushLastUsed());
  every(PROBE_EVERY_MS, 'probe', () => providers.probe(stopping.signal));
  // Each by itself, so that a receiver that hangs holds up no other.
  for (const name of webhooks.names)
    every(DELIVER_EVERY_MS, `webhook ${name}`, () => webhooks.deliver(name, stopping.signal));
  const { source, refreshHours } = config.prices;
  if (source !== undefined) {
    every(PRICES_EVERY_MS, 'prices', () =>
      refreshWhenDue(database.sql, { source, refreshHours }, stopping.signal),
    );
  }
  every(TRIM_EVERY_MS, 'trim-budget-windows', () => forgetOldWindows(database.sql, WINDOWS_KEPT_MS));
  every(TRIM_EVERY_MS, 'trim-outbox', () => trimOutbox(database.sql, OUTBOX_KEPT_MS));

  return {
    async stop() {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running);
      await authenticator.flushLastUsed().catch(() => {});
    },
  };
}
