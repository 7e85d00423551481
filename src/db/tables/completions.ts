import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type {
  Attempt,
  CompletionStatus,
  FinishReason,
  Outcome,
  Tag,
  UsageSource,
} from '../../domain/completion.ts';
import type { CompletionOrigin } from '../../domain/completion-origin.ts';
import type { RecordedFacts } from '../../domain/recorded-facts.ts';

/** The parts of an outcome that nothing is summed or searched by. */
export interface StoredOutcome extends Pick<
  Outcome,
  'parts' | 'toolCalls' | 'object' | 'failure' | 'route' | 'warnings' | 'queueMs'
> {
  /** The last one, if a vendor was called. What it used and cost is in the columns. */
  attempts: Omit<Attempt, 'usage' | 'costNanos'>[];
}

/** An attempt that ended before the last one, with what was booked for it. */
export interface EarlierAttempt extends Omit<Attempt, 'costNanos'> {
  /** Digits; null when the model had no known price. */
  costNanos: string | null;
  priceId: string | null;
  /** What it had held in windows of budgets. */
  budgetHolds: BudgetHold[];
  /** Budgets of requests have counted the completion with it. */
  counted: boolean;
}

/** A second attempt that is under way beside the row's own. Fields as those of the row. */
export interface HedgedAttempt {
  attempt: number;
  provider: string;
  model: string;
  priceId: string | null;
  heldNanos: number | null;
  budgetHolds: BudgetHold[];
  estimatedInputTokens: number;
  seenOutputTokens: number;
}

/** Amount that a completion holds in a budget's window, in the budget's unit. */
export interface BudgetHold {
  window: number;
  unit: string;
  amount: number;
}

/** PENDING becomes exactly one of the others: POSTED (work was done), VOIDED (none was), EXPIRED (its process died). */
export type HoldState = 'PENDING' | 'POSTED' | 'VOIDED' | 'EXPIRED';

/**
 * One row a completion: opened with its hold by reserve, closed by settle, and then only marked as counted by its trial. It tells of the attempt
 * that is under way, or was the last: its model, its hold, and in the end what it used. Where one attempt follows another
 * the row is settled for the first and reserved anew for the next; between the two it holds nothing. It has no foreign
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
    /** Whether a caller wanted it; of others team and key are as `ownerOf` says. */
    origin: text().$type<CompletionOrigin>().notNull().default('CALLER'),
    /** The completion that it is a copy of. */
    shadowOf: text(),
    requestedModel: text().notNull(),
    provider: text().notNull(),
    model: text().notNull(),
    tags: jsonb().$type<Tag[]>().notNull(),
    endUserId: text(),
    traceId: text().notNull(),
    /** What drafts of routes are tried on. Null where it began before there was that. */
    facts: jsonb().$type<RecordedFacts>(),
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
    /** Number of the attempt, from 0 on. */
    attempt: integer().notNull().default(0),
    /** The attempt has ended and the next one has not begun: nothing is held. */
    resting: boolean().notNull().default(false),
    /** Those that ended before, each booked already. Null, mostly, when there was only one. */
    earlier: jsonb().$type<EarlierAttempt[]>(),
    /** What is under way beside it, with a hold of its own; it takes the row's place when the row's own attempt ends. */
    hedge: jsonb().$type<HedgedAttempt>(),
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

    /** The version of a prompt that wrote its messages, and the prompt. */
    promptId: text(),
    promptVersionId: text(),

    /** The trial that it was let into, and the arm: for good, whatever answers it. Null, mostly, for none. */
    trialId: text(),
    trialArm: text(),
    /** It is in the sums of its trial; the one change of a settled row. */
    trialCounted: boolean().notNull().default(false),
  },
  (table) => [
    uniqueIndex('completions_idempotency')
      .on(table.keyId, table.idempotencyKey)
      .where(sql`idempotency_key is not null`),
    index('completions_by_team').on(table.organisationId, table.teamId, table.id),
    index('completions_shadows')
      .on(table.shadowOf)
      .where(sql`shadow_of is not null`),
    index('completions_finished').on(table.organisationId, table.finishedAt),
    index('completions_finished_later')
      .on(table.organisationId, table.finishedAt)
      .where(sql`earlier is not null`),
    index('completions_pending')
      .on(table.holdExpiresAt)
      .where(sql`hold_state = 'PENDING'`),
    index('completions_of_prompt')
      .on(table.promptId, table.id)
      .where(sql`prompt_id is not null`),
    index('completions_to_count')
      .on(table.trialId, table.id)
      .where(sql`trial_id is not null and not trial_counted`),
  ],
);
