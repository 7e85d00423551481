import type { Sql, TransactionSql } from 'postgres';
import { toJsonParameter } from '../../db/json.ts';
import { subjectOf, type Budget } from '../../domain/budget.ts';
import { InvalidInput, NotFound } from '../../domain/errors.ts';
import { ensureMaySet } from '../../domain/may-set.ts';
import type { Origin } from '../../domain/origin.ts';
import type { Principal } from '../../domain/principal.ts';
import { appendAudit } from '../../events/audit.ts';
import { appendEvent } from '../../events/outbox.ts';
import { newId } from '../../lib/ids.ts';
import { fault, listFaults } from './check.ts';
import { findBudgets, readBudgets } from './read.ts';
import { openWindows } from './windows.ts';

/** What changing budgets needs. */
export interface BudgetStore {
  sql: Sql;
  /** What a budget is to be set on, as far as `who` may see it; undefined when there is no such thing. */
  findSubject(
    who: Principal,
    scope: Budget['scope'],
    id: string,
  ): Promise<{ teamId: string | undefined } | undefined>;
  /** Whether there is such a model, or such a route of the organisation. */
  mayAnswer(organisationId: string, name: string): boolean;
  /** Why requests that stay in these regions find no way to a model or by a route; undefined where they do. */
  explainOutside(organisationId: string, name: string, regions: readonly string[]): string | undefined;
  /** A limit that is set, or a budget that is gone, is without what it was raised by for a time. */
  endIncreases(tx: TransactionSql, budget: { id: string; organisationId: string }, by: Origin): Promise<void>;
  /** A change was committed. */
  onChange(): void;
}

/** What a budget says; the rest of `Budget` is how it stands. */
export type BudgetInput = Pick<
  Budget,
  | 'scope'
  | 'subjectId'
  | 'name'
  | 'unit'
  | 'limit'
  | 'window'
  | 'timeZone'
  | 'startDay'
  | 'onExceed'
  | 'fallbackModel'
  | 'queueMs'
  | 'shadow'
  | 'allowUnpriced'
  | 'thresholds'
> & { endsAt?: Date | undefined };

/**
 * Sets the budget of a subject for a unit and a window, whether or not there was one.
 * @throws InvalidInput with every fault; Forbidden for a budget that holds for the caller itself; NotFound.
 */
export async function setBudget(
  store: BudgetStore,
  who: Principal,
  input: BudgetInput,
  by: Origin,
): Promise<Budget> {
  const faults = listFaults(input, (name) => store.mayAnswer(who.organisationId, name));
  if (faults.length > 0) throw new InvalidInput(faults);
  await ensureUsable(store, who, input);
  const subject = await ensureSubject(store, who, input);
  const id = await store.sql.begin((tx) => write(store, tx, who, { ...input, ...subject }, by));
  store.onChange();
  return (await readBudgets(store.sql, [id]))[0]!;
}

/** From now on nothing is held against it; what it holds is still given back. Deleting twice is no error. */
export async function deleteBudget(
  store: BudgetStore,
  who: Principal,
  id: string,
  by: Origin,
): Promise<string> {
  const [budget] = await findBudgets(store.sql, who, [id]);
  if (!budget) throw new NotFound('budget', id, ['id']);
  ensureMaySet(who, 'BUDGETS', budget, ['id']);
  await store.sql.begin(async (tx) => {
    const deleted = await tx`
      UPDATE budgets SET deleted_at = now() WHERE id = ${id} AND deleted_at IS NULL RETURNING id`;
    if (deleted.length === 0) return;
    await store.endIncreases(tx, budget, by);
    await record(tx, who, { id, action: 'budget.delete', before: toRecord(budget), by });
  });
  store.onChange();
  return id;
}

/** What no request of the organisation may go to would only be refused, each time that it is needed. */
async function ensureUsable(
  store: BudgetStore,
  who: Principal,
  { fallbackModel }: BudgetInput,
): Promise<void> {
  if (fallbackModel === undefined) return;
  const [organisation] = await store.sql<{ regions: string[] }[]>`
    SELECT regions FROM organisations WHERE id = ${who.organisationId}`;
  const why = store.explainOutside(who.organisationId, fallbackModel, organisation?.regions ?? []);
  if (why === undefined) return;
  const what = `is ${JSON.stringify(fallbackModel)}, where no request of the organisation may go: ${why}`;
  throw new InvalidInput(fault('fallbackModel', what));
}

async function ensureSubject(store: BudgetStore, who: Principal, { scope, subjectId }: BudgetInput) {
  const path = ['input', 'subjectId'];
  const found = await store.findSubject(who, scope, subjectId);
  if (!found) throw new NotFound(scope.toLowerCase().replace('_', ' '), subjectId, path);
  ensureMaySet(who, 'BUDGETS', { scope, subjectId, teamId: found.teamId }, path);
  return found;
}

