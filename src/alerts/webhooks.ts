import type { WebhookConfig } from '../config/config.ts';
import type { Sql } from '../db/database.ts';
import { createAddressGuard } from '../lib/safe-address.ts';
import type { Logger } from '../lib/logger.ts';
import type { Alert } from './alerts.ts';
import {
  claimDeliveries,
  dispatchAlerts,
  markDelivered,
  markFailed,
  type DueDelivery,
} from './deliveries.ts';
import { describeAlert, tellDetail } from './describe.ts';
import { retryDelayMs } from './retry.ts';
import { createWebhookHttp } from './send.ts';
import { signWebhook } from './sign.ts';

const AT_ONCE = 10;
/** Longer than an attempt can take. */
const LEASE_MS = 60_000;

/** Tells alerts to the webhooks of the config: each at least once, under an id that stays the same. */
export interface Webhooks {
  names: readonly string[];
  /** Sends to one webhook what is due there. Several instances share the work. Never throws for a receiver's faults. */
  deliver(name: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function createWebhooks(
  sql: Sql,
  options: { webhooks: readonly WebhookConfig[]; allowPrivate?: readonly string[]; logger: Logger },
): Webhooks {
  const { webhooks, allowPrivate: networks = [], logger } = options;
  const http = createWebhookHttp(createAddressGuard({ networks, urls: webhooks.map(({ url }) => url) }));

  async function attempt(webhook: WebhookConfig, due: DueDelivery, signal: AbortSignal): Promise<void> {
    const message = { id: messageIdOf(due.alert), sentAt: new Date(), body: toBody(due.alert) };
    const headers = { 'content-type': 'application/json', ...signWebhook(webhook.secret, message) };
    const sent = await http.post(webhook.url, headers, message.body, signal);
    if (sent.taken) return markDelivered(sql, due);
    const { error, gone, retryAfterMs } = sent;
    const retryMs = gone ? undefined : retryDelayMs(due.attempts, retryAfterMs);
    await markFailed(sql, due, { error, retryMs });
    const fields = { webhook: webhook.name, alertId: due.alert.id, attempts: due.attempts, error };
    logger.warn(fields, retryMs === undefined ? 'a webhook was given up' : 'a webhook failed');
  }

  return {
    names: webhooks.map(({ name }) => name),
    async deliver(name, signal) {
      const webhook = webhooks.find((each) => each.name === name);
      if (!webhook) return;
      await dispatchAlerts(sql, webhooks);
      let due: DueDelivery[];
      do {
        due = await claimDeliveries(sql, name, { most: AT_ONCE, leaseMs: LEASE_MS });
        const ended = await Promise.allSettled(due.map((each) => attempt(webhook, each, signal)));
        for (const end of ended) if (end.status === 'rejected') throw end.reason;
      } while (due.length === AT_ONCE && !signal.aborted);
    },
    close: () => http.close(),
  };
}

function messageIdOf({ id }: Alert): string {
  return `alert_${id}`;
}

/** What the graph knows it by. */
function nodeIdOf({ kind, id }: Alert): string {
  return `${NODE_PREFIXES[kind]}_${id}`;
}

const NODE_PREFIXES: Record<Alert['kind'], string> = {
  BUDGET_THRESHOLD: 'alert',
  BUDGET_EXCEEDED: 'alert',
  ANOMALY: 'anom',
  MODEL_SUNSET: 'sunset',
  CANARY_ROLLED_BACK: 'verdict',
  CANARY_PROMOTED: 'verdict',
  EXPERIMENT_DECIDED: 'verdict',
};

const TYPES = {
  BUDGET_THRESHOLD: 'budget.threshold',
  BUDGET_EXCEEDED: 'budget.exceeded',
  ANOMALY: 'usage.anomaly',
  MODEL_SUNSET: 'model.sunset',
  CANARY_ROLLED_BACK: 'canary.rolled-back',
  CANARY_PROMOTED: 'canary.promoted',
  EXPERIMENT_DECIDED: 'experiment.decided',
} as const satisfies Record<Alert['kind'], string>;

/** The envelope that Standard Webhooks recommends: type, timestamp, data. */
function toBody(alert: Alert): string {
  const { kind, organisationId, teamId, keyId, budgetId, at } = alert;
  const about = { organisationId, teamId, keyId, budgetId };
  const data = { id: nodeIdOf(alert), ...about, message: describeAlert(alert), ...tellDetail(alert) };
  return JSON.stringify({ type: TYPES[kind], timestamp: at.toISOString(), data });
}
