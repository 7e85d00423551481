import type { Database } from '../src/db/database.ts';
import { subjectOf } from '../src/domain/budget.ts';
import type { Completion, Outcome } from '../src/domain/completion.ts';
import { createLedger } from '../src/ledger/ledger.ts';
import { newId } from '../src/lib/ids.ts';
import { createLogger } from '../src/lib/logger.ts';
import type { Delay } from './job.ts';
import { delayOf } from './run-calls.ts';

const ORGANISATION = 'org_of_the_bench';
const LIMIT = 10n ** 18n;
const NANOS = 1_000n;
const HOLD_MS = 600_000;

export interface LedgerRun {
  database: Database;
  /** Every caller asks for one after the other of these. */
  teams: string[];
}

export interface LedgerSample {
  /** Holds and settlements together. */
  writesPerSecond: number;
  /** How long a request waits for its hold. */
  holdMs: Delay;
}

/** Makes as many budgets, on a team each. None: teams without any. */
export async function prepareBudgets(database: Database, count: number): Promise<LedgerRun> {
  const run = newId('run');
  const teams = Array.from({ length: Math.max(count, 1) }, (_, index) => `${run}_${index}`);
  if (count > 0) {
    await database.sql`
      INSERT INTO budgets (id, organisation_id, scope, subject_id, subject, unit, limit_amount, "window", time_zone,
        start_day, on_exceed, queue_ms, shadow, allow_unpriced, thresholds)
      SELECT 'bdg_' || team, ${ORGANISATION}, 'TEAM', team, ${subjectOf('TEAM', '')} || team, 'MONEY',
        ${LIMIT.toString()}::text::bigint, 'MONTH', 'UTC', 1, 'BLOCK', 0, false, false, '[50, 80, 100]'::jsonb
      FROM jsonb_array_elements_text(${JSON.stringify(teams)}::text::jsonb) AS team`;
  }
  return { database, teams };
}

/** Callers that hold and settle, each one thing after the other, until the time is over. */
export async function fillUntil(
  options: LedgerRun & { group: number | undefined; callers: number; ms: number },
): Promise<LedgerSample> {
  const { database, teams, group, callers, ms } = options;
  const ledger = createLedger(database, {
    instanceId: newId('inst'),
    holdMs: HOLD_MS,
    logger: createLogger({ level: 'silent' }),
    onSettled: () => {},
    ...(group === undefined ? {} : { maxGroup: group }),
  });
  const holdMs: number[] = [];
  let writes = 0;
  let next = 0;
  const startedAt = performance.now();
  const keepCalling = async () => {
    while (performance.now() - startedAt < ms) {
      const completion = newCompletion(teams[next++ % teams.length]!);
      const askedAt = performance.now();
      await ledger.reserve(
        { completion, price: undefined, worstCase: { nanos: NANOS, tokens: 100 }, estimatedInputTokens: 10 },
        new AbortController().signal,
      );
      holdMs.push(performance.now() - askedAt);
      await ledger.settle({ completionId: completion.id, outcome: OUTCOME });
      writes += 2;
    }
  };
  await Promise.all(Array.from({ length: callers }, keepCalling));
  const seconds = (performance.now() - startedAt) / 1_000;
  await ledger.close();
  return { writesPerSecond: writes / seconds, holdMs: delayOf(holdMs) };
}

function newCompletion(teamId: string): Completion {
  return {
    id: newId('cmpl'),
    origin: 'CALLER',
    shadowOf: undefined,
    organisationId: ORGANISATION,
    teamId,
    keyId: 'key_of_the_bench',
    idempotencyKey: undefined,
    askHash: 'hash',
    traceId: 'trace',
    endUserId: undefined,
    requestedModel: 'vendor/model',
    model: 'vendor/model',
    provider: 'vendor',
    tags: [],
    createdAt: new Date(),
    finishedAt: undefined,
    status: 'RUNNING',
    outcome: undefined,
    priceId: undefined,
  };
}

const OUTCOME: Outcome = {
  status: 'SUCCEEDED',
  finishReason: 'STOP',
  parts: [{ type: 'text', text: 'Lorem ipsum dolor sit amet' }],
  toolCalls: [],
  object: undefined,
  failure: undefined,
  attempts: [],
  warnings: [],
  queueMs: 0,
  totalMs: 5,
  firstTokenMs: 1,
  usage: { input: 10, output: 10, cacheRead: 0, cacheWrite: 0, reasoning: 0, source: 'REPORTED' },
  costNanos: NANOS / 2n,
};
