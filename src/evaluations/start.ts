import type { Sql, TransactionSql } from 'postgres';
import { keepPrincipal } from '../access/kept.ts';
import { ensureAllowed } from '../access/rules.ts';
import type { Db } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import { Conflict, InvalidInput, NotFound, type InputIssue } from '../domain/errors.ts';
import type { Evaluation, Grader } from '../domain/evaluation.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { LATEST } from '../domain/prompt.ts';
import { appendAudit } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import { closeOwnBudget, openOwnBudget } from '../ledger/budgets/own.ts';
import { newId } from '../lib/ids.ts';
import { formatNanos } from '../lib/money.ts';
import type { PromptBook, ReadyVersion } from '../prompts/book.ts';
import { checkVariables } from '../prompts/variables.ts';
import { CANCELLED } from './claims.ts';
import { findEvaluation } from './evaluation-rows.ts';
import { listCases, readDatasets, type StoredDataset } from './rows.ts';
import type { Runner } from './runner.ts';

/** Of one organisation, run or wait. */
const OPEN_MAX = 50;
const CONCURRENCY_MAX = 20;
const ISSUES_TOLD = 20;
const CASES_AT_ONCE = 500;
const MOST_COST_NANOS = 10n ** 15n;

/** What evaluating needs. */
export interface EvaluationDesk {
  sql: Sql;
  db: Db;
  book: PromptBook;
  runner: Runner;
  announceCommit(): void;
}

/** An evaluation as it is wished for. */
export interface WantedEvaluation {
  slug: string;
  /** Undefined: that of the label. */
  version: number | undefined;
  label: string | undefined;
  /** Name of the dataset. */
  dataset: string;
  graders: Grader[];
  model: string | undefined;
  maxCostNanos: bigint;
  concurrency: number;
  passingRate: number;
  sample: number | undefined;
}

/**
 * Begins to run a version of a prompt on each case of a dataset. Nothing is called before every case is known to fit.
 * @throws InvalidInput with every fault, also of the cases; NotFound; Forbidden; Conflict where too many are open.
 */
export async function startEvaluation(
  desk: EvaluationDesk,
  who: Principal,
  wanted: WantedEvaluation,
  by: Origin,
): Promise<Evaluation> {
  ensureNumbers(wanted);
  ensureAllowed(who, 'COMPLETIONS_WRITE', 'asking for completions');
  const { organisationId } = who;
  const version = await findVersion(desk, who, wanted);
  const [dataset] = await readDatasets(desk.sql, organisationId, { name: wanted.dataset });
  if (!dataset) throw new NotFound('dataset', wanted.dataset, ['input', 'dataset']);
  if (dataset.caseCount === 0)
    throw invalid('dataset', `is ${JSON.stringify(dataset.name)}, which has no cases`);
  if (wanted.model === undefined && version.spec.model === undefined)
    throw invalid('model', `is missing, and version ${version.number} of the prompt names none`);
  await ensureCasesFit(desk.sql, organisationId, dataset, version);
  const starter = await keepPrincipal(desk.db, who, by.ip ?? '');
  const id = newId('eval');
  await desk.sql.begin(async (tx) => {
    await ensureRoom(tx, organisationId);
    const budgetId = await openOwnBudget(tx, {
      organisationId,
      tag: { key: 'evaluation', value: id },
      limitNanos: wanted.maxCostNanos,
    });
    const row = { id, organisationId, budgetId, starter, ...toRow(wanted, version, dataset) };
    await insert(tx, who, row);
    await appendEvent(tx, { kind: 'EVALUATION_CHANGED', organisationId, subjectId: id });
    const after = {
      prompt: wanted.slug,
      version: version.number,
      dataset: dataset.name,
      maxCost: formatNanos(wanted.maxCostNanos),
    };
    await appendAudit(tx, {
      organisationId,
      actorId: who.keyId,
      action: 'evaluation.start',
      targetId: id,
      after,
      ...by,
    });
  });
  desk.announceCommit();
  // It is begun here at once. What goes wrong with that is tried again, here or elsewhere.
  await desk.runner.look().catch(() => {});
  return (await findEvaluation(desk.sql, organisationId, id))!;
}

/**
 * Ends an evaluation before all is run; what is under way is stopped, and booked as far as it went. One that is over stays as it
 * is.
 * @throws NotFound
 */
export async function cancelEvaluation(
  desk: EvaluationDesk,
  who: Principal,
  id: string,
  by: Origin,
): Promise<void> {
  const { organisationId, keyId: actorId } = who;
  const found = await findEvaluation(desk.sql, organisationId, id);
  if (!found) throw new NotFound('evaluation', id, ['id']);
  const isNews = await desk.sql.begin(async (tx) => {
    // One that has not begun has nobody to end it.
    const [row] = await tx<{ status: string; budget_id: string }[]>`
      UPDATE evaluations SET cancelled_at = now(), status = CASE status WHEN 'QUEUED' THEN 'STOPPED' ELSE status END,
        stop_reason = CASE status WHEN 'QUEUED' THEN ${CANCELLED.reason} END,
        stop_message = CASE status WHEN 'QUEUED' THEN ${CANCELLED.message} END,
        finished_at = CASE status WHEN 'QUEUED' THEN now() END
      WHERE id = ${id} AND status IN ('QUEUED', 'RUNNING') AND cancelled_at IS NULL RETURNING status, budget_id`;
    if (!row) return false;
    const isOver = row.status === 'STOPPED';
    if (isOver) await closeOwnBudget(tx, row.budget_id);
    const kind = isOver ? 'EVALUATION_CHANGED' : 'CANCEL_REQUESTED';
    await appendEvent(tx, { kind, organisationId, subjectId: id });
    await appendAudit(tx, { organisationId, actorId, action: 'evaluation.cancel', targetId: id, ...by });
    return true;
  });
  if (isNews) desk.announceCommit();
}

