import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BudgetExceeded, type GatewayError } from '../../src/domain/errors.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { newId } from '../../src/lib/ids.ts';
import { expectBooksToBalance } from '../support/books.ts';
import { openLedgers, outcomeOf, reservationFor, type LedgerFixture } from './support.ts';

let fixture: LedgerFixture;
let ledger: Ledger;
beforeAll(async () => {
  fixture = await openLedgers();
  ledger = fixture.newLedger();
});
afterEach(() => expectBooksToBalance(fixture.database));
afterAll(() => fixture.close());

const never = new AbortController().signal;
const newTeam = () => newId('team');

async function hold(on: Ledger, changes: Parameters<typeof reservationFor>[0] = {}): Promise<string> {
  const reservation = reservationFor(changes);
  await on.reserve(reservation, never);
  return reservation.completion.id;
}

/** The ids of those that were let through; every other must have been refused for its budget. */
async function holdMany(attempts: Promise<string>[]): Promise<string[]> {
  const results = await Promise.allSettled(attempts);
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value];
    expect(result.reason).toBeInstanceOf(BudgetExceeded);
    return [];
  });
}

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

describe('a budget that many want at once', () => {
  it('lets exactly as many through as it can pay for', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 10_000n });
    const others = [ledger, fixture.newLedger(), fixture.newLedger()];
    const through = await holdMany(times(64, (index) => hold(others[index % 3]!, { teamId })));
    expect(through).toHaveLength(10);
    expect((await fixture.readBudget(id)).current).toMatchObject({
      held: 10_000n,
      settled: 0n,
      exceeded: 54n,
    });
  });

  it('is filled as far as it goes, whatever the sizes', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 1_000n });
    const sizes = times(60, (index) => BigInt((index * 37) % 150) + 1n);
    await holdMany(sizes.map((worstCaseNanos) => hold(ledger, { teamId, worstCaseNanos })));
    const { held } = (await fixture.readBudget(id)).current;
    expect(held).toBeLessThanOrEqual(1_000n);
    // Somebody who asked for at least one was refused only because nothing was left for them.
    const left = 1_000n - held;
    expect(left).toBeLessThan(150n);
  });

  it('gives back what was held and not used', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 1_000n });
    const completionId = await hold(ledger, { teamId });
    await expect(hold(ledger, { teamId, worstCaseNanos: 1n })).rejects.toBeInstanceOf(BudgetExceeded);
    await ledger.settle({ completionId, outcome: outcomeOf(400n) });
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 0n, settled: 400n });
    await expect(hold(ledger, { teamId, worstCaseNanos: 601n })).rejects.toBeInstanceOf(BudgetExceeded);
    await hold(ledger, { teamId, worstCaseNanos: 600n });
  });
});

describe('several budgets on one request', () => {
  it('all hold: when one refuses, nothing is held in any', async () => {
    const teamId = newTeam();
    const wide = await fixture.newBudget({ subjectId: teamId, limit: 1_000_000n });
    const narrow = await fixture.newBudget({ scope: 'TAG', subjectId: `team=${teamId}`, limit: 1_500n });
    const tags = [{ key: 'team', value: teamId }];
    const through = await holdMany(times(5, () => hold(ledger, { teamId, tags })));
    expect(through).toHaveLength(1);
    for (const { id } of [wide, narrow])
      expect((await fixture.readBudget(id)).current).toMatchObject({ held: 1_000n });
  });

  it.each([
    { scope: 'TEAM', changes: (id: string) => ({ teamId: id }) },
    { scope: 'KEY', changes: (id: string) => ({ keyId: id }) },
    { scope: 'END_USER', changes: (id: string) => ({ endUserId: id }) },
    { scope: 'MODEL', changes: (id: string) => ({ model: id }) },
    { scope: 'PROVIDER', changes: (id: string) => ({ provider: id }) },
  ] as const)('meets requests of its $scope and no others', async ({ scope, changes }) => {
    const subjectId = newId('it');
    const { id } = await fixture.newBudget({ scope, subjectId, limit: 1_000n });
    await hold(ledger, changes(newId('other')));
    await hold(ledger, changes(subjectId));
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 1_000n });
    await expect(hold(ledger, changes(subjectId))).rejects.toMatchObject({ budget: { id } });
  });

  it('a tag that is given twice counts once', async () => {
    const { id } = await fixture.newBudget({ scope: 'TAG', subjectId: 'twice=yes', limit: 1_000n });
    const tag = { key: 'twice', value: 'yes' };
    await hold(ledger, { tags: [tag, tag] });
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 1_000n });
  });
});

