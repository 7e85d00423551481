import type { Fragment, ISql } from 'postgres';
import { toJsonParameter } from '../../db/json.ts';
import { subjectOf, type Budget } from '../../domain/budget.ts';
import { hasScope, type Principal } from '../../domain/principal.ts';
import { TASK_TAGS } from '../../domain/tag.ts';
import type { Page } from '../completions.ts';
import { WINDOW_BOUNDS } from './windows.ts';

export interface BudgetFilter {
  scope?: Budget['scope'][] | undefined;
  subjectId?: string | undefined;
  /** As `SCOPE:subjectId`. */
  subjects?: readonly string[] | undefined;
}

/** Those of these budgets that `who` may see, deleted ones too, each with its current window. */
export async function findBudgets(sql: ISql, who: Principal, ids: readonly string[]): Promise<Budget[]> {
  return read(sql, sql`${withId(sql, ids)} AND ${visible(sql, who)}`);
}

/** Newest first. */
export async function listBudgets(
  sql: ISql,
  who: Principal,
  filter: BudgetFilter,
  page: Page,
): Promise<Budget[]> {
  const after = page.after === undefined ? sql`` : sql`AND b.id < ${page.after}`;
  return read(sql, sql`${matching(sql, who, filter)} ${after} ORDER BY b.id DESC LIMIT ${page.first}`);
}

export async function countBudgets(sql: ISql, who: Principal, filter: BudgetFilter): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM budgets b WHERE ${matching(sql, who, filter)}`;
  return row!.count;
}

/** The budgets that hold for completions about these subjects, whoever may see them. */
export async function listBudgetsOn(
  sql: ISql,
  organisationId: string,
  subjects: readonly string[],
): Promise<Budget[]> {
  return read(
    sql,
    sql`b.organisation_id = ${organisationId} AND ${inForce(sql)}
      AND b.subject IN ${listed(sql, subjects)} ORDER BY b.id`,
  );
}

/** Budgets by their ids for the ledger's own answers, deleted ones too. */
export async function readBudgets(sql: ISql, ids: readonly string[]): Promise<Budget[]> {
  return read(sql, withId(sql, ids));
}

/** Those of these budgets that still hold. */
export async function readBudgetsInForce(sql: ISql, ids: readonly string[]): Promise<Budget[]> {
  return read(sql, sql`${withId(sql, ids)} AND ${inForce(sql)}`);
}

/** The subjects of a key by itself, whatever it asks for. */
export function subjectsOfKey({ organisationId, teamId, keyId }: Principal): string[] {
  return [subjectOf('ORGANISATION', organisationId), subjectOf('TEAM', teamId), subjectOf('KEY', keyId)];
}

function matching(sql: ISql, who: Principal, filter: BudgetFilter): Fragment {
  const { scope, subjectId, subjects } = filter;
  return sql`${visible(sql, who)} AND ${inForce(sql)}
    ${scope ? sql`AND b.scope IN ${listed(sql, scope)}` : sql``}
    ${subjects ? sql`AND b.subject IN ${listed(sql, subjects)}` : sql``}
    ${subjectId === undefined ? sql`` : sql`AND b.subject_id = ${subjectId}`}`;
}

/** An admin sees all; the holder of a team scope those of the team; everybody those that hold for every ask of theirs. */
function visible(sql: ISql, who: Principal): Fragment {
  // Those of tasks are seen with the tasks.
  const own = sql`b.organisation_id = ${who.organisationId}
    AND NOT (b.scope = 'TAG' AND split_part(b.subject_id, '=', 1) IN ${listed(sql, TASK_TAGS)})`;
  if (hasScope(who, 'ADMIN')) return own;
  const mine = sql`b.subject IN ${listed(sql, subjectsOfKey(who))}`;
  const ofTeam = hasScope(who, 'USAGE_READ') || hasScope(who, 'BUDGETS_WRITE');
  return ofTeam ? sql`${own} AND (${mine} OR b.team_id = ${who.teamId})` : sql`${own} AND ${mine}`;
}

function inForce(sql: ISql): Fragment {
  return sql`b.deleted_at IS NULL AND (b.ends_at IS NULL OR b.ends_at > now())`;
}

function withId(sql: ISql, ids: readonly string[]): Fragment {
  return sql`b.id IN ${listed(sql, ids)}`;
}

/** A list of texts in SQL: drivers here know no arrays. */
function listed(sql: ISql, texts: readonly string[]): Fragment {
  return sql`(SELECT jsonb_array_elements_text(${toJsonParameter(texts)}::text::jsonb))`;
}

/** A window that nothing has drawn on yet is none in the database, and reads as an empty one. */
async function read(sql: ISql, where: Fragment): Promise<Budget[]> {
  const rows = await sql<BudgetRow[]>`
    SELECT b.*, extract(epoch FROM b.created_at)::float8 * 1000 AS created_ms,
      extract(epoch FROM b.ends_at)::float8 * 1000 AS ends_ms,
      extract(epoch FROM b.deleted_at)::float8 * 1000 AS deleted_ms,
      extract(epoch FROM bounds.starts_at)::float8 * 1000 AS window_starts_ms,
      extract(epoch FROM bounds.ends_at)::float8 * 1000 AS window_ends_ms,
      w.id AS window_id, coalesce(w.settled, 0) AS settled, coalesce(w.held, 0) AS held,
      coalesce(w.exceeded, 0) AS exceeded, coalesce(w.version, 0) AS version
    FROM budgets b ${sql.unsafe(WINDOW_BOUNDS)}
    LEFT JOIN budget_windows w ON w.budget_id = b.id AND w.starts_at = bounds.starts_at
    WHERE ${where}`;
  return rows.map(toBudget);
}

interface BudgetRow {
  id: string;
  organisation_id: string;
  team_id: string | null;
  scope: Budget['scope'];
  subject_id: string;
  name: string | null;
  unit: Budget['unit'];
  limit_amount: bigint;
  window: Budget['window'];
  time_zone: string;
  start_day: number;
  on_exceed: Budget['onExceed'];
  fallback_model: string | null;
  queue_ms: number;
  shadow: boolean;
  allow_unpriced: boolean;
  thresholds: number[];
  created_ms: number;
  ends_ms: number | null;
  deleted_ms: number | null;
  window_starts_ms: number;
  window_ends_ms: number | null;
  window_id: bigint | null;
  settled: bigint;
  held: bigint;
  exceeded: bigint;
  version: bigint;
}

function toBudget(row: BudgetRow): Budget {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    teamId: row.team_id ?? undefined,
    scope: row.scope,
    subjectId: row.subject_id,
    name: row.name ?? undefined,
    unit: row.unit,
    limit: row.limit_amount,
    window: row.window,
    timeZone: row.time_zone,
    startDay: row.start_day,
    onExceed: row.on_exceed,
    fallbackModel: row.fallback_model ?? undefined,
    queueMs: row.queue_ms,
    shadow: row.shadow,
    allowUnpriced: row.allow_unpriced,
    thresholds: row.thresholds,
    createdAt: new Date(row.created_ms),
    endsAt: toDate(row.ends_ms),
    deletedAt: toDate(row.deleted_ms),
    current: {
      windowId: row.window_id?.toString() ?? '',
      startsAt: new Date(row.window_starts_ms),
      resetsAt: toDate(row.window_ends_ms),
      limit: row.limit_amount,
      settled: row.settled,
      held: row.held,
      exceeded: row.exceeded,
      version: row.version,
    },
  };
}

function toDate(ms: number | null): Date | undefined {
  return ms === null ? undefined : new Date(ms);
}
