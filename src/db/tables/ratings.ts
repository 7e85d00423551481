import { doublePrecision, primaryKey, snakeCase, text, timestamp } from 'drizzle-orm/pg-core';

/** What people and judges thought of answers. Whose a rating is, its completion says. */
export const ratings = snakeCase.table(
  'ratings',
  {
    completionId: text().notNull(),
    /** Id of the key or of the user. */
    raterId: text().notNull(),
    /** From 0 to 1. */
    score: doublePrecision().notNull(),
    comment: text(),
    /** When the rater gave it, or replaced it the last time. */
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.completionId, table.raterId] })],
);

/** What came of answers, by whatever callers measure it. */
export const completionMetrics = snakeCase.table(
  'completion_metrics',
  {
    completionId: text().notNull(),
    /** Id of the key or of the user. */
    raterId: text().notNull(),
    name: text().notNull(),
    value: doublePrecision().notNull(),
    /** When the rater told it, or replaced it the last time. */
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.completionId, table.raterId, table.name] })],
);
