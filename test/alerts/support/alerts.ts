import type { AlertKind } from '../../../src/domain/alert.ts';
import type { Sql } from '../../../src/db/database.ts';
import type { Gateway } from '../../../src/gateway.ts';

let made = 0;

interface NewAlert {
  kind?: AlertKind;
  organisationId?: string;
  teamId?: string | null;
  keyId?: string | null;
  detail?: Record<string, unknown>;
}

/** Writes an alert and its event as the statements of the ledger do; answers its number. */
export async function insertAlert(sql: Sql, changes: NewAlert = {}): Promise<string> {
  const { kind = 'BUDGET_THRESHOLD', organisationId = 'org_default', teamId = null, keyId = null } = changes;
  const detail = changes.detail ?? {
    windowId: '1',
    unit: 'MONEY',
    limit: '10000000000',
    settled: '8000000000',
    threshold: 80,
  };
  made += 1;
  const [row] = await sql<{ id: string }[]>`
    WITH raised AS (
      INSERT INTO alerts (organisation_id, team_id, key_id, kind, about, detail)
      VALUES (${organisationId}, ${teamId}, ${keyId}, ${kind}, ${`test:${process.pid}:${made}`},
        ${JSON.stringify(detail)}::text::jsonb)
      RETURNING id, organisation_id
    ), told AS (
      INSERT INTO outbox (organisation_id, kind, subject_id)
      SELECT organisation_id, 'ALERT_RAISED', id::text FROM raised
    )
    SELECT id::text AS id FROM raised`;
  return row!.id;
}

export async function raiseAlert(gateway: Gateway, changes?: NewAlert): Promise<string> {
  const id = await insertAlert(gateway.database.sql, changes);
  gateway.announceCommit();
  return id;
}

/** Lets what waits for its next attempt, or for the end of a dead process's lease, be due now. */
export async function makeDue(sql: Sql, alertId: string): Promise<void> {
  await sql`UPDATE webhook_deliveries SET next_at = now() WHERE alert_id = ${alertId}::text::bigint AND next_at IS NOT NULL`;
}

export async function readDelivery(
  sql: Sql,
  alertId: string,
  webhook: string,
): Promise<DeliveryRow | undefined> {
  const [row] = await sql<DeliveryRow[]>`
    SELECT attempts, delivered_at IS NOT NULL AS delivered, next_at IS NOT NULL AS pending, last_error,
      extract(epoch FROM next_at - now())::float8 AS in_seconds
    FROM webhook_deliveries WHERE alert_id = ${alertId}::text::bigint AND webhook = ${webhook}`;
  return row;
}

/** As soon as it is so. */
export async function waitForDelivery(
  sql: Sql,
  alertId: string,
  webhook: string,
  isAwaited: (row: DeliveryRow) => boolean,
): Promise<void> {
  for (;;) {
    const row = await readDelivery(sql, alertId, webhook);
    if (row && isAwaited(row)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface DeliveryRow {
  attempts: number;
  delivered: boolean;
  pending: boolean;
  last_error: string | null;
  in_seconds: number | null;
}