async function write(
  store: BudgetStore,
  tx: TransactionSql,
  who: Principal,
  input: BudgetInput & { teamId: string | undefined },
  by: Origin,
): Promise<string> {
  const subject = subjectOf(input.scope, input.subjectId);
  const [existing] = await tx<{ id: string; time_zone: string; start_day: number }[]>`
    SELECT id, time_zone, start_day FROM budgets
    WHERE organisation_id = ${who.organisationId} AND subject = ${subject} AND unit = ${input.unit}
      AND "window" = ${input.window} AND deleted_at IS NULL AND ends_at IS NULL FOR UPDATE`;
  if (existing) ensureSameWindows(existing, input);
  const before = existing && (await readBudgets(tx, [existing.id]))[0];
  const id = await upsert(tx, who, subject, input);
  await tx`
    UPDATE budget_windows SET limit_amount = ${input.limit.toString()}::text::bigint, version = version + 1
    WHERE budget_id = ${id} AND (ends_at IS NULL OR ends_at > now())`;
  await openWindows(tx, [id]);
  if (existing) await store.endIncreases(tx, { id, organisationId: who.organisationId }, by);
  const [after] = await readBudgets(tx, [id]);
  const told = {
    id,
    action: 'budget.set',
    before: before && toRecord(before),
    after: toRecord(after!),
    by,
  };
  await record(tx, who, told);
  return id;
}

/** Two who set the same budget at once take turns at its unique index; the later one holds. */
async function upsert(
  tx: TransactionSql,
  who: Principal,
  subject: string,
  input: BudgetInput & { teamId: string | undefined },
): Promise<string> {
  const row = toJsonParameter({
    ...input,
    id: newId('bdg'),
    organisationId: who.organisationId,
    subject,
    limit: input.limit.toString(),
    thresholds: input.thresholds.toSorted((a, b) => a - b),
  });
  const [written] = await tx<{ id: string }[]>`
    INSERT INTO budgets AS b (id, organisation_id, team_id, scope, subject_id, subject, name, unit, limit_amount, "window",
      time_zone, start_day, on_exceed, fallback_model, queue_ms, shadow, allow_unpriced, thresholds, ends_at)
    SELECT * FROM jsonb_to_record(${row}::text::jsonb) AS x(id text, "organisationId" text, "teamId" text, scope text,
      "subjectId" text, subject text, name text, unit text, "limit" bigint, "window" text, "timeZone" text,
      "startDay" int, "onExceed" text, "fallbackModel" text, "queueMs" int, shadow boolean, "allowUnpriced" boolean,
      thresholds jsonb, "endsAt" timestamptz)
    ON CONFLICT (organisation_id, subject, unit, "window") WHERE deleted_at IS NULL AND ends_at IS NULL DO UPDATE
      SET name = excluded.name, limit_amount = excluded.limit_amount, on_exceed = excluded.on_exceed,
        fallback_model = excluded.fallback_model, queue_ms = excluded.queue_ms, shadow = excluded.shadow,
        allow_unpriced = excluded.allow_unpriced, thresholds = excluded.thresholds
    RETURNING b.id`;
  return written!.id;
}

/** Another time zone or first day would make windows that overlap those in which something was already counted. */
function ensureSameWindows(existing: { time_zone: string; start_day: number }, input: BudgetInput): void {
  const faults = [
    existing.time_zone === input.timeZone
      ? []
      : fault('timeZone', `is ${existing.time_zone} for this budget`),
    existing.start_day === input.startDay
      ? []
      : fault('startDay', `is ${existing.start_day} for this budget`),
  ].flat();
  if (faults.length === 0) return;
  throw new InvalidInput(
    faults.map(({ path, message }) => ({
      path,
      message: `${message} already and its windows would overlap with others; delete it and set a new one`,
    })),
  );
}

async function record(
  tx: TransactionSql,
  who: Principal,
  change: {
    id: string;
    action: string;
    before: Record<string, unknown> | undefined;
    after?: Record<string, unknown>;
    by: Origin;
  },
): Promise<void> {
  const { organisationId, keyId: actorId } = who;
  const { id: targetId, action, before, after, by } = change;
  await appendAudit(tx, { organisationId, actorId, action, targetId, before, after, ...by });
  await appendEvent(tx, { organisationId, kind: 'BUDGET_CHANGED', subjectId: targetId });
}

/** For the audit: what was set, in numbers that JSON can hold. */
export function toRecord({
  current: _current,
  limit,
  createdAt,
  endsAt,
  ...rest
}: Budget): Record<string, unknown> {
  return {
    ...rest,
    limit: limit.toString(),
    createdAt: createdAt.toISOString(),
    endsAt: endsAt?.toISOString(),
  };
}
