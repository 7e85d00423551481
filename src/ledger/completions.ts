import { and, desc, eq, gte, inArray, lt, lte, sql as raw, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import { matchText, type StringFilter } from '../db/match-text.ts';
import { completions } from '../db/tables/completions.ts';
import { visibleTo } from '../db/visibility.ts';
import type { Attempt, Completion, CompletionStatus, Outcome, Tag, Usage } from '../domain/completion.ts';
import type { CompletionOrigin } from '../domain/completion-origin.ts';
import { withEarlier } from '../domain/outcome.ts';
import type { Principal } from '../domain/principal.ts';

export interface CompletionFilter {
  status?: CompletionStatus[] | undefined;
  model?: StringFilter | undefined;
  keyId?: string | undefined;
  teamId?: string | undefined;
  tag?: Tag | undefined;
  endUserId?: StringFilter | undefined;
  /** Of the prompt that wrote the messages. */
  promptId?: string | undefined;
  /** By creation; `to` is exclusive. */
  from?: Date | undefined;
  to?: Date | undefined;
  minCostNanos?: bigint | undefined;
  /** Those of callers, unless given. */
  origin?: CompletionOrigin[] | undefined;
}

/** One page, newest first: what comes after the row with the id `after`. */
export interface Page {
  first: number;
  after?: string | undefined;
}

/** Null when one of them has no known price, as it is told. */
export const COST_OF_ALL_ATTEMPTS = raw`${completions.costNanos} + case when ${completions.earlier} is null then 0 else (
  select case when count(*) = count("costNanos") then sum("costNanos") end
  from jsonb_to_recordset(${completions.earlier}) as e("costNanos" numeric)) end`;

type Row = typeof completions.$inferSelect;

export async function findCompletions(db: Db, who: Principal, ids: readonly string[]): Promise<Completion[]> {
  const rows = await db
    .select()
    .from(completions)
    .where(and(inArray(completions.id, [...ids]), visibleTo(who, completions, completions.keyId)));
  return rows.map(toCompletion);
}

export async function listCompletions(
  db: Db,
  who: Principal,
  filter: CompletionFilter,
  page: Page,
): Promise<Completion[]> {
  const rows = await db
    .select()
    .from(completions)
    .where(and(matching(who, filter), page.after ? lt(completions.id, page.after) : undefined))
    .orderBy(desc(completions.id))
    .limit(page.first);
  return rows.map(toCompletion);
}

export async function countCompletions(db: Db, who: Principal, filter: CompletionFilter): Promise<number> {
  return db.$count(completions, matching(who, filter));
}

/** The copies that were made of these. */
export async function listShadows(db: Db, who: Principal, ids: readonly string[]): Promise<Completion[]> {
  const rows = await db
    .select()
    .from(completions)
    .where(and(inArray(completions.shadowOf, [...ids]), visibleTo(who, completions, completions.keyId)))
    .orderBy(completions.id);
  return rows.map(toCompletion);
}

/** The completion that a key's idempotency key already stands for. */
export async function findByIdempotencyKey(
  db: Db,
  keyId: string,
  key: string,
): Promise<Completion | undefined> {
  const [row] = await db
    .select()
    .from(completions)
    .where(and(eq(completions.keyId, keyId), eq(completions.idempotencyKey, key)));
  return row && toCompletion(row);
}

function matching(who: Principal, filter: CompletionFilter): SQL | undefined {
  return and(
    visibleTo(who, completions, completions.keyId),
    inArray(completions.origin, filter.origin ?? ['CALLER']),
    filter.status && inArray(completions.status, filter.status),
    matchText(completions.model, filter.model),
    matchText(completions.endUserId, filter.endUserId),
    filter.keyId === undefined ? undefined : eq(completions.keyId, filter.keyId),
    filter.teamId === undefined ? undefined : eq(completions.teamId, filter.teamId),
    filter.promptId === undefined ? undefined : eq(completions.promptId, filter.promptId),
    filter.tag && raw`${completions.tags} @> ${toJsonParameter([filter.tag])}::text::jsonb`,
    filter.from && gte(completions.createdAt, filter.from),
    filter.to && lt(completions.createdAt, filter.to),
    filter.minCostNanos === undefined
      ? undefined
      : lte(raw`${filter.minCostNanos.toString()}::numeric`, COST_OF_ALL_ATTEMPTS),
  );
}

function toCompletion(row: Row): Completion {
  return {
    id: row.id,
    origin: row.origin,
    shadowOf: row.shadowOf ?? undefined,
    organisationId: row.organisationId,
    teamId: row.teamId,
    keyId: row.keyId,
    idempotencyKey: row.idempotencyKey ?? undefined,
    askHash: row.askHash,
    requestedModel: row.requestedModel,
    provider: row.provider,
    model: row.model,
    tags: row.tags,
    endUserId: row.endUserId ?? undefined,
    traceId: row.traceId,
    createdAt: row.createdAt,
    finishedAt: row.finishedAt ?? undefined,
    status: row.status,
    priceId: row.priceId ?? undefined,
    promptUse:
      row.promptId !== null && row.promptVersionId !== null
        ? { promptId: row.promptId, versionId: row.promptVersionId }
        : undefined,
    trial:
      row.trialId !== null && row.trialArm !== null ? { trialId: row.trialId, arm: row.trialArm } : undefined,
    outcome: row.outcome ? withEarlier(earlierOf(row), toOutcome(row, row.outcome)) : undefined,
  };
}

function earlierOf({ earlier }: Row): Attempt[] {
  return (earlier ?? []).map(
    ({ costNanos, priceId: _price, budgetHolds: _holds, counted: _counted, ...attempt }) => ({
      ...attempt,
      costNanos: costNanos === null ? undefined : BigInt(costNanos),
    }),
  );
}

/** Of the last attempt. */
function toOutcome(row: Row, stored: NonNullable<Row['outcome']>): Outcome {
  const used = { usage: toUsage(row), costNanos: row.costNanos ?? undefined };
  return {
    ...stored,
    ...used,
    attempts: stored.attempts.map((attempt) => ({ ...attempt, ...used })),
    // Those that were settled before there was a queue did not wait in one.
    queueMs: stored.queueMs ?? 0,
    status: row.status as Exclude<CompletionStatus, 'RUNNING'>,
    finishReason: row.finishReason ?? 'ERROR',
    totalMs: row.totalMs ?? 0,
    firstTokenMs: row.firstTokenMs ?? undefined,
  };
}

function toUsage(row: Row): Usage {
  return {
    input: row.inputTokens ?? 0,
    output: row.outputTokens ?? 0,
    cacheRead: row.cacheReadTokens ?? 0,
    cacheWrite: row.cacheWriteTokens ?? 0,
    reasoning: row.reasoningTokens ?? 0,
    source: row.usageSource ?? 'NONE',
  };
}
