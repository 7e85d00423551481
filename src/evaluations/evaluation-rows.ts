import type { Fragment, ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Evaluation, EvaluationResult, Graded, StopReason } from '../domain/evaluation.ts';

/** Which evaluations of an organisation are meant; what is undefined says nothing. */
export interface EvaluationFilter {
  ids?: readonly string[] | undefined;
  promptId?: string | undefined;
  promptVersion?: number | undefined;
  datasetId?: string | undefined;
  status?: readonly Evaluation['status'][] | undefined;
}

interface Page {
  first: number;
  after?: string | undefined;
}

interface EvaluationRow {
  id: string;
  organisation_id: string;
  prompt_id: string;
  prompt_version: number;
  dataset_id: string;
  dataset_version: number;
  graders: Evaluation['graders'];
  model: string | null;
  budget_nanos: bigint;
  settled: bigint | null;
  sample: number | null;
  concurrency: number;
  passing_rate: number;
  status: Evaluation['status'];
  stop_reason: StopReason | null;
  stop_message: string | null;
  total: number;
  passed: number;
  failed: number;
  errors: number;
  started_by: string;
  created_ms: number;
  started_ms: number | null;
  finished_ms: number | null;
}

/** The newest first. What they cost is what their own budgets have counted, so it is what the ledger says. */
export async function readEvaluations(
  sql: ISql,
  organisationId: string,
  filter: EvaluationFilter,
  { first, after }: Page,
): Promise<Evaluation[]> {
  const rows = await sql<EvaluationRow[]>`
    SELECT e.*, w.settled, ${epoch(sql, 'created')}, ${epoch(sql, 'started')}, ${epoch(sql, 'finished')}
    FROM evaluations e LEFT JOIN budget_windows w ON w.budget_id = e.budget_id
    WHERE ${matching(sql, organisationId, filter)} AND ${after === undefined ? sql`true` : sql`e.id < ${after}`}
    ORDER BY e.id DESC LIMIT ${first}`;
  return rows.map(toEvaluation);
}

export async function findEvaluation(
  sql: ISql,
  organisationId: string,
  id: string,
): Promise<Evaluation | undefined> {
  return (await readEvaluations(sql, organisationId, { ids: [id] }, { first: 1 }))[0];
}

