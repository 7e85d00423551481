import { sql } from 'drizzle-orm';
import { bigserial, customType, index, snakeCase, text, timestamp } from 'drizzle-orm/pg-core';

/** A transaction's number: 64 bits, never reused, so readers can tell what is still being written. */
export const transactionId = customType<{ data: string }>({ dataType: () => 'xid8' });

/** What happened, written in the transaction that made it true and read by every instance. */
export const outbox = snakeCase.table(
  'outbox',
  {
    seq: bigserial({ mode: 'bigint' }).primaryKey(),
    transaction: transactionId()
      .notNull()
      .default(sql`pg_current_xact_id()`),
    organisationId: text().notNull(),
    kind: text().notNull(),
    subjectId: text().notNull(),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index('outbox_order').on(table.transaction, table.seq)],
);
