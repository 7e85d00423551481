import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { BudgetScope, BudgetUnit, BudgetWindow, OnExceed } from '../../domain/budget.ts';

/** What may be used in a window of time. Its amounts are nano-USD, tokens or requests, by its unit. */
export const budgets = snakeCase.table(
  'budgets',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    /** The team it belongs to; null for one that only the organisation's admins and those it meets may see. */
    teamId: text(),
    scope: text().$type<BudgetScope>().notNull(),
    subjectId: text().notNull(),
    /** `SCOPE:subjectId`, which is what a reservation is matched by. */
    subject: text().notNull(),
    name: text(),
    unit: text().$type<BudgetUnit>().notNull(),
    limitAmount: bigint({ mode: 'bigint' }).notNull(),
    window: text().$type<BudgetWindow>().notNull(),
    timeZone: text().notNull(),
    /** Day of the month (1 to 28) or of the week (1 is Monday) that a window begins on. */
    startDay: integer().notNull(),
    onExceed: text().$type<OnExceed>().notNull(),
    fallbackModel: text(),
    queueMs: integer().notNull(),
    shadow: boolean().notNull(),
    allowUnpriced: boolean().notNull(),
    /** Percentages of the limit that are told, ascending. */
    thresholds: jsonb().$type<number[]>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    /** When it stops to hold by itself. */
    endsAt: timestamp({ withTimezone: true }),
    deletedAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    index('budgets_by_subject')
      .on(table.organisationId, table.subject)
      .where(sql`deleted_at is null`),
    // Two windows of one kind on one subject would leave open which of them counts.
    uniqueIndex('budgets_once')
      .on(table.organisationId, table.subject, table.unit, table.window)
      .where(sql`deleted_at is null and ends_at is null`),
  ],
);

/** How much of a budget is used and held in one of its windows. Every admission locks the rows that it draws on. */
export const budgetWindows = snakeCase.table(
  'budget_windows',
  {
    id: bigserial({ mode: 'bigint' }).primaryKey(),
    budgetId: text().notNull(),
    startsAt: timestamp({ withTimezone: true }).notNull(),
    /** Null: never. */
    endsAt: timestamp({ withTimezone: true }),
    /** The budget's own limit, here so that lowering it and drawing on it meet at one row. */
    limitAmount: bigint({ mode: 'bigint' }).notNull(),
    settled: bigint({ mode: 'bigint' })
      .notNull()
      .default(sql`0`),
    held: bigint({ mode: 'bigint' })
      .notNull()
      .default(sql`0`),
    /** How often something did not fit: it was refused, or in shadow mode and with WARN let through. */
    exceeded: bigint({ mode: 'bigint' })
      .notNull()
      .default(sql`0`),
    version: bigint({ mode: 'bigint' })
      .notNull()
      .default(sql`0`),
  },
  (table) => [uniqueIndex('budget_windows_once').on(table.budgetId, table.startsAt)],
);
