import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { costOf } from '../../src/catalog/cost.ts';
import { recover } from '../../src/completion/recover.ts';
import { BudgetExceeded } from '../../src/domain/errors.ts';
import type { BudgetInput } from '../../src/ledger/budgets/set.ts';
import { findCompletions } from '../../src/ledger/completions.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { newId } from '../../src/lib/ids.ts';
import { expectBooksToBalance } from '../support/books.ts';
import {
  ADMIN,
  endedAttempt,
  NOTHING,
  openLedgers,
  outcomeOf,
  reservationFor,
  type LedgerFixture,
} from './support.ts';

let fixture: LedgerFixture;
let ledger: Ledger;
beforeAll(async () => {
  fixture = await openLedgers();
  ledger = fixture.newLedger();
});
afterEach(() => expectBooksToBalance(fixture.database));
afterAll(() => fixture.close());

const never = new AbortController().signal;
const BESIDE = 'vendor/beside';
const UNUSED = (index: number) => ({ ...endedAttempt(index, 0n), ...NOTHING });

/** A completion with two attempts under way, under a budget of its own team. */
async function beginBoth(budget: Partial<BudgetInput> = {}) {
  const teamId = newId('team');
  const { id: budgetId } = await fixture.newBudget({ limit: 5_000n, subjectId: teamId, ...budget });
  const reservation = reservationFor({ teamId });
  const { id } = reservation.completion;
  await ledger.reserve(reservation, never);
  const beside = reservationFor({ id, teamId, model: BESIDE, worstCaseNanos: 2_000n });
  await ledger.reserve({ ...beside, attempt: 1, hedges: true }, never);
  const readBudget = async () => (await fixture.readBudget(budgetId)).current;
  return { id, teamId, readBudget };
}

async function readRow(id: string) {
  const [row] = await fixture.database.sql`
    SELECT model, hold_state, attempt, resting, hedge ->> 'model' AS beside FROM completions WHERE id = ${id}`;
  return row;
}

