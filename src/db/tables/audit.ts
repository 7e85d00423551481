import { sql } from 'drizzle-orm';
import { bigint, bigserial, index, jsonb, snakeCase, text, timestamp } from 'drizzle-orm/pg-core';

/**
 * Who changed what. Append only, and a chain of hashes for each organisation: triggers give each event its time, its
 * place and its hash, and refuse to change, delete or truncate (migration `audit-chain`, which also makes places unique).
 */
export const auditEvents = snakeCase.table(
  'audit_events',
  {
    id: bigserial({ mode: 'bigint' }).primaryKey(),
    organisationId: text().notNull(),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
    /** Id of the key or of the user, or `system`. */
    actorId: text('actor_key_id').notNull(),
    /** `budget.set`, `ledger.adjust` … */
    action: text().notNull(),
    targetId: text().notNull(),
    before: jsonb().$type<Record<string, unknown>>(),
    after: jsonb().$type<Record<string, unknown>>(),
    requestId: text().notNull(),
    /** Address of the client; null where nobody asked. */
    ip: text(),
    /** Place in the chain of the organisation, from 1 on without a gap. */
    seq: bigint({ mode: 'bigint' })
      .notNull()
      .default(sql`0`),
    /** SHA-256 in hexadecimal of the event before; empty for the first one. */
    previousHash: text().notNull().default(''),
    /** SHA-256 in hexadecimal of all the other columns. */
    hash: text().notNull().default(''),
  },
  (table) => [index('audit_events_by_target').on(table.organisationId, table.targetId)],
);

/** Where each organisation's chain ends. Whoever appends locks its row until the commit. Only the triggers write here. */
export const auditHeads = snakeCase.table('audit_heads', {
  organisationId: text().primaryKey(),
  seq: bigint({ mode: 'bigint' }).notNull(),
  hash: text().notNull(),
});
