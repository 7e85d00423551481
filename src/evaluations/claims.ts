import type { ISql, Sql, TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { EvaluationResult, EvaluationStatus, StopReason } from '../domain/evaluation.ts';
import type { KeptPrincipal } from '../domain/kept-principal.ts';
import { appendEvent } from '../events/outbox.ts';
import { closeOwnBudget } from '../ledger/budgets/own.ts';

/** Who runs an evaluation, and how long after its last sign of life it is taken for dead. */
export interface Lease {
  instanceId: string;
  ms: number;
}

/** What there is to run. */
export interface Claimed {
  id: string;
  organisationId: string;
  starter: KeptPrincipal;
  createdAt: Date;
}

/** Of one organisation, on all instances, so that one with many holds up no other. */
const OF_ONE_MAX = 4;

/** Takes on the oldest evaluation that nobody runs, if its organisation has no more than its share under way. */
export async function claimEvaluation(sql: ISql, { instanceId, ms }: Lease): Promise<Claimed | undefined> {
  const [row] = await sql<ClaimedRow[]>`
    UPDATE evaluations SET status = 'RUNNING', instance_id = ${instanceId}, started_at = coalesce(started_at, now()),
      lease_until = now() + ${ms}::int * interval '1 ms'
    WHERE id = (
      SELECT id FROM evaluations e
      WHERE status IN ('QUEUED', 'RUNNING') AND (lease_until IS NULL OR lease_until < now())
        AND (SELECT count(*) FROM evaluations r WHERE r.status = 'RUNNING' AND r.lease_until >= now()
          AND r.organisation_id = e.organisation_id) < ${OF_ONE_MAX}::int
      ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, organisation_id, starter, extract(epoch FROM created_at)::float8 * 1000 AS created_ms`;
  return (
    row && {
      id: row.id,
      organisationId: row.organisation_id,
      starter: fromStored(row.starter),
      createdAt: new Date(row.created_ms),
    }
  );
}

interface ClaimedRow {
  id: string;
  organisation_id: string;
  starter: KeptPrincipal;
  created_ms: number;
}

/** JSON has no `undefined`. */
function fromStored(starter: KeptPrincipal): KeptPrincipal {
  const { endUserId, operation, maxOutputTokens, user } = starter;
  return { ...starter, endUserId, operation, maxOutputTokens, user };
}

/** Says that this instance goes on with these. @returns those that are still its own, and which of them somebody wants to end. */
export async function extendLeases(
  sql: ISql,
  { instanceId, ms }: Lease,
  ids: readonly string[],
): Promise<{ id: string; isCancelled: boolean }[]> {
  const rows = await sql<{ id: string; cancelled: boolean }[]>`
    UPDATE evaluations SET lease_until = now() + ${ms}::int * interval '1 ms'
    WHERE instance_id = ${instanceId} AND status = 'RUNNING'
      AND id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))
    RETURNING id, cancelled_at IS NOT NULL AS cancelled`;
  return rows.map(({ id, cancelled }) => ({ id, isCancelled: cancelled }));
}

/** Whoever comes next may take them on at once. @param instanceId undefined: whoever runs them is known to be dead. */
export async function giveBack(sql: ISql, instanceId: string | undefined): Promise<void> {
  await sql`
    UPDATE evaluations SET lease_until = now() - interval '1 ms'
    WHERE status = 'RUNNING' AND (${instanceId ?? null}::text IS NULL OR instance_id = ${instanceId ?? null}::text)`;
}

/** The cases that have no result yet. Which ones a sample has hangs on nothing but the cases. */
export async function listPendingCases(sql: ISql, evaluationId: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT c.id FROM evaluations e
      CROSS JOIN LATERAL (
        SELECT id FROM dataset_cases
        WHERE dataset_id = e.dataset_id AND from_version <= e.dataset_version
          AND (until_version IS NULL OR until_version > e.dataset_version)
        ORDER BY md5(id), id LIMIT e.total) AS c
    WHERE e.id = ${evaluationId}
      AND NOT EXISTS (SELECT FROM evaluation_results r WHERE r.evaluation_id = e.id AND r.case_id = c.id)
    ORDER BY c.id`;
  return rows.map(({ id }) => id);
}

/**
 * Keeps what came of a case, once.
 * @returns false where another instance runs the evaluation by now.
 */
export async function keepResult(
  sql: Sql,
  { organisationId, ...result }: EvaluationResult & { organisationId: string },
  { instanceId }: Lease,
): Promise<boolean> {
  const { evaluationId, caseId, costNanos, passed, error } = result;
  const row = toJsonParameter({ ...result, organisationId, costNanos: costNanos?.toString() });
  return sql.begin(async (tx) => {
    const held = await tx`
      SELECT id FROM evaluations
      WHERE id = ${evaluationId} AND instance_id = ${instanceId} AND status = 'RUNNING' FOR UPDATE`;
    if (held.length === 0) return false;
    const added = await tx`
      INSERT INTO evaluation_results (evaluation_id, case_id, organisation_id, completion_id, text, object, graded, passed,
        error, latency_ms, cost_nanos)
      SELECT ${evaluationId}, ${caseId}, x."organisationId", x."completionId", x.text, x.object, x.graded, x.passed, x.error,
        x."latencyMs", x."costNanos"
      FROM jsonb_to_record(${row}::text::jsonb) AS x("organisationId" text, "completionId" text, text text, object jsonb,
        graded jsonb, passed boolean, error text, "latencyMs" int, "costNanos" bigint)
      ON CONFLICT DO NOTHING RETURNING case_id`;
    if (added.length === 0) return true;
    const kind = error === undefined ? (passed ? 'passed' : 'failed') : 'errors';
    await tx`UPDATE evaluations SET ${tx(kind)} = ${tx(kind)} + 1 WHERE id = ${evaluationId}`;
    return true;
  });
}

/** Why an evaluation ends before all is run. */
export interface Stop {
  reason: StopReason;
  message: string;
}

/** Somebody wanted it to. */
export const CANCELLED: Stop = { reason: 'CANCELLED', message: 'it was cancelled' };

/** Ends an evaluation that this instance runs: by what its results say, unless it is stopped. */
export async function endEvaluation(
  sql: Sql,
  { id, organisationId }: Pick<Claimed, 'id' | 'organisationId'>,
  { instanceId }: Lease,
  stop: Stop | undefined,
): Promise<void> {
  await sql.begin(async (tx) => {
    const [row] = await tx<
      { total: number; passed: number; done: number; passing_rate: number; budget_id: string }[]
    >`
      SELECT total, passed, passed + failed + errors AS done, passing_rate, budget_id FROM evaluations
      WHERE id = ${id} AND instance_id = ${instanceId} AND status = 'RUNNING' FOR UPDATE`;
    if (!row) return;
    const isWhole = row.done >= row.total;
    const gone: Stop = { reason: 'ERROR', message: 'cases of the dataset are gone' };
    const stopped = stop ?? (isWhole ? undefined : gone);
    const hasPassed = row.passed / row.total >= row.passing_rate;
    await close(tx, id, stopped ? 'STOPPED' : hasPassed ? 'PASSED' : 'FAILED', stopped);
    await closeOwnBudget(tx, row.budget_id);
    await appendEvent(tx, { kind: 'EVALUATION_CHANGED', organisationId, subjectId: id });
  });
}

async function close(
  tx: TransactionSql,
  id: string,
  status: EvaluationStatus,
  stop: Stop | undefined,
): Promise<void> {
  await tx`
    UPDATE evaluations SET status = ${status}, stop_reason = ${stop?.reason ?? null}, stop_message = ${stop?.message ?? null},
      finished_at = now(), lease_until = NULL
    WHERE id = ${id}`;
}
