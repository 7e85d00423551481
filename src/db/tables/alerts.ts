import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  primaryKey,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { AlertKind } from '../../domain/alert.ts';

/** What people should hear of, once. */
export const alerts = snakeCase.table(
  'alerts',
  {
    id: bigserial({ mode: 'bigint' }).primaryKey(),
    organisationId: text().notNull(),
    teamId: text(),
    keyId: text(),
    kind: text().$type<AlertKind>().notNull(),
    /** Says what it is about; a second alert about the same is none. */
    about: text().notNull(),
    budgetId: text(),
    detail: jsonb().$type<Record<string, unknown>>().notNull(),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
    /** Whether the webhooks that want it have their row of deliveries. */
    dispatched: boolean().notNull().default(false),
  },
  (table) => [
    uniqueIndex('alerts_once').on(table.about),
    index('alerts_by_organisation').on(table.organisationId, table.id),
    index('alerts_to_dispatch')
      .on(table.id)
      .where(sql`not dispatched`),
  ],
);

/** Where an alert must still be told, or was. */
export const webhookDeliveries = snakeCase.table(
  'webhook_deliveries',
  {
    alertId: bigint({ mode: 'bigint' }).notNull(),
    /** Name of the webhook in the config. */
    webhook: text().notNull(),
    attempts: integer().notNull(),
    /** When to try next, or to try again where whoever is trying dies; null when it was taken or given up. */
    nextAt: timestamp({ withTimezone: true }),
    deliveredAt: timestamp({ withTimezone: true }),
    lastError: text(),
  },
  (table) => [
    primaryKey({ columns: [table.alertId, table.webhook] }),
    index('webhook_deliveries_due').on(table.webhook, table.nextAt),
  ],
);
