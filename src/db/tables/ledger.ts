import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  index,
  integer,
  primaryKey,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

export const LEDGER_KINDS = ['RESERVE', 'SETTLE', 'RELEASE', 'ADJUST', 'CREDIT'] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/**
 * Balances, debits positive, so that all of them together are always zero. The id says what it holds:
 * `held:TEAM` and its counterpart `open:TEAM`, `spent:TEAM` and its counterparts `payable:ORGANISATION:PROVIDER` and, for
 * corrections of no single completion, `credits:ORGANISATION`. Of what the gateway asked by itself the owner stands in the
 * place of the team: `spent:shadow:ORGANISATION`.
 */
export const ledgerAccounts = snakeCase.table('ledger_accounts', {
  id: text().primaryKey(),
  organisationId: text().notNull(),
  balanceNanos: bigint({ mode: 'bigint' }).notNull(),
  /** Counts the movements: each entry carries the version it made. */
  version: bigint({ mode: 'bigint' }).notNull(),
});

/** The journal. Append only: a row moves an amount from one account to another and is never changed. */
export const ledgerEntries = snakeCase.table(
  'ledger_entries',
  {
    id: bigserial({ mode: 'bigint' }).primaryKey(),
    organisationId: text().notNull(),
    teamId: text().notNull(),
    keyId: text(),
    completionId: text(),
    /** Number of the completion's attempt that it is about, from 0 on. */
    attempt: integer().notNull().default(0),
    kind: text().$type<LedgerKind>().notNull(),
    /** Null where the model has no known price: counted, and worth an unknown amount. */
    amountNanos: bigint({ mode: 'bigint' }),
    debitAccount: text().notNull(),
    debitBefore: bigint({ mode: 'bigint' }).notNull(),
    debitAfter: bigint({ mode: 'bigint' }).notNull(),
    debitVersion: bigint({ mode: 'bigint' }).notNull(),
    creditAccount: text().notNull(),
    creditBefore: bigint({ mode: 'bigint' }).notNull(),
    creditAfter: bigint({ mode: 'bigint' }).notNull(),
    creditVersion: bigint({ mode: 'bigint' }).notNull(),
    /** Row of `prices` that the amount was worked out by. */
    priceId: text(),
    /** Who made a correction or a credit, and why. */
    actorKeyId: text(),
    note: text(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    // An attempt is reserved, released and settled once each, whatever the code above does.
    uniqueIndex('ledger_entries_once')
      .on(table.completionId, table.kind, table.attempt)
      .where(sql`kind in ('RESERVE', 'RELEASE', 'SETTLE')`),
    index('ledger_entries_by_team').on(table.organisationId, table.teamId, table.id),
    index('ledger_entries_corrections')
      .on(table.completionId)
      .where(sql`kind in ('ADJUST', 'CREDIT')`),
    index('ledger_entries_corrected')
      .on(table.organisationId, table.createdAt)
      .where(sql`kind in ('ADJUST', 'CREDIT')`),
  ],
);

/** Idempotency keys of corrections, each of one API key, and the entries they stand for. */
export const ledgerCorrectionKeys = snakeCase.table(
  'ledger_correction_keys',
  {
    keyId: text().notNull(),
    idempotencyKey: text().notNull(),
    /** SHA-256 of the correction: the same idempotency key may only come with the same one. */
    correctionHash: text().notNull(),
    /** Null only inside the transaction that books it. */
    entryId: bigint({ mode: 'bigint' }),
  },
  (table) => [primaryKey({ columns: [table.keyId, table.idempotencyKey] })],
);
