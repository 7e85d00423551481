import { Writable } from 'node:stream';
import type { Database } from '../../src/db/database.ts';
import type { Attempt, Completion, Outcome, Usage } from '../../src/domain/completion.ts';
import { NOTHING_USED } from '../../src/domain/outcome.ts';
import type { Price } from '../../src/domain/model.ts';
import type { Budget } from '../../src/domain/budget.ts';
import type { Principal } from '../../src/domain/principal.ts';
import { readBudgets } from '../../src/ledger/budgets/read.ts';
import { setBudget, type BudgetInput } from '../../src/ledger/budgets/set.ts';
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts';
import type { Reservation } from '../../src/ledger/reserve.ts';
import { newId } from '../../src/lib/ids.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { openTestDatabase } from '../support/test-database.ts';

export const ORGANISATION = 'org_of_the_ledger_tests';

/** One nano-USD for each token, in or out. */
export const PRICE: Price = {
  id: 'price_of_the_ledger_tests',
  organisationId: undefined,
  provider: 'vendor',
  model: 'vendor/model',
  rates: [
    { unit: 'MTOK_INPUT', fromTokens: 0, nanos: 1_000_000n },
    { unit: 'MTOK_OUTPUT', fromTokens: 0, nanos: 1_000_000n },
  ],
  source: 'config',
  effectiveFrom: undefined,
};

/** Who may set every budget of the organisation. */
export const ADMIN: Principal = {
  keyId: 'key_admin',
  organisationId: ORGANISATION,
  teamId: 'team_admins',
  scopes: new Set(['ADMIN']),
  models: [],
  regions: undefined,
  keyRegions: [],
  allowedFrom: undefined,
  expiresAt: undefined,
  endUserId: undefined,
  tags: [],
};

export interface LedgerFixture {
  /** A budget of so much, by default on a team, in nano-USD, for ever. */
  newBudget(changes: Partial<BudgetInput> & { limit: bigint }): Promise<Budget>;
  readBudget(id: string): Promise<Budget>;
  database: Database;
  newLedger(options?: { holdMs?: number }): Ledger;
  close(): Promise<void>;
}

/** An empty database with its tables, and ledgers on it as several processes would have them. */
export async function openLedgers(): Promise<LedgerFixture> {
  const database = await openTestDatabase();
  const destination = new Writable({ write: (_chunk, _encoding, done) => done() });
  const logger = createLogger({ level: 'silent', destination });
  const ledgers: Ledger[] = [];
  return {
    database,
    newLedger({ holdMs = 60_000 } = {}) {
      const ledger = createLedger(database, {
        instanceId: newId('inst'),
        holdMs,
        logger,
        onSettled: () => {},
      });
      ledgers.push(ledger);
      return ledger;
    },
    newBudget: (changes) =>
      setBudget(
        {
          sql: database.sql,
          findSubject: async () => ({ teamId: undefined }),
          mayAnswer: () => true,
          explainOutside: () => undefined,
          endIncreases: async () => {},
          onChange() {},
        },
        ADMIN,
        { ...PLAIN_BUDGET, ...changes },
        { requestId: 'request' },
      ),
    readBudget: async (id) => (await readBudgets(database.sql, [id]))[0]!,
    async close() {
      await Promise.all(ledgers.map((ledger) => ledger.close()));
      await database.close();
    },
  };
}

const PLAIN_BUDGET: Omit<BudgetInput, 'limit'> = {
  scope: 'TEAM',
  subjectId: 'team_1',
  name: undefined,
  unit: 'MONEY',
  window: 'TOTAL',
  timeZone: 'UTC',
  startDay: 1,
  onExceed: 'BLOCK',
  fallbackModel: undefined,
  queueMs: 0,
  shadow: false,
  allowUnpriced: false,
  thresholds: [50, 80, 100],
};

export function reservationFor(
  changes: Partial<Completion> & { worstCaseNanos?: bigint | undefined; worstCaseTokens?: number } = {},
): Reservation {
  const { worstCaseNanos, worstCaseTokens = 100, ...rest } = { worstCaseNanos: 1_000n, ...changes };
  const price = worstCaseNanos === undefined ? undefined : PRICE;
  const completion: Completion = {
    id: newId('cmpl'),
    origin: 'CALLER',
    shadowOf: undefined,
    organisationId: ORGANISATION,
    teamId: 'team_1',
    keyId: 'key_1',
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
    priceId: price?.id,
    ...rest,
  };
  const worstCase = { nanos: worstCaseNanos, tokens: worstCaseTokens };
  return { completion, price, worstCase, estimatedInputTokens: 10 };
}

/** Nothing was used. */
export const NOTHING: Pick<Outcome, 'usage' | 'costNanos'> = { usage: NOTHING_USED, costNanos: 0n };

/** An attempt that ended, at the model that reservations are for, with 11 tokens for so much. */
export function endedAttempt(
  index: number,
  costNanos: bigint | undefined,
  changes: Partial<Attempt> = {},
): Attempt {
  return {
    index,
    provider: 'vendor',
    model: 'vendor/model',
    status: 'ERROR',
    httpStatus: 500,
    errorType: 'PROVIDER_ERROR',
    latencyMs: 5,
    firstTokenMs: undefined,
    usage: USAGE,
    costNanos,
    ...changes,
  };
}

const USAGE: Usage = { input: 10, output: 1, cacheRead: 0, cacheWrite: 0, reasoning: 0, source: 'REPORTED' };

/** An answer that cost so much, or an amount that nobody knows. */
export function outcomeOf(costNanos: bigint | undefined, changes: Partial<Outcome> = {}): Outcome {
  return {
    status: 'SUCCEEDED',
    finishReason: 'STOP',
    parts: [{ type: 'text', text: 'Hi' }],
    toolCalls: [],
    object: undefined,
    failure: undefined,
    attempts: [],
    warnings: [],
    queueMs: 0,
    totalMs: 5,
    firstTokenMs: 1,
    usage: USAGE,
    costNanos,
    ...changes,
  };
}
