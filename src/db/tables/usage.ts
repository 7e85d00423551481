import {
  bigint,
  boolean,
  integer,
  primaryKey,
  serial,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { CompletionOrigin } from '../../domain/completion-origin.ts';
import { transactionId } from './outbox.ts';

/** Whose usage a roll-up is: one row for each combination that was ever settled. */
export const usageSeries = snakeCase.table(
  'usage_series',
  {
    id: serial().primaryKey(),
    organisationId: text().notNull(),
    /** Everything is summed twice: for each key, and with an empty `keyId` for all keys together, which are far fewer rows. */
    byKey: boolean().notNull(),
    teamId: text().notNull(),
    keyId: text().notNull(),
    provider: text().notNull(),
    model: text().notNull(),
    status: text().notNull(),
    origin: text().$type<CompletionOrigin>().notNull().default('CALLER'),
    /** Slug of the prompt that wrote the messages; empty: none did. */
    prompt: text().notNull().default(''),
  },
  (table) => [
    uniqueIndex('usage_series_once').on(
      table.organisationId,
      table.byKey,
      table.teamId,
      table.keyId,
      table.provider,
      table.model,
      table.status,
      table.origin,
      table.prompt,
    ),
  ],
);

const count = () => bigint({ mode: 'bigint' }).notNull();

/**
 * Sums of what was settled in a quarter of an hour, in an hour and in a day of UTC. The start of a quarter is the start
 * of one in every time zone.
 */
export const usageRollups = snakeCase.table(
  'usage_rollups',
  {
    seriesId: integer().notNull(),
    /** How long it is: 900, 3600 or 86400 seconds. */
    grainS: integer().notNull(),
    startsAt: timestamp({ withTimezone: true }).notNull(),
    requests: count(),
    cacheHits: count(),
    unpriced: count(),
    inputTokens: count(),
    outputTokens: count(),
    cacheReadTokens: count(),
    cacheWriteTokens: count(),
    reasoningTokens: count(),
    costNanos: count(),
    /** Histograms: each number is a step of the logarithmic scale × 2³² + how many fell on it. */
    firstTokenSteps: bigint({ mode: 'bigint' }).array().notNull(),
    latencySteps: bigint({ mode: 'bigint' }).array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.seriesId, table.grainS, table.startsAt] })],
);

/** One row: how far the roll-ups are. What came later is read from the facts themselves. */
export const usageProgress = snakeCase.table('usage_progress', {
  id: integer().primaryKey(),
  /** The server that the transaction numbers belong to; on another one they mean nothing. */
  server: text().notNull(),
  /** The last event of the outbox that is in the roll-ups. */
  transaction: transactionId().notNull(),
  seq: bigint({ mode: 'bigint' }).notNull(),
  /** Up to which id the completions of before the first event are in; null when all are. */
  backfilledTo: text(),
  /** The last event that was dropped from the outbox: who has not read it has missed something. */
  trimmedTransaction: transactionId().notNull(),
  trimmedSeq: bigint({ mode: 'bigint' }).notNull(),
});
