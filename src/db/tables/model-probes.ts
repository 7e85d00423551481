import { snakeCase, text, timestamp } from 'drizzle-orm/pg-core';

/** When a model is or was probed, so that instances need not all ask the same. */
export const modelProbes = snakeCase.table('model_probes', {
  model: text().primaryKey(),
  /** Until then whoever has claimed it is at it. */
  claimedUntil: timestamp({ withTimezone: true }).notNull(),
  /** When the last one ended that says something of the model; null: none has. */
  endedAt: timestamp({ withTimezone: true }),
});