export async function countEvaluations(
  sql: ISql,
  organisationId: string,
  filter: EvaluationFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM evaluations e WHERE ${matching(sql, organisationId, filter)}`;
  return row!.count;
}

function matching(sql: ISql, organisationId: string, filter: EvaluationFilter): Fragment {
  const { ids, promptId, promptVersion, datasetId, status } = filter;
  return sql`e.organisation_id = ${organisationId}
    ${ids === undefined ? sql`` : sql`AND e.id IN ${listed(sql, ids)}`}
    ${promptId === undefined ? sql`` : sql`AND e.prompt_id = ${promptId}`}
    ${promptVersion === undefined ? sql`` : sql`AND e.prompt_version = ${promptVersion}`}
    ${datasetId === undefined ? sql`` : sql`AND e.dataset_id = ${datasetId}`}
    ${status === undefined ? sql`` : sql`AND e.status IN ${listed(sql, status)}`}`;
}

function listed(sql: ISql, texts: readonly string[]): Fragment {
  return sql`(SELECT jsonb_array_elements_text(${toJsonParameter(texts)}::text::jsonb))`;
}

function epoch(sql: ISql, name: 'created' | 'started' | 'finished'): Fragment {
  return sql`extract(epoch FROM ${sql(`e.${name}_at`)})::float8 * 1000 AS ${sql(`${name}_ms`)}`;
}

function toEvaluation(row: EvaluationRow): Evaluation {
  const { stop_reason: reason, stop_message: message } = row;
  return {
    id: row.id,
    organisationId: row.organisation_id,
    promptId: row.prompt_id,
    promptVersion: row.prompt_version,
    datasetId: row.dataset_id,
    datasetVersion: row.dataset_version,
    graders: row.graders,
    model: row.model ?? undefined,
    budgetNanos: row.budget_nanos,
    sample: row.sample ?? undefined,
    concurrency: row.concurrency,
    passingRate: row.passing_rate,
    status: row.status,
    stopped: reason === null ? undefined : { reason, message: message ?? '' },
    counts: { total: row.total, passed: row.passed, failed: row.failed, errors: row.errors },
    costNanos: row.settled ?? 0n,
    startedBy: row.started_by,
    createdAt: new Date(row.created_ms),
    startedAt: toDate(row.started_ms),
    finishedAt: toDate(row.finished_ms),
  };
}

function toDate(ms: number | null): Date | undefined {
  return ms === null ? undefined : new Date(ms);
}

/** Of one evaluation, by case; with `failedOnly` those that did not pass. */
export interface ResultFilter {
  evaluationId: string;
  failedOnly: boolean;
}

interface ResultRow {
  evaluation_id: string;
  case_id: string;
  completion_id: string | null;
  text: string | null;
  object: unknown;
  graded: Graded[];
  passed: boolean;
  error: string | null;
  latency_ms: number;
  cost_nanos: bigint | null;
}

/** Results of an evaluation of the organisation. */
export async function readResults(
  sql: ISql,
  organisationId: string,
  { evaluationId, failedOnly }: ResultFilter,
  { first, after }: Page,
): Promise<EvaluationResult[]> {
  const rows = await sql<ResultRow[]>`
    SELECT * FROM evaluation_results
    WHERE evaluation_id = ${evaluationId} AND organisation_id = ${organisationId}
      AND (NOT ${failedOnly}::boolean OR NOT passed)
      AND ${after === undefined ? sql`true` : sql`case_id > ${after}`}
    ORDER BY case_id LIMIT ${first}`;
  return rows.map(toResult);
}

/** Without what was answered: enough to compare and to sum up. */
export type Verdict = Pick<EvaluationResult, 'caseId' | 'graded' | 'passed' | 'error' | 'latencyMs'>;

/** All of an evaluation; there are no more than a dataset has cases. */
export async function readVerdicts(
  sql: ISql,
  organisationId: string,
  evaluationId: string,
): Promise<Verdict[]> {
  const rows = await sql<Pick<ResultRow, 'case_id' | 'graded' | 'passed' | 'error' | 'latency_ms'>[]>`
    SELECT case_id, passed, error, latency_ms, (
      SELECT coalesce(jsonb_agg(g - 'reason'), '[]') FROM jsonb_array_elements(graded) AS g) AS graded
    FROM evaluation_results
    WHERE evaluation_id = ${evaluationId} AND organisation_id = ${organisationId} ORDER BY case_id`;
  return rows.map((row) => ({
    caseId: row.case_id,
    graded: row.graded,
    passed: row.passed,
    error: row.error ?? undefined,
    latencyMs: row.latency_ms,
  }));
}

export async function findResults(
  sql: ISql,
  organisationId: string,
  keys: readonly Pick<EvaluationResult, 'evaluationId' | 'caseId'>[],
): Promise<EvaluationResult[]> {
  const rows = await sql<ResultRow[]>`
    SELECT r.* FROM jsonb_to_recordset(${toJsonParameter(keys)}::text::jsonb) AS x("evaluationId" text, "caseId" text)
      JOIN evaluation_results r ON r.evaluation_id = x."evaluationId" AND r.case_id = x."caseId"
    WHERE r.organisation_id = ${organisationId}`;
  return rows.map(toResult);
}

export async function countResults(
  sql: ISql,
  organisationId: string,
  { evaluationId, failedOnly }: ResultFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM evaluation_results
    WHERE evaluation_id = ${evaluationId} AND organisation_id = ${organisationId}
      AND (NOT ${failedOnly}::boolean OR NOT passed)`;
  return row!.count;
}

function toResult(row: ResultRow): EvaluationResult {
  return {
    evaluationId: row.evaluation_id,
    caseId: row.case_id,
    completionId: row.completion_id ?? undefined,
    text: row.text ?? undefined,
    object: row.object,
    graded: row.graded,
    passed: row.passed,
    error: row.error ?? undefined,
    latencyMs: row.latency_ms,
    costNanos: row.cost_nanos ?? undefined,
  };
}
