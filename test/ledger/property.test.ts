import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recover } from '../../src/completion/recover.ts';
import { costOf } from '../../src/catalog/cost.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { expectBooksToBalance } from '../support/books.ts';
import { choose, isUnderWay, newAccount, type Account } from './accounts.ts';
import {
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
afterAll(() => fixture.close());

const nanos = fc.option(fc.bigInt({ min: 0n, max: 10n ** 15n }), { nil: undefined });
/** One of the completions so far; which one is known when the step is taken. */
const one = fc.nat(1_000);
const step = fc.oneof(
  fc.record({ do: fc.constant('reserve' as const), holds: fc.array(nanos, { minLength: 1, maxLength: 4 }) }),
  fc.record({ do: fc.constant('reserve twice' as const), hold: nanos }),
  fc.record({ do: fc.constant('settle' as const), ones: fc.array(one, { maxLength: 4 }), cost: nanos }),
  fc.record({ do: fc.constant('end attempt' as const), ones: fc.array(one, { maxLength: 4 }), cost: nanos }),
  fc.record({ do: fc.constant('try again' as const), ones: fc.array(one, { maxLength: 4 }), hold: nanos }),
  fc.record({ do: fc.constant('hedge' as const), ones: fc.array(one, { maxLength: 4 }), hold: nanos }),
  fc.record({ do: fc.constant('end hedge' as const), ones: fc.array(one, { maxLength: 4 }), cost: nanos }),
  fc.record({ do: fc.constant('heartbeat' as const), one, seen: fc.nat(100_000) }),
  fc.record({ do: fc.constant('run out' as const), one }),
  fc.record({ do: fc.constant('recover' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let runs = 0;

it('whatever happens in whatever order, each attempt is charged at most once and the books balance', async () => {
  const sequences = fc.array(step, { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(sequences, async (steps) => {
      runs += 1;
      const teamId = `team_${runs}`;
      const accounts: Account[] = [];
      for (const each of steps) await take(each, accounts, teamId);
      await expectToAgree(accounts, teamId);
      await take({ do: 'settle', ones: accounts.map((_, index) => index), cost: 7n }, accounts, teamId);
      await expectToAgree(accounts, teamId);
    }),
    { numRuns: 100 },
  );
  expect(await ledger.listExpiredHolds(1)).toEqual([]);
  await expectBooksToBalance(fixture.database);
});

async function take(each: Step, accounts: Account[], teamId: string): Promise<void> {
  switch (each.do) {
    case 'reserve':
      await Promise.all(each.holds.map((hold) => reserve(hold, accounts, teamId)));
      return;
    case 'reserve twice':
      return reserveTwice(each.hold, accounts, teamId);
    case 'settle':
      return settle(each.ones, each.cost, accounts);
    case 'end attempt':
      return endAttempts(each.ones, each.cost, accounts);
    case 'try again':
      return tryAgain(each.ones, each.hold, accounts, teamId);
    case 'hedge':
      return hedge(each.ones, each.hold, accounts, teamId);
    case 'end hedge':
      return endHedges(each.ones, each.cost, accounts);
    case 'heartbeat':
      return beat(accounts[each.one % accounts.length], each.seen);
    case 'run out':
      return runOut(accounts[each.one % accounts.length]);
    case 'recover':
      return recoverAll(accounts);
  }
}

async function reserve(hold: bigint | undefined, accounts: Account[], teamId: string): Promise<void> {
  // Some are asked by the gateway itself: nothing else of them is different.
  const shadow = { origin: 'SHADOW', shadowOf: accounts.at(-1)?.id } as const;
  const origin = accounts.length % 3 === 2 ? shadow : {};
  const reservation = reservationFor({ teamId, worstCaseNanos: hold, ...origin });
  accounts.push(newAccount(reservation.completion.id, hold));
  await ledger.reserve(reservation, new AbortController().signal);
}

async function reserveTwice(hold: bigint | undefined, accounts: Account[], teamId: string): Promise<void> {
  const idempotencyKey = `key ${accounts.length}`;
  const both = [1, 2].map(() =>
    reservationFor({ teamId, keyId: teamId, idempotencyKey, worstCaseNanos: hold }),
  );
  const results = await Promise.allSettled(
    both.map((reservation) => ledger.reserve(reservation, new AbortController().signal)),
  );
  const opened = both.filter((_, index) => results[index]?.status === 'fulfilled');
  expect(opened).toHaveLength(1);
  for (const { completion } of opened) accounts.push(newAccount(completion.id, hold));
}

/** Each twice, as when the first answer of the database was lost. */
async function endAttempts(ones: number[], cost: bigint | undefined, accounts: Account[]): Promise<void> {
  if (accounts.length === 0) return;
  const chosen = ones.map((index) => accounts[index % accounts.length] as Account);
  const costOfIts = ({ heldNanos }: Account) => (heldNanos === undefined ? undefined : cost);
  const end = (account: Account) =>
    ledger.endAttempt(account.id, endedAttempt(account.attempt, costOfIts(account)));
  const finished = await Promise.all([...chosen, ...chosen].map(end));
  for (const account of new Set(chosen)) {
    const taken = finished.filter((at, index) => at && chosen[index % chosen.length] === account);
    expect(taken).toHaveLength(isUnderWay(account) ? 1 : 0);
    if (!isUnderWay(account)) continue;
    account.earlierNanos += costOfIts(account) ?? 0n;
    const { beside } = account;
    if (beside) Object.assign(account, { ...beside, beside: undefined });
    else Object.assign(account, { resting: true, seen: 0 });
  }
}

async function tryAgain(
  ones: number[],
  hold: bigint | undefined,
  accounts: Account[],
  teamId: string,
): Promise<void> {
  await Promise.all(
    choose(ones, accounts).map(async (account) => {
      const attempt = account.begun;
      const another = { id: account.id, teamId, model: 'vendor/another', worstCaseNanos: hold };
      const reserved = ledger.reserve({ ...reservationFor(another), attempt }, new AbortController().signal);
      if (account.state !== 'PENDING' || !account.resting) return expect(reserved).rejects.toThrow('settled');
      await reserved;
      Object.assign(account, {
        attempt,
        begun: attempt + 1,
        resting: false,
        heldNanos: hold,
        seen: 0,
        late: false,
      });
    }),
  );
}

async function hedge(
  ones: number[],
  hold: bigint | undefined,
  accounts: Account[],
  teamId: string,
): Promise<void> {
  await Promise.all(
    choose(ones, accounts).map(async (account) => {
      const attempt = account.begun;
      const other = { id: account.id, teamId, model: 'vendor/beside', worstCaseNanos: hold };
      const reserved = ledger.reserve(
        { ...reservationFor(other), attempt, hedges: true },
        new AbortController().signal,
      );
      if (!isUnderWay(account) || account.beside) return expect(reserved).rejects.toThrow('settled');
      await reserved;
      account.begun += 1;
      account.beside = { attempt, heldNanos: hold, seen: 0 };
    }),
  );
}

async function endHedges(ones: number[], cost: bigint | undefined, accounts: Account[]): Promise<void> {
  await Promise.all(
    choose(ones, accounts).map(async (account) => {
      const { beside } = account;
      if (!beside) return;
      const spent = beside.heldNanos === undefined ? undefined : cost;
      expect(await ledger.endAttempt(account.id, endedAttempt(beside.attempt, spent))).toBeInstanceOf(Date);
      account.earlierNanos += spent ?? 0n;
      account.beside = undefined;
    }),
  );
}

/** All at once, so that one completion can come twice in a group. */
async function settle(ones: number[], cost: bigint | undefined, accounts: Account[]): Promise<void> {
  if (accounts.length === 0) return;
  const chosen = ones.map((index) => accounts[index % accounts.length] as Account);
  const costOfIts = ({ heldNanos }: Account) => (heldNanos === undefined ? undefined : cost);
  const finished = await Promise.all(
    chosen.map((account) => {
      const nothing = account.resting ? NOTHING : {};
      const outcome = outcomeOf(costOfIts(account), nothing);
      // Whoever hedged says so; without an end of its own what was beside it did nothing.
      return ledger.settle({
        completionId: account.id,
        outcome,
        ...(account.begun > 1 && { hedge: NOTHING }),
      });
    }),
  );
  for (const account of new Set(chosen)) {
    const taken = finished.filter((at, index) => at && chosen[index] === account);
    expect(taken).toHaveLength(account.state === 'PENDING' ? 1 : 0);
    if (account.state !== 'PENDING') continue;
    account.state = 'POSTED';
    account.costNanos = account.resting ? 0n : costOfIts(account);
    account.beside = undefined;
  }
}

async function beat(account: Account | undefined, seen: number): Promise<void> {
  if (!account) return;
  const { id: completionId, attempt } = account;
  // The one before may still have been under way.
  await ledger.extendHolds([{ completionId, attempt: attempt - 1, seenOutputTokens: seen + 1 }]);
  const { beside } = account;
  if (beside)
    await ledger.extendHolds([{ completionId, attempt: beside.attempt, seenOutputTokens: seen + 2 }]);
  const lost = await ledger.extendHolds([{ completionId, attempt, seenOutputTokens: seen }]);
  expect(lost).toEqual(account.state === 'PENDING' ? [] : [account.id]);
  if (account.state !== 'PENDING') return;
  if (!account.resting) account.seen = seen;
  if (beside) beside.seen = seen + 2;
  account.late = false;
}

/** As if its process had said nothing for a long time. */
async function runOut(account: Account | undefined): Promise<void> {
  if (!account) return;
  const { sql } = fixture.database;
  await sql`UPDATE completions SET hold_expires_at = now() - interval '1 second' WHERE id = ${account.id}`;
  account.late = true;
}

async function recoverAll(accounts: Account[]): Promise<void> {
  const late = accounts.filter((account) => account.state === 'PENDING' && account.late);
  expect(await recover(ledger, { costOf })).toBe(late.length);
  for (const account of late) {
    account.state = 'EXPIRED';
    // One nano-USD a token, and ten tokens of prompt.
    const cost = account.seen === 0 ? 0n : BigInt(10 + account.seen);
    account.costNanos = account.seen > 0 && account.heldNanos === undefined ? undefined : cost;
    const { beside } = account;
    account.beside = undefined;
    if (beside && beside.seen > 0 && beside.heldNanos !== undefined)
      account.earlierNanos += BigInt(10 + beside.seen);
  }
}

async function expectToAgree(accounts: Account[], teamId: string): Promise<void> {
  const { sql } = fixture.database;
  const rows = await sql<{ id: string; hold_state: string; cost_nanos: bigint | null }[]>`
    SELECT id, hold_state, cost_nanos FROM completions WHERE team_id = ${teamId} ORDER BY id`;
  const expected = accounts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(rows.map((row) => [row.id, row.hold_state, row.cost_nanos])).toEqual(
    expected.map(({ id, state, costNanos }) => [id, state, costNanos ?? null]),
  );
  const balances = await sql<{ id: string; balance_nanos: bigint }[]>`
    SELECT id, balance_nanos FROM ledger_accounts WHERE id IN (${`held:${teamId}`}, ${`spent:${teamId}`})`;
  const balanceOf = (id: string) => balances.find((row) => row.id === id)?.balance_nanos ?? 0n;
  const sum = (list: (bigint | undefined)[]) =>
    list.reduce<bigint>((total, each) => total + (each ?? 0n), 0n);
  const pending = accounts.filter(isUnderWay);
  expect(balanceOf(`held:${teamId}`)).toBe(
    sum(pending.flatMap(({ heldNanos, beside }) => [heldNanos, beside?.heldNanos])),
  );
  const spent = accounts.flatMap(({ costNanos, earlierNanos }) => [costNanos, earlierNanos]);
  expect(balanceOf(`spent:${teamId}`)).toBe(sum(spent));
}
