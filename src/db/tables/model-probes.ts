import { integer, snakeCase, text, timestamp } from 'drizzle-orm/pg-core';

/** Who is about to probe a model, and what came of the last probe, so that instances need not all ask the same. */
export const modelProbes = snakeCase.table('model_probes', {
  model: text().primaryKey(),
  /** Until then whoever has claimed it is at it. */
  claimedUntil: timestamp({ withTimezone: true }).notNull(),
  /** When the last one ended that says something of the model; null: none has. */
  endedAt: timestamp({ withTimezone: true }),
  kind: text(),
  latencyMs: integer(),
});