describe('units', () => {
  it('tokens are held by the bound and settled by what was used', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, unit: 'TOKENS', limit: 150n });
    const completionId = await hold(ledger, { teamId, worstCaseTokens: 100 });
    await expect(hold(ledger, { teamId, worstCaseTokens: 100 })).rejects.toMatchObject({
      estimated: 100n,
      remaining: 50n,
    });
    await ledger.settle({ completionId, outcome: outcomeOf(5n) });
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 0n, settled: 11n });
  });

  it('a request that came to nothing is no request', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, unit: 'REQUESTS', limit: 2n });
    const [one, two] = [await hold(ledger, { teamId }), await hold(ledger, { teamId })];
    await expect(hold(ledger, { teamId })).rejects.toBeInstanceOf(BudgetExceeded);
    const nothing = {
      input: 0,
      output: 0,
      cacheRead: 0,
      cacheWrite: 0,
      reasoning: 0,
      source: 'NONE' as const,
    };
    await ledger.settle({ completionId: one, outcome: outcomeOf(0n, { usage: nothing }) });
    await ledger.settle({ completionId: two, outcome: outcomeOf(5n) });
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 0n, settled: 1n });
  });

  it('money takes no model without a price, unless the budget says so', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 1_000n });
    const unpriced = { teamId, worstCaseNanos: undefined };
    await expect(hold(ledger, unpriced)).rejects.toMatchObject({
      estimated: undefined,
      message: expect.stringContaining('without a known price'),
    });
    await fixture.newBudget({ subjectId: teamId, limit: 1_000n, allowUnpriced: true });
    const completionId = await hold(ledger, unpriced);
    await ledger.settle({ completionId, outcome: outcomeOf(undefined) });
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 0n, settled: 0n });
  });
});

describe('what is not enforced', () => {
  it.each([{ shadow: true }, { onExceed: 'WARN' as const }])('is counted and told: %o', async (rule) => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 1_500n, ...rule });
    const ids = await holdMany(times(4, () => hold(ledger, { teamId })));
    expect(ids).toHaveLength(4);
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 4_000n, exceeded: 3n });
    for (const completionId of ids) await ledger.settle({ completionId, outcome: outcomeOf(1_000n) });
    const alerts = await fixture.database.sql`SELECT kind FROM alerts WHERE budget_id = ${id} ORDER BY id`;
    expect(alerts.map(({ kind }) => kind)).toEqual([
      'BUDGET_EXCEEDED',
      'BUDGET_THRESHOLD',
      'BUDGET_THRESHOLD',
      'BUDGET_THRESHOLD',
    ]);
  });
});

describe('thresholds', () => {
  it('are told once each, however the sum gets there', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 1_000n, thresholds: [80, 50, 100] });
    const told = async () => {
      const rows = await fixture.database.sql`
        SELECT (a.detail ->> 'threshold')::int AS percent, count(o.seq)::int AS events FROM alerts a
        LEFT JOIN outbox o ON o.kind = 'ALERT_RAISED' AND o.subject_id = a.id::text
        WHERE a.budget_id = ${id} GROUP BY a.id ORDER BY percent`;
      return rows.map(({ percent, events }) => [percent, events]);
    };
    const spend = async (nanos: bigint) => {
      const completionId = await hold(ledger, { teamId, worstCaseNanos: nanos });
      await ledger.settle({ completionId, outcome: outcomeOf(nanos) });
    };
    await spend(499n);
    expect(await told()).toEqual([]);
    await spend(1n);
    expect(await told()).toEqual([[50, 1]]);
    await spend(100n);
    await spend(400n);
    expect(await told()).toEqual([
      [50, 1],
      [80, 1],
      [100, 1],
    ]);
    await expect(spend(1n)).rejects.toBeInstanceOf(BudgetExceeded);
  });
});

