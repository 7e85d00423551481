import { sql } from 'drizzle-orm';
import { bigint, index, integer, jsonb, snakeCase, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import type { CompletionStatus, FinishReason, Outcome, Tag, UsageSource } from '../../domain/completion.ts';

/** The parts of an outcome that nothing is summed or searched by. */
export type StoredOutcome = Pick<
  Outcome,
  'parts' | 'toolCalls' | 'object' | 'failure' | 'attempts' | 'warnings' | 'queueMs'
>;

/** Amount that a completion holds in a budget's window, in the budget's unit. */
export interface BudgetHold {
  window: number;
  unit: string;
  amount: number;
}

/** PENDING becomes exactly one of the others: POSTED (work was done), VOIDED (none was), EXPIRED (its process died). */
export type HoldState = 'PENDING' | 'POSTED' | 'VOIDED' | 'EXPIRED';

/**
 * One row a completion: opened with its hold by reserve, closed by settle, never touched again. It has no foreign
 * keys: keys and teams are never deleted, and every check would be paid twice for each completion.
 */
export const completions = snakeCase.table(
  'completions',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    teamId: text().notNull(),
    keyId: text().notNull(),
    idempotencyKey: text(),
    askHash: text().notNull(),
    requestedModel: text().notNull(),
    provider: text().notNull(),
    model: text().notNull(),
    tags: jsonb().$type<Tag[]>().notNull(),
    endUserId: text(),
    traceId: text().notNull(),
    status: text().$type<CompletionStatus>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    finishedAt: timestamp({ withTimezone: true }),

    holdState: text().$type<HoldState>().notNull(),
    /** Worst case in nano-USD; null when the model has no known price. */
    heldNanos: bigint({ mode: 'bigint' }),
    /** What it draws on: windows of budgets and the amounts held in them. Null when no budget applies. */
    budgetHolds: jsonb().$type<BudgetHold[]>(),
    holdExpiresAt: timestamp({ withTimezone: true }).notNull(),
    /** Process that runs it. */
    instanceId: text().notNull(),
    /** What recovery settles from when that process dies: the prompt's estimate, and the output seen so far. */
    estimatedInputTokens: integer().notNull(),
    seenOutputTokens: integer().notNull().default(0),

    finishReason: text().$type<FinishReason>(),
    inputTokens: bigint({ mode: 'number' }),
    outputTokens: bigint({ mode: 'number' }),
    cacheReadTokens: bigint({ mode: 'number' }),
    cacheWriteTokens: bigint({ mode: 'number' }),
    reasoningTokens: bigint({ mode: 'number' }),
    usageSource: text().$type<UsageSource>(),
    /** Row of `prices`; null when no price is known. */
    priceId: text(),
    costNanos: bigint({ mode: 'bigint' }),
    totalMs: integer(),
    firstTokenMs: integer(),
    outcome: jsonb().$type<StoredOutcome>(),
  },
  (table) => [
    uniqueIndex('completions_idempotency')
      .on(table.keyId, table.idempotencyKey)
      .where(sql`idempotency_key is not null`),
    index('completions_by_team').on(table.organisationId, table.teamId, table.id),
    index('completions_finished').on(table.organisationId, table.finishedAt),
    index('completions_pending')
      .on(table.holdExpiresAt)
      .where(sql`hold_state = 'PENDING'`),
  ],
);