describe('two attempts at once', () => {
  it('are both held', async () => {
    const { id, readBudget } = await beginBoth();
    expect(await readBudget()).toMatchObject({ held: 3_000n, settled: 0n });
    expect(await readRow(id)).toMatchObject({ model: 'vendor/model', attempt: 0, beside: BESIDE });
    await ledger.settle({ completionId: id, outcome: outcomeOf(1n), hedge: NOTHING });
  });

  it('of which the first ends: the other one takes its place', async () => {
    const { id, readBudget } = await beginBoth();
    await ledger.endAttempt(id, endedAttempt(0, 11n));
    expect(await readRow(id)).toMatchObject({ model: BESIDE, attempt: 1, resting: false, beside: null });
    expect(await readBudget()).toMatchObject({ held: 2_000n, settled: 11n });
    await ledger.settle({ completionId: id, outcome: outcomeOf(30n), hedge: NOTHING });
    expect(await readBudget()).toMatchObject({ held: 0n, settled: 41n });
  });

  it('of which the second ends: the first one goes on, and what follows is the third', async () => {
    const { id, teamId, readBudget } = await beginBoth();
    await ledger.endAttempt(id, endedAttempt(1, 11n));
    expect(await readRow(id)).toMatchObject({ model: 'vendor/model', attempt: 0, beside: null });
    expect(await readBudget()).toMatchObject({ held: 1_000n, settled: 11n });
    await ledger.endAttempt(id, endedAttempt(0, 5n));
    await ledger.reserve({ ...reservationFor({ id, teamId }), attempt: 2 }, never);
    await ledger.settle({ completionId: id, outcome: outcomeOf(30n), hedge: NOTHING });
    const [completion] = await findCompletions(fixture.database.db, ADMIN, [id]);
    expect(completion?.outcome).toMatchObject({
      costNanos: 46n,
      attempts: [
        { index: 0, costNanos: 5n },
        { index: 1, costNanos: 11n },
      ],
    });
  });

  it('end with their completion where nobody knew of the second', async () => {
    const { id, readBudget } = await beginBoth();
    // Only who says that there may be two can end both.
    expect(await ledger.settle({ completionId: id, outcome: outcomeOf(30n) })).toBeUndefined();
    await ledger.settle({ completionId: id, outcome: outcomeOf(30n), hedge: NOTHING });
    expect(await readBudget()).toMatchObject({ held: 0n, settled: 30n });
  });

  it('are no more than two, and none begins beside nothing', async () => {
    const { id, teamId } = await beginBoth();
    const third = { ...reservationFor({ id, teamId }), attempt: 2, hedges: true };
    await expect(ledger.reserve(third, never)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await ledger.endAttempt(id, UNUSED(1));
    await ledger.endAttempt(id, UNUSED(0));
    await expect(ledger.reserve(third, never)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await ledger.settle({ completionId: id, outcome: outcomeOf(0n, NOTHING), hedge: NOTHING });
  });

  it('must both fit into every budget', async () => {
    const teamId = newId('team');
    const budget = await fixture.newBudget({ limit: 1_500n, subjectId: teamId });
    const reservation = reservationFor({ teamId });
    const { id } = reservation.completion;
    await ledger.reserve(reservation, never);
    const beside = { ...reservationFor({ id, teamId }), attempt: 1, hedges: true };
    await expect(ledger.reserve(beside, never)).rejects.toBeInstanceOf(BudgetExceeded);
    expect((await fixture.readBudget(budget.id)).current).toMatchObject({ held: 1_000n });
    await ledger.settle({ completionId: id, outcome: outcomeOf(1n), hedge: NOTHING });
  });
});

describe('a budget of requests counts two attempts at once as one', () => {
  const requests = { unit: 'REQUESTS', limit: 1n } as const;

  it.each([
    { what: 'did something', first: endedAttempt(0, 1n) },
    { what: 'did nothing', first: UNUSED(0) },
  ])('when the second goes on, and the first $what', async ({ first }) => {
    const { id, readBudget } = await beginBoth(requests);
    expect(await readBudget()).toMatchObject({ held: 1n });
    await ledger.endAttempt(id, first);
    await ledger.settle({ completionId: id, outcome: outcomeOf(30n), hedge: NOTHING });
    expect(await readBudget()).toMatchObject({ held: 0n, settled: 1n });
  });

  it('when the first goes on', async () => {
    const { id, readBudget } = await beginBoth(requests);
    await ledger.endAttempt(id, endedAttempt(1, 1n));
    await ledger.settle({ completionId: id, outcome: outcomeOf(30n), hedge: NOTHING });
    expect(await readBudget()).toMatchObject({ held: 0n, settled: 1n });
  });
});

describe('a process that dies with two attempts under way', () => {
  it('leaves both to be settled from what was seen of them', async () => {
    const { id, readBudget } = await beginBoth();
    await ledger.extendHolds([{ completionId: id, attempt: 0, seenOutputTokens: 3 }]);
    await ledger.extendHolds([{ completionId: id, attempt: 1, seenOutputTokens: 7 }]);
    const { sql } = fixture.database;
    await sql`UPDATE completions SET hold_expires_at = now() - interval '1 second' WHERE id = ${id}`;
    await recover(ledger, { costOf });
    expect(await readRow(id)).toMatchObject({ hold_state: 'EXPIRED', beside: null });
    expect(await readBudget()).toMatchObject({ held: 0n, settled: 13n + 17n });
    const [completion] = await findCompletions(fixture.database.db, ADMIN, [id]);
    expect(completion?.outcome).toMatchObject({
      costNanos: 30n,
      attempts: [
        { index: 0, model: 'vendor/model', status: 'INTERRUPTED', costNanos: 13n },
        { index: 1, model: BESIDE, status: 'INTERRUPTED', costNanos: 17n },
      ],
    });
  });
});
