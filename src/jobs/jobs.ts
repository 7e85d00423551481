import { EVERYBODY } from '../catalog/price-lists.ts';
import { refreshWhenDue } from '../catalog/refresh.ts';
import { endDueGrants, lapseRequests } from '../access/requests/end.ts';
import type { Gateway } from '../gateway.ts';
import { forgetOldWindows } from '../ledger/budgets/windows.ts';
import { trimRecordings } from '../ledger/recordings.ts';
import { foldUsage } from '../usage/fold.ts';
import { trimOutbox } from '../usage/trim.ts';
import { createSchedule } from './schedule.ts';

/** What a process has streamed since its last heartbeat is unknown to whoever settles it after a kill. */
const HEARTBEAT_MS = 2_000;
const RECOVER_EVERY_MS = 5_000;
const ACCESS_LOG_EVERY_MS = 1_000;
const END_GRANTS_EVERY_MS = 1_000;
const LAPSE_EVERY_MS = 60_000;
const PROBE_EVERY_MS = 30_000;
const PROBE_MODELS_EVERY_MS = 1_000;
const RECHECK_EVERY_MS = 5_000;
const LAST_USED_EVERY_MS = 10_000;
const DELIVER_EVERY_MS = 1_000;
const TRIALS_EVERY_MS = 2_000;
const EVALUATIONS_EVERY_MS = 1_000;
const FOLD_EVERY_MS = 1_000;
/** Facts of one transaction: few enough that nobody waits for the embedded database's only connection. */
const FOLD_AT_ONCE = 2_000;
const LEARN_EVERY_MS = 2_000;
const TRIM_EVERY_MS = 60_000;
const PRICES_EVERY_MS = 60_000;
const ANOMALIES_EVERY_MS = 60_000;
const SUNSETS_EVERY_MS = 60_000;
/** Long after the slowest instance has read it. */
const OUTBOX_KEPT_MS = 3_600_000;
/** Windows of minutes and hours; longer ones are history. */
const WINDOWS_KEPT_MS = 7 * 24 * 3_600_000;
/** A hold outlives this many missed heartbeats. */
const HEARTBEATS_PER_HOLD = 3;

/** Work that nobody waits for. */
export function startJobs(gateway: Gateway): { stop(): Promise<void> } {
  const { ledger, runs, authenticator, accessLog, providers, database, logger, config, webhooks, learned } =
    gateway;
  const schedule = createSchedule(logger);
  const { every, signal } = schedule;

  every(Math.min(HEARTBEAT_MS, config.timeouts.holdMs / HEARTBEATS_PER_HOLD), 'heartbeat', async () => {
    const beats = runs.heartbeats();
    if (beats.length > 0) runs.stopLost(await ledger.extendHolds(beats));
  });
  every(RECOVER_EVERY_MS, 'recover', async () => {
    const settled = await gateway.recover();
    if (settled > 0) logger.warn({ settled }, 'settled completions whose process had died');
  });
  every(RECHECK_EVERY_MS, 'recheck', () => authenticator.recheck());
  every(LAST_USED_EVERY_MS, 'last-used', () => authenticator.flushLastUsed());
  every(ACCESS_LOG_EVERY_MS, 'access-log', () => accessLog.flush());
  every(END_GRANTS_EVERY_MS, 'end-grants', () => endDueGrants(gateway.accessDesk));
  every(LAPSE_EVERY_MS, 'lapse-requests', () => lapseRequests(gateway.accessDesk));
  every(PROBE_EVERY_MS, 'probe', () => providers.probe(signal));
  every(PROBE_MODELS_EVERY_MS, 'probe-models', async () => gateway.prober.look());
  // Each by itself, so that a receiver that hangs holds up no other.
  for (const name of webhooks.names)
    every(DELIVER_EVERY_MS, `webhook ${name}`, () => webhooks.deliver(name, signal));
  const { source, refreshHours } = config.prices;
  const { allowPrivate } = config.network;
  if (source !== undefined) {
    every(PRICES_EVERY_MS, 'prices', async () => {
      const refreshed = await refreshWhenDue(database.sql, { source, refreshHours }, signal, allowPrivate);
      if (!refreshed) return;
      gateway.announceCommit();
      await gateway.prices.book.reload(EVERYBODY);
    });
  }
  if (config.anomalies.enabled) every(ANOMALIES_EVERY_MS, 'anomalies', () => gateway.anomalies.look());
  every(SUNSETS_EVERY_MS, 'sunsets', () => gateway.sunsets.look());
  every(TRIM_EVERY_MS, 'trim-budget-windows', () => forgetOldWindows(database.sql, WINDOWS_KEPT_MS));
  every(Math.min(EVALUATIONS_EVERY_MS, config.timeouts.holdMs / HEARTBEATS_PER_HOLD), 'evaluations', () =>
    gateway.evaluations.runner.look(),
  );
  every(TRIALS_EVERY_MS, 'trials', () => gateway.trials.look());
  every(FOLD_EVERY_MS, 'fold-usage', async () => {
    while (!signal.aborted && (await foldUsage(database.db, FOLD_AT_ONCE)));
  });
  every(LEARN_EVERY_MS, 'learn', () => learned.exchange());
  every(TRIM_EVERY_MS, 'trim-learned', () => learned.trim());
  every(TRIM_EVERY_MS, 'trim-recordings', () => trimRecordings(database.sql));
  every(TRIM_EVERY_MS, 'trim-outbox', () => trimOutbox(database.db, OUTBOX_KEPT_MS));

  return {
    async stop() {
      await schedule.stop();
      await gateway.prober.close();
      await authenticator.flushLastUsed().catch(() => {});
      await learned.exchange().catch(() => {});
      await accessLog.close();
    },
  };
}