async function findVersion(
  { book }: EvaluationDesk,
  { organisationId }: Principal,
  { slug, version, label = LATEST }: WantedEvaluation,
): Promise<ReadyVersion> {
  return book.ensure(organisationId, { slug, version, label });
}

/** A case without a value that was kept nowhere fits no more than one with a wrong value. */
async function ensureCasesFit(
  sql: Sql,
  organisationId: string,
  { id: datasetId, version }: StoredDataset,
  { spec }: ReadyVersion,
): Promise<void> {
  const issues: InputIssue[] = [];
  for (let after: string | undefined; ;) {
    const page = { first: CASES_AT_ONCE, after };
    const [cases = []] = await listCases(sql, organisationId, [{ datasetId, version }], page);
    for (const { id, name = id, variables, missing } of cases) {
      const path = ['input', 'dataset', name];
      if (missing.length > 0)
        issues.push({
          path,
          message: `${path.join('.')} lacks ${missing.join(', ')}, which was kept nowhere`,
        });
      else issues.push(...listFaults(() => checkVariables(spec.variables, variables, path)));
    }
    if (issues.length > 0) throw new InvalidInput(issues.slice(0, ISSUES_TOLD));
    if (cases.length < CASES_AT_ONCE) return;
    after = cases.at(-1)!.id;
  }
}

function listFaults(check: () => unknown): InputIssue[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof InvalidInput) return error.issues;
    throw error;
  }
}

async function ensureRoom(tx: TransactionSql, organisationId: string): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(hashtextextended(${`evaluations ${organisationId}`}, 0))`;
  const [row] = await tx<{ count: number }[]>`
    SELECT count(*)::int AS count FROM evaluations
    WHERE organisation_id = ${organisationId} AND status IN ('QUEUED', 'RUNNING')`;
  if (row!.count >= OPEN_MAX)
    throw new Conflict(
      `${OPEN_MAX} evaluations run or wait already; cancel one, or wait until one has ended`,
    );
}

function toRow(wanted: WantedEvaluation, version: ReadyVersion, dataset: StoredDataset) {
  const { graders, model, maxCostNanos, sample, concurrency, passingRate } = wanted;
  return {
    graders,
    model,
    concurrency,
    passingRate,
    promptId: version.promptId,
    promptVersion: version.number,
    datasetId: dataset.id,
    datasetVersion: dataset.version,
    budgetNanos: maxCostNanos.toString(),
    sample: sample !== undefined && sample < dataset.caseCount ? sample : undefined,
    total: Math.min(sample ?? Infinity, dataset.caseCount),
  };
}

async function insert(
  tx: TransactionSql,
  { teamId, keyId }: Principal,
  row: ReturnType<typeof toRow> & Record<'id' | 'organisationId' | 'budgetId', string> & { starter: object },
): Promise<void> {
  await tx`
    INSERT INTO evaluations (id, organisation_id, team_id, prompt_id, prompt_version, dataset_id, dataset_version, graders,
      model, budget_id, budget_nanos, sample, concurrency, passing_rate, status, total, started_by, starter, created_at)
    SELECT x.id, x."organisationId", ${teamId}, x."promptId", x."promptVersion", x."datasetId", x."datasetVersion",
      x.graders, x.model, x."budgetId", x."budgetNanos", x.sample, x.concurrency, x."passingRate", 'QUEUED', x.total,
      ${keyId}, x.starter, now()
    FROM jsonb_to_record(${toJsonParameter(row)}::text::jsonb) AS x(id text, "organisationId" text, "promptId" text,
      "promptVersion" int, "datasetId" text, "datasetVersion" int, graders jsonb, model text, "budgetId" text,
      "budgetNanos" bigint, sample int, concurrency int, "passingRate" float8, total int, starter jsonb)`;
}

function ensureNumbers({
  maxCostNanos,
  concurrency,
  passingRate,
  sample,
  version,
  label,
}: WantedEvaluation): void {
  const issues = [
    ...fault(
      maxCostNanos > 0n && maxCostNanos <= MOST_COST_NANOS,
      'maxCost',
      'must be more than 0 and at most 1000000',
    ),
    ...fault(
      concurrency >= 1 && concurrency <= CONCURRENCY_MAX,
      'concurrency',
      `is ${concurrency}; it must be from 1 to ${CONCURRENCY_MAX}`,
    ),
    ...fault(
      passingRate >= 0 && passingRate <= 1,
      'passingRate',
      `is ${passingRate}; it must be from 0 to 1`,
    ),
    ...fault(sample === undefined || sample >= 1, 'sample', `is ${sample}; it must be 1 or more`),
    ...fault(
      version === undefined || label === undefined,
      'label',
      'is given beside a version; give one of them',
    ),
  ];
  if (issues.length > 0) throw new InvalidInput(issues);
}

function fault(holds: boolean, field: string, what: string): InputIssue[] {
  return holds ? [] : [{ path: ['input', field], message: `input.${field} ${what}` }];
}

function invalid(field: string, what: string): InvalidInput {
  return new InvalidInput(fault(false, field, what));
}
