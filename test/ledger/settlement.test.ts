import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { expectBooksToBalance } from '../support/books.ts';
import { openLedgers, outcomeOf, reservationFor, type LedgerFixture } from './support.ts';

let fixture: LedgerFixture;
beforeAll(async () => {
  fixture = await openLedgers();
});
afterEach(() => expectBooksToBalance(fixture.database));
afterAll(() => fixture.close());

const FIRST = { attempt: 0, resting: false };
const never = new AbortController().signal;

async function hold(ledger: Ledger, changes: Parameters<typeof reservationFor>[0] = {}): Promise<string> {
  const reservation = reservationFor(changes);
  await ledger.reserve(reservation, never);
  return reservation.completion.id;
}

async function readRow(id: string) {
  const [row] = await fixture.database.sql`
    SELECT hold_state, status, cost_nanos, outcome, seen_output_tokens FROM completions WHERE id = ${id}`;
  return row;
}

describe('many at once', () => {
  it('share transactions, and each is booked for itself', async () => {
    const ledger = fixture.newLedger();
    const ids = await Promise.all(Array.from({ length: 500 }, () => hold(ledger, { teamId: 'many' })));
    await Promise.all(
      ids.map((completionId, index) => ledger.settle({ completionId, outcome: outcomeOf(BigInt(index)) })),
    );
    const { sql } = fixture.database;
    const [journal] = await sql`
      SELECT count(*)::int AS entries, count(DISTINCT xmin::text)::int AS transactions,
        sum(amount_nanos) FILTER (WHERE kind = 'SETTLE')::int AS spent FROM ledger_entries WHERE team_id = 'many'`;
    expect(journal).toMatchObject({ entries: 1_500, spent: (500 * 499) / 2 });
    expect(journal?.['transactions']).toBeLessThan(50);
  });
});

describe('one settlement', () => {
  it('is taken once, however often it is handed in', async () => {
    const ledger = fixture.newLedger();
    const completionId = await hold(ledger);
    const together = await Promise.all(
      [3n, 4n, 5n].map((cost) => ledger.settle({ completionId, outcome: outcomeOf(cost) })),
    );
    expect(together.filter(Boolean)).toHaveLength(1);
    const winner = together.findIndex(Boolean);
    expect((await readRow(completionId))?.['cost_nanos']).toBe(BigInt(3 + winner));
    expect(await ledger.settle({ completionId, outcome: outcomeOf(9n) })).toBeUndefined();
  });

  it('of work that nobody did gives the whole hold back and is no charge', async () => {
    const ledger = fixture.newLedger();
    const completionId = await hold(ledger);
    const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0, source: 'NONE' as const };
    await ledger.settle({ completionId, outcome: outcomeOf(0n, { usage }) });
    expect(await readRow(completionId)).toMatchObject({ hold_state: 'VOIDED', cost_nanos: 0n });
  });

  it('of a hold that ran out and was recovered is not taken', async () => {
    const ledger = fixture.newLedger({ holdMs: 1 });
    const completionId = await hold(ledger);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const outcome = outcomeOf(5n, { status: 'INTERRUPTED' });
    expect(await ledger.settle({ completionId, outcome, expired: FIRST })).toBeInstanceOf(Date);
    expect(await ledger.settle({ completionId, outcome: outcomeOf(9n) })).toBeUndefined();
    expect(await readRow(completionId)).toMatchObject({
      hold_state: 'EXPIRED',
      status: 'INTERRUPTED',
      cost_nanos: 5n,
    });
  });

  it('of a hold that ran out and was not recovered yet is still taken', async () => {
    const ledger = fixture.newLedger({ holdMs: 1 });
    const completionId = await hold(ledger);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ledger.settle({ completionId, outcome: outcomeOf(9n) })).toBeInstanceOf(Date);
    expect(await readRow(completionId)).toMatchObject({ hold_state: 'POSTED', cost_nanos: 9n });
  });

  it('by recovery is not taken while the hold stands', async () => {
    const ledger = fixture.newLedger();
    const completionId = await hold(ledger);
    const outcome = outcomeOf(5n, { status: 'INTERRUPTED' });
    expect(await ledger.settle({ completionId, outcome, expired: FIRST })).toBeUndefined();
    expect(await readRow(completionId)).toMatchObject({ hold_state: 'PENDING' });
    await ledger.settle({ completionId, outcome });
  });
});

describe('a settlement that cannot be written as it is', () => {
  const deep = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) as unknown;

  it('is booked without its content, and holds up nobody', async () => {
    const ledger = fixture.newLedger();
    const [bad, good] = [await hold(ledger), await hold(ledger)];
    const finished = await Promise.all([
      ledger.settle({ completionId: bad, outcome: outcomeOf(5n, { object: deep }) }),
      ledger.settle({ completionId: good, outcome: outcomeOf(6n) }),
    ]);
    expect(finished).toEqual([expect.any(Date), expect.any(Date)]);
    expect(await readRow(bad)).toMatchObject({
      cost_nanos: 5n,
      outcome: { parts: [], warnings: ['the answer could not be stored'] },
    });
    expect(await readRow(good)).toMatchObject({
      cost_nanos: 6n,
      outcome: { parts: [{ type: 'text', text: 'Hi' }], warnings: [] },
    });
  });

  it('for good is left to recovery when the process ends, and holds up nobody', async () => {
    const ledger = fixture.newLedger();
    const [bad, good] = [await hold(ledger), await hold(ledger)];
    const lost = ledger.settle({ completionId: bad, outcome: outcomeOf(2n ** 64n) });
    expect(await ledger.settle({ completionId: good, outcome: outcomeOf(6n) })).toBeInstanceOf(Date);
    await Promise.all([expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE' }), ledger.close()]);
    expect(await readRow(bad)).toMatchObject({ hold_state: 'PENDING' });
    expect(await readRow(good)).toMatchObject({ hold_state: 'POSTED' });
  });
});

describe('recovery', () => {
  it('declares only other processes dead', async () => {
    const [dead, alive] = [fixture.newLedger(), fixture.newLedger()];
    const [theirs, ours] = [await hold(dead), await hold(alive)];
    await alive.expireHoldsOfOthers();
    const expired = (await alive.listExpiredHolds(500)).map(({ completionId }) => completionId);
    expect(expired).toContain(theirs);
    expect(expired).not.toContain(ours);
  });

  it('knows what the last heartbeat had seen, and the price', async () => {
    const ledger = fixture.newLedger({ holdMs: 50 });
    const completionId = await hold(ledger);
    expect(await ledger.extendHolds([{ completionId, attempt: 0, seenOutputTokens: 42 }])).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await fixture.newLedger().listExpiredHolds(500)).toContainEqual(
      expect.objectContaining({
        completionId,
        estimatedInputTokens: 10,
        seenOutputTokens: 42,
        price: expect.objectContaining({ source: 'config' }),
      }),
    );
  });
});
