import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { costOf } from '../../src/catalog/cost.ts';
import { recover } from '../../src/completion/recover.ts';
import type { Price } from '../../src/domain/model.ts';
import { BudgetExceeded } from '../../src/domain/errors.ts';
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
  PRICE,
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
const DEAR: Price = { ...PRICE, id: 'price_of_the_dear_model', provider: 'other', model: 'other/dear' };
const UNUSED = { ...endedAttempt(0, 0n), ...NOTHING };

type Changes = Parameters<typeof reservationFor>[0];

async function begin(changes: Changes = {}, by = ledger): Promise<string> {
  const reservation = reservationFor(changes);
  await by.reserve(reservation, never);
  return reservation.completion.id;
}

/** The next attempt of a completion, at another vendor. */
function tryAgain(id: string, attempt: number, changes: Changes = {}, by = ledger) {
  const other = { model: DEAR.model, provider: DEAR.provider, priceId: DEAR.id };
  return by.reserve({ ...reservationFor({ ...other, ...changes, id }), price: DEAR, attempt }, never);
}

async function readRow(id: string) {
  const [row] = await fixture.database.sql`
    SELECT hold_state, status, provider, model, attempt, resting, cost_nanos, seen_output_tokens FROM completions WHERE id = ${id}`;
  return row;
}

async function readJournal(id: string) {
  const rows = await fixture.database.sql`
    SELECT attempt, kind, amount_nanos::int AS nanos, credit_account, price_id FROM ledger_entries WHERE completion_id = ${id} ORDER BY id`;
  return rows.map((row) => [row['attempt'], row['kind'], row['nanos']].join(' '));
}

async function runOut(id: string): Promise<void> {
  const { sql } = fixture.database;
  await sql`UPDATE completions SET hold_expires_at = now() - interval '1 second' WHERE id = ${id}`;
}

describe('a completion of two attempts', () => {
  it('has a hold and a settlement for each, under the price and the vendor of each', async () => {
    const id = await begin({ teamId: 'two' });
    await ledger.endAttempt(id, endedAttempt(0, 11n));
    await tryAgain(id, 1, { teamId: 'two', worstCaseNanos: 2_000n });
    await ledger.settle({ completionId: id, outcome: outcomeOf(30n) });
    expect(await readJournal(id)).toEqual([
      '0 RESERVE 1000',
      '0 RELEASE 1000',
      '0 SETTLE 11',
      '1 RESERVE 2000',
      '1 RELEASE 2000',
      '1 SETTLE 30',
    ]);
    const paid = await fixture.database.sql`
      SELECT credit_account, price_id FROM ledger_entries WHERE completion_id = ${id} AND kind = 'SETTLE' ORDER BY id`;
    expect(paid.map((row) => ({ ...row }))).toEqual([
      { credit_account: 'payable:org_of_the_ledger_tests:vendor', price_id: PRICE.id },
      { credit_account: 'payable:org_of_the_ledger_tests:other', price_id: DEAR.id },
    ]);
  });

  it('is told with both, and with what both used and cost', async () => {
    const id = await begin();
    await ledger.endAttempt(id, endedAttempt(0, 11n));
    await tryAgain(id, 1);
    const attempts = [endedAttempt(1, 30n, { status: 'OK', model: DEAR.model })];
    await ledger.settle({ completionId: id, outcome: outcomeOf(30n, { attempts }) });
    const [completion] = await findCompletions(fixture.database.db, ADMIN, [id]);
    expect(completion).toMatchObject({
      status: 'SUCCEEDED',
      model: DEAR.model,
      provider: DEAR.provider,
      outcome: {
        costNanos: 41n,
        usage: { input: 20, output: 2, source: 'REPORTED' },
        attempts: [
          { index: 0, status: 'ERROR', model: 'vendor/model', costNanos: 11n, usage: { input: 10 } },
          { index: 1, status: 'OK', model: DEAR.model, costNanos: 30n, usage: { input: 10 } },
        ],
      },
    });
  });

  it('holds nothing between the two, still runs, and is announced once', async () => {
    const id = await begin({ teamId: 'between' });
    const { sql } = fixture.database;
    const announced = async () =>
      (await sql`SELECT FROM outbox WHERE subject_id = ${id} AND kind = 'COMPLETION_SETTLED'`).length;
    await ledger.endAttempt(id, endedAttempt(0, 11n));
    expect(await readRow(id)).toMatchObject({ status: 'RUNNING', hold_state: 'PENDING', resting: true });
    const [account] = await sql`SELECT balance_nanos FROM ledger_accounts WHERE id = 'held:between'`;
    expect(account).toEqual({ balance_nanos: 0n });
    expect(await announced()).toBe(0);
    await ledger.settle({ completionId: id, outcome: outcomeOf(0n, NOTHING) });
    expect(await announced()).toBe(1);
    expect(await readJournal(id)).toEqual(['0 RESERVE 1000', '0 RELEASE 1000', '0 SETTLE 11']);
    expect(await readRow(id)).toMatchObject({ hold_state: 'POSTED', cost_nanos: 0n });
  });

  it('of which none did anything is no charge', async () => {
    const id = await begin();
    await ledger.endAttempt(id, UNUSED);
    await ledger.settle({ completionId: id, outcome: outcomeOf(0n, NOTHING) });
    expect(await readRow(id)).toMatchObject({ hold_state: 'VOIDED' });
  });
});

