import { asc, inArray } from 'drizzle-orm';
import type { Db, Sql } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import { webhookDeliveries } from '../db/tables/alerts.ts';
import type { AlertKind } from '../domain/alert.ts';
import type { Alert } from './alerts.ts';

/** How far the telling of one alert to one webhook is. */
export interface WebhookDelivery {
  alertId: string;
  webhook: string;
  attempts: number;
  deliveredAt: Date | undefined;
  /** Undefined when it was taken or given up. */
  nextAt: Date | undefined;
  lastError: string | undefined;
}

/** A delivery that this process may try now, and nobody else before its lease ends. */
export interface DueDelivery {
  webhook: string;
  /** With this one. */
  attempts: number;
  alert: Alert;
}

const MAX_DISPATCHED = 500;

/** Gives each new alert a delivery for each webhook that wants it, once. What is older than a day is no news. */
export async function dispatchAlerts(
  sql: Sql,
  webhooks: readonly { name: string; events: AlertKind[] }[],
): Promise<void> {
  const wanted = toJsonParameter(webhooks.map(({ name, events }) => ({ name, events })));
  await sql`
    WITH undispatched AS MATERIALIZED (
      SELECT id FROM alerts WHERE NOT dispatched ORDER BY id LIMIT ${MAX_DISPATCHED} FOR UPDATE SKIP LOCKED
    ),
    fresh AS (
      UPDATE alerts a SET dispatched = true FROM undispatched u WHERE a.id = u.id RETURNING a.id, a.kind, a.at
    )
    INSERT INTO webhook_deliveries (alert_id, webhook, attempts, next_at)
    SELECT fresh.id, w.name, 0, now()
    FROM fresh JOIN jsonb_to_recordset(${wanted}::text::jsonb) AS w(name text, events jsonb)
      ON w.events @> to_jsonb(fresh.kind)
    WHERE fresh.at > now() - interval '1 day'`;
}

/** Takes what is due; when this process dies with it, it is due again after the lease. */
export async function claimDeliveries(
  sql: Sql,
  webhook: string,
  options: { most: number; leaseMs: number },
): Promise<DueDelivery[]> {
  const rows = await sql<DueRow[]>`
    WITH due AS MATERIALIZED (
      SELECT alert_id FROM webhook_deliveries WHERE webhook = ${webhook} AND next_at <= now()
      ORDER BY next_at LIMIT ${options.most} FOR UPDATE SKIP LOCKED
    )
    UPDATE webhook_deliveries d
    SET attempts = d.attempts + 1, next_at = now() + ${options.leaseMs}::int * interval '1 ms'
    FROM due JOIN alerts a ON a.id = due.alert_id
    WHERE d.alert_id = due.alert_id AND d.webhook = ${webhook}
    RETURNING d.attempts, a.id::text AS id, a.organisation_id, a.team_id, a.key_id, a.kind, a.budget_id, a.detail,
      extract(epoch FROM a.at)::float8 * 1000 AS at_ms`;
  return rows.map((row) => ({ webhook, attempts: row.attempts, alert: toAlert(row) }));
}

export async function markDelivered(sql: Sql, { webhook, alert }: DueDelivery): Promise<void> {
  await sql`
    UPDATE webhook_deliveries SET delivered_at = now(), next_at = NULL, last_error = NULL
    WHERE alert_id = ${alert.id}::text::bigint AND webhook = ${webhook} AND delivered_at IS NULL`;
}

/** @param retryMs until the next attempt; undefined gives it up. Says nothing where somebody else has tried since. */
export async function markFailed(
  sql: Sql,
  { webhook, attempts, alert }: DueDelivery,
  failure: { error: string; retryMs: number | undefined },
): Promise<void> {
  await sql`
    UPDATE webhook_deliveries
    SET last_error = ${failure.error}, next_at = now() + ${failure.retryMs ?? null}::float8 * interval '1 ms'
    WHERE alert_id = ${alert.id}::text::bigint AND webhook = ${webhook} AND attempts = ${attempts}
      AND delivered_at IS NULL`;
}

/** Of alerts that the reader may see. */
export async function listDeliveries(db: Db, alertIds: readonly string[]): Promise<WebhookDelivery[]> {
  const rows = await db
    .select()
    .from(webhookDeliveries)
    .where(inArray(webhookDeliveries.alertId, alertIds.map(BigInt)))
    .orderBy(asc(webhookDeliveries.webhook));
  return rows.map((row) => ({
    alertId: row.alertId.toString(),
    webhook: row.webhook,
    attempts: row.attempts,
    deliveredAt: row.deliveredAt ?? undefined,
    nextAt: row.nextAt ?? undefined,
    lastError: row.lastError ?? undefined,
  }));
}

interface DueRow {
  attempts: number;
  id: string;
  organisation_id: string;
  team_id: string | null;
  key_id: string | null;
  kind: AlertKind;
  budget_id: string | null;
  detail: Record<string, unknown>;
  at_ms: number;
}

function toAlert(row: DueRow): Alert {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    teamId: row.team_id ?? undefined,
    keyId: row.key_id ?? undefined,
    kind: row.kind,
    budgetId: row.budget_id ?? undefined,
    detail: row.detail,
    at: new Date(row.at_ms),
  };
}