describe('a limit that changes', () => {
  it('is told of anew, once for each limit', async () => {
    const teamId = newTeam();
    const spend = async (nanos: bigint) => {
      const completionId = await hold(ledger, { teamId, worstCaseNanos: nanos });
      await ledger.settle({ completionId, outcome: outcomeOf(nanos) });
    };
    const limits = [100n, 1_000n, 100n, 1_000n];
    const spent = [100n, 700n, undefined, 200n];
    for (const [index, limit] of limits.entries()) {
      await fixture.newBudget({ subjectId: teamId, limit, thresholds: [80, 100] });
      if (spent[index] !== undefined) await spend(spent[index]);
      await expect(spend(limit)).rejects.toBeInstanceOf(BudgetExceeded);
    }
    const rows = await fixture.database.sql`
      SELECT a.kind, (a.detail ->> 'limit')::int AS limit, (a.detail ->> 'threshold')::int AS percent
      FROM alerts a JOIN budgets b ON b.id = a.budget_id WHERE b.subject_id = ${teamId} ORDER BY 2, 1, 3`;
    expect(rows.map(({ kind, limit, percent }) => [kind, limit, percent])).toEqual([
      ['BUDGET_EXCEEDED', 100, null],
      ['BUDGET_THRESHOLD', 100, 80],
      ['BUDGET_THRESHOLD', 100, 100],
      ['BUDGET_EXCEEDED', 1_000, null],
      ['BUDGET_THRESHOLD', 1_000, 80],
      ['BUDGET_THRESHOLD', 1_000, 100],
    ]);
  });

  it('holds from the next request on, upwards and downwards', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 1_000n });
    const completionId = await hold(ledger, { teamId });
    expect((await fixture.newBudget({ subjectId: teamId, limit: 2_000n })).id).toBe(id);
    await hold(ledger, { teamId });
    await fixture.newBudget({ subjectId: teamId, limit: 500n });
    await expect(hold(ledger, { teamId, worstCaseNanos: 1n })).rejects.toMatchObject({ remaining: 0n });
    await ledger.settle({ completionId, outcome: outcomeOf(1_000n) });
  });

  it('that nobody could mean is refused', async () => {
    const set = (changes: object) =>
      fixture.newBudget({ subjectId: newTeam(), limit: 1n, ...changes }).then(
        () => [],
        (error: GatewayError & { issues?: { path: string[] }[] }) =>
          error.issues?.map(({ path }) => path.join('.')),
      );
    expect(await set({ limit: 0n })).toEqual(['input.limit']);
    expect(await set({ limit: -1n })).toEqual(['input.limit']);
    expect(await set({ limit: 10n ** 18n + 1n })).toEqual(['input.limit']);
    expect(await set({ timeZone: 'Mars/Olympus' })).toEqual(['input.timeZone']);
    expect(await set({ timeZone: '+02:00' })).toEqual(['input.timeZone']);
    expect(await set({ window: 'MONTH', startDay: 29 })).toEqual(['input.startDay']);
    expect(await set({ window: 'DAY', startDay: 2 })).toEqual(['input.startDay']);
    expect(await set({ onExceed: 'FALLBACK_TO_CHEAPER' })).toEqual(['input.fallbackModel']);
    expect(await set({ fallbackModel: 'vendor/small' })).toEqual(['input.fallbackModel']);
    expect(await set({ queueMs: 60_001 })).toEqual(['input.queueMs']);
    expect(await set({ thresholds: [0] })).toEqual(['input.thresholds']);
    expect(await set({ thresholds: [50, 50] })).toEqual(['input.thresholds']);
    expect(await set({ limit: 0n, timeZone: 'x y', queueMs: -1 })).toHaveLength(3);
  });

  it('whose windows would overlap with those before is refused', async () => {
    const subjectId = newTeam();
    await fixture.newBudget({ subjectId, limit: 1n, window: 'MONTH' });
    await expect(
      fixture.newBudget({ subjectId, limit: 1n, window: 'MONTH', startDay: 15 }),
    ).rejects.toMatchObject({
      issues: [{ path: ['input', 'startDay'] }],
    });
    await expect(
      fixture.newBudget({ subjectId, limit: 1n, window: 'MONTH', timeZone: 'Asia/Tokyo' }),
    ).rejects.toMatchObject({ issues: [{ path: ['input', 'timeZone'] }] });
  });
});

describe('an idempotency key', () => {
  it('draws on a budget once', async () => {
    const teamId = newTeam();
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 10_000n });
    const attempts = times(8, () => hold(ledger, { teamId, keyId: teamId, idempotencyKey: 'once' }));
    const results = await Promise.allSettled(attempts);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 1_000n });
  });
});
