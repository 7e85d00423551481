import type { Sql } from '../db/database.ts';
import { BudgetExceeded, GatewayError } from '../domain/errors.ts';
import type { DatasetCase, Evaluation } from '../domain/evaluation.ts';
import { isTaskTag } from '../domain/tag.ts';
import type { Runs } from '../completion/runs.ts';
import { formatNanos } from '../lib/money.ts';
import { readPrompts } from '../prompts/rows.ts';
import { createAsking } from './asking.ts';
import {
  endEvaluation,
  keepResult,
  listPendingCases,
  type Claimed,
  type Lease,
  type Stop,
} from './claims.ts';
import { findEvaluation } from './evaluation-rows.ts';
import { runCase, type CaseRun } from './run-case.ts';
import { findCases } from './rows.ts';
import { createStarter, StarterGone, type StarterDeps } from './starter.ts';

/** An evaluation that takes longer has gone wrong. */
const MOST_MS = 24 * 3_600_000;

export interface RunDeps extends StarterDeps {
  sql: Sql;
  runs: Pick<Runs, 'answerOrStop'>;
  lease: Lease;
  /** A case is over. */
  onProgress(evaluation: Pick<Claimed, 'id' | 'organisationId'>): void;
}

/** An evaluation that this process runs. */
export interface EvaluationRun {
  /** Resolves when it has ended, or this process runs it no more. Rejects with what nobody expected. */
  ended: Promise<void>;
  /** Ends it; what is under way is stopped. */
  stop(stop: Stop): void;
  /** Begins no further case; what is under way goes on. Somebody else goes on with the rest. */
  pause(): void;
  /** Stops what is under way, and leaves the rest to somebody else. */
  leave(): void;
}

export function startRun(deps: RunDeps, claimed: Claimed): EvaluationRun {
  const working = new AbortController();
  let stopped: Stop | undefined;
  let isPaused = false;
  const stop = (why: Stop) => {
    stopped ??= why;
    working.abort();
  };
  const leave = () => {
    isPaused = true;
    working.abort();
  };
  const tag = { key: 'evaluation', value: claimed.id } as const;
  const starter = createStarter(deps, claimed.starter, tag, (gone) => stop(toStop(gone)!));

  async function work(run: CaseRun, next: () => Promise<DatasetCase | undefined>): Promise<void> {
    while (!isPaused && !stopped) {
      const one = await next();
      if (!one) return;
      const result = await runCase(run, one, working.signal);
      const { organisationId } = claimed;
      if (!(await keepResult(deps.sql, { ...result, organisationId }, deps.lease))) return leave();
      deps.onProgress(claimed);
    }
  }

  /** What ends it for all. Where its budget is used up, what is under way still fits in, and goes on. */
  function onFailure(error: unknown): void {
    if (working.signal.aborted) return;
    const why = toStop(error);
    if (!why) {
      leave();
      throw error;
    }
    if (why.reason === 'BUDGET') stopped ??= why;
    else stop(why);
  }

  async function runAll(): Promise<void> {
    const run = await prepare(deps, claimed, starter);
    if ('reason' in run) return stop(run);
    const next = await createQueue(deps.sql, claimed);
    const workers = Array.from({ length: run.evaluation.concurrency }, () =>
      work(run, next).catch(onFailure),
    );
    for (const result of await Promise.allSettled(workers))
      if (result.status === 'rejected') throw result.reason;
  }

  const ended = runAll()
    .then(() => (isPaused && !stopped ? undefined : endEvaluation(deps.sql, claimed, deps.lease, stopped)))
    .finally(() => starter.close());
  return { ended, stop, leave, pause: () => (isPaused = true) };
}

async function prepare(
  { sql, runs }: RunDeps,
  { id, organisationId, starter: { ip }, createdAt }: Claimed,
  starter: Pick<ReturnType<typeof createStarter>, 'ensure'>,
): Promise<CaseRun | Stop> {
  if (Date.now() - createdAt.getTime() > MOST_MS)
    return { reason: 'ERROR', message: 'it has not come to an end within a day' };
  const evaluation: Evaluation = (await findEvaluation(sql, organisationId, id))!;
  const [prompt] = await readPrompts(sql, organisationId, { ids: [evaluation.promptId] });
  const asking = createAsking({ runs, ensureStarter: starter.ensure, ip });
  return { evaluation, slug: prompt!.slug, asking };
}

/** Those cases that are not done yet, one after the other, to whoever asks next. */
async function createQueue(
  sql: Sql,
  { id, organisationId }: Claimed,
): Promise<() => Promise<DatasetCase | undefined>> {
  const pending = await listPendingCases(sql, id);
  return async () => {
    const next = pending.shift();
    return next === undefined ? undefined : (await findCases(sql, organisationId, [next]))[0];
  };
}

/** @returns undefined for what is not for whoever began it to know, and may be over soon. */
function toStop(error: unknown): Stop | undefined {
  if (error instanceof BudgetExceeded) return { reason: 'BUDGET', message: explain(error) };
  if (error instanceof StarterGone) return { reason: 'ERROR', message: error.message };
  if (!(error instanceof GatewayError) || error.retryable) return undefined;
  return { reason: 'ERROR', message: error.message };
}

/** Of its own budget what is held by others does not count: that was waited for. */
function explain({ budget, estimated, message }: BudgetExceeded): string {
  if (!isTaskTag(budget.subjectId.split('=')[0]!) || estimated === undefined) return message;
  const [spent, limit, most] = [budget.current.settled, budget.limit, estimated].map(formatNanos);
  return `$${spent} of $${limit} is spent, and the next case may come to $${most}`;
}