describe('the end of an attempt', () => {
  it('is taken once, however often it is handed in', async () => {
    const id = await begin();
    const together = await Promise.all(
      [3n, 4n, 5n].map((cost) => ledger.endAttempt(id, endedAttempt(0, cost))),
    );
    expect(together.filter(Boolean)).toHaveLength(1);
    expect(await ledger.endAttempt(id, endedAttempt(0, 9n))).toBeUndefined();
    await tryAgain(id, 1);
    expect(await ledger.endAttempt(id, endedAttempt(0, 9n))).toBeUndefined();
    expect(await readRow(id)).toMatchObject({ attempt: 1, resting: false });
    await ledger.settle({ completionId: id, outcome: outcomeOf(1n) });
    expect(await ledger.endAttempt(id, endedAttempt(1, 9n))).toBeUndefined();
  });
});

describe('a further attempt', () => {
  it('is opened once, by the row itself', async () => {
    const id = await begin();
    await expect(tryAgain(id, 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await ledger.endAttempt(id, UNUSED);
    await expect(tryAgain(id, 2)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const both = await Promise.allSettled([tryAgain(id, 1), tryAgain(id, 1, {}, fixture.newLedger())]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await ledger.settle({ completionId: id, outcome: outcomeOf(1n) });
    await expect(tryAgain(id, 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('whose caller has left is given back with its completion', async () => {
    const id = await begin();
    await ledger.endAttempt(id, UNUSED);
    const again = { ...reservationFor({ id }), attempt: 1 };
    await expect(ledger.reserve(again, AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
    await expect.poll(async () => (await readRow(id))?.['attempt']).toBe(1);
    await ledger.settle({ completionId: id, outcome: outcomeOf(0n, NOTHING) });
    expect((await readJournal(id)).slice(3)).toEqual(['1 RESERVE 1000', '1 RELEASE 1000', '1 SETTLE 0']);
  });

  it('that fits into no budget leaves the completion as it was', async () => {
    const teamId = newId('team');
    const budget = await fixture.newBudget({ limit: 1_500n, subjectId: teamId });
    const id = await begin({ teamId });
    await ledger.endAttempt(id, endedAttempt(0, 900n));
    await expect(tryAgain(id, 1, { teamId })).rejects.toBeInstanceOf(BudgetExceeded);
    expect(await readRow(id)).toMatchObject({ attempt: 0, resting: true });
    await tryAgain(id, 1, { teamId, worstCaseNanos: 600n });
    expect((await fixture.readBudget(budget.id)).current).toMatchObject({ settled: 900n, held: 600n });
    await ledger.settle({ completionId: id, outcome: outcomeOf(100n) });
    expect((await fixture.readBudget(budget.id)).current).toMatchObject({ settled: 1_000n, held: 0n });
  });
});

describe('budgets of requests', () => {
  const countOf = async (budgetId: string) => (await fixture.readBudget(budgetId)).current;

  it.each([
    { what: 'of which both did something', first: endedAttempt(0, 1n), last: {} },
    { what: 'of which the first did nothing', first: UNUSED, last: {} },
    { what: 'of which the last did nothing', first: endedAttempt(0, 1n), last: NOTHING },
  ])('count a completion once, $what', async ({ first, last }) => {
    const teamId = newId('team');
    const budget = await fixture.newBudget({ unit: 'REQUESTS', limit: 1n, subjectId: teamId });
    const id = await begin({ teamId });
    await ledger.endAttempt(id, first);
    await tryAgain(id, 1, { teamId });
    await ledger.settle({ completionId: id, outcome: outcomeOf(0n, last) });
    expect(await countOf(budget.id)).toMatchObject({ settled: 1n, held: 0n });
  });

  it('of a model count it for each model that it came to', async () => {
    const perModel = { unit: 'REQUESTS', scope: 'MODEL', limit: 5n } as const;
    const [plain, dear] = [newId('plain'), newId('dear')];
    const ofPlain = await fixture.newBudget({ ...perModel, subjectId: plain });
    const ofDear = await fixture.newBudget({ ...perModel, subjectId: dear });
    const id = await begin({ model: plain });
    await ledger.endAttempt(id, endedAttempt(0, 1n));
    await tryAgain(id, 1, { model: dear });
    await ledger.endAttempt(id, endedAttempt(1, 1n));
    await tryAgain(id, 2, { model: plain });
    await ledger.settle({ completionId: id, outcome: outcomeOf(1n) });
    expect([await countOf(ofPlain.id), await countOf(ofDear.id)]).toMatchObject([
      { settled: 1n, held: 0n },
      { settled: 1n, held: 0n },
    ]);
  });
});

describe('a process that dies', () => {
  it('between two attempts leaves what was booked, and nothing more', async () => {
    const id = await begin();
    await ledger.extendHolds([{ completionId: id, attempt: 0, seenOutputTokens: 500 }]);
    await ledger.endAttempt(id, endedAttempt(0, 11n));
    await runOut(id);
    await recover(ledger, { costOf });
    expect(await readRow(id)).toMatchObject({ status: 'INTERRUPTED', hold_state: 'EXPIRED', cost_nanos: 0n });
    expect(await readJournal(id)).toEqual(['0 RESERVE 1000', '0 RELEASE 1000', '0 SETTLE 11']);
  });

  it('in the second attempt is settled from what that one was seen to have written', async () => {
    const id = await begin();
    await ledger.extendHolds([{ completionId: id, attempt: 0, seenOutputTokens: 500 }]);
    await ledger.endAttempt(id, endedAttempt(0, 11n));
    await tryAgain(id, 1);
    expect(await readRow(id)).toMatchObject({ seen_output_tokens: 0 });
    // Sent before the first one ended, and late.
    await ledger.extendHolds([{ completionId: id, attempt: 0, seenOutputTokens: 500 }]);
    expect(await readRow(id)).toMatchObject({ seen_output_tokens: 0 });
    await ledger.extendHolds([{ completionId: id, attempt: 1, seenOutputTokens: 7 }]);
    await runOut(id);
    await recover(ledger, { costOf });
    expect((await readJournal(id)).slice(3)).toEqual(['1 RESERVE 1000', '1 RELEASE 1000', '1 SETTLE 17']);
  });

  it('is not taken for dead by somebody who looked when an earlier attempt was under way', async () => {
    const id = await begin();
    await runOut(id);
    const [hold] = (await ledger.listExpiredHolds(500)).filter(({ completionId }) => completionId === id);
    await ledger.endAttempt(id, endedAttempt(0, 11n));
    const outcome = outcomeOf(500n, { status: 'INTERRUPTED' });
    expect(await ledger.settle({ completionId: id, outcome, expired: hold! })).toBeUndefined();
    await tryAgain(id, 1);
    await ledger.settle({ completionId: id, outcome: outcomeOf(1n) });
    expect(await readRow(id)).toMatchObject({ hold_state: 'POSTED', cost_nanos: 1n });
  });
});
