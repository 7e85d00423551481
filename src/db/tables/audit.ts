import { bigserial, index, jsonb, snakeCase, text, timestamp } from 'drizzle-orm/pg-core';

/** Who changed what. Append only. */
export const auditEvents = snakeCase.table(
  'audit_events',
  {
    id: bigserial({ mode: 'bigint' }).primaryKey(),
    organisationId: text().notNull(),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
    actorKeyId: text().notNull(),
    /** `budget.set`, `ledger.adjust` … */
    action: text().notNull(),
    targetId: text().notNull(),
    before: jsonb().$type<Record<string, unknown>>(),
    after: jsonb().$type<Record<string, unknown>>(),
    requestId: text().notNull(),
  },
  (table) => [index('audit_events_by_organisation').on(table.organisationId, table.id)],
);
