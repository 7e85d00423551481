import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { FIRST_SEED, HISTORIES } from '../support/histories.ts';
import { openInstances, type Instances } from './simulation/instances.ts';
import { startWatch, type Watch } from './simulation/watch.ts';
import { runWave } from './simulation/wave.ts';
import type { World } from './simulation/world.ts';
import { openLedgers, type LedgerFixture } from './support.ts';

/** The more share a statement the less each history takes; and the more of them want the same locks. */
const AT_ONCE = 400;

let fixture: LedgerFixture;
let instances: Instances;
let watch: Watch;
beforeAll(async () => {
  fixture = await openLedgers();
  instances = openInstances(fixture.database);
  watch = await startWatch(fixture.database);
});
afterAll(async () => {
  await watch.end();
  await instances.close();
  await fixture.close();
});

/**
 * Every history is the life of one organisation's money: asks at several instances under several budgets, attempts after and beside each other, settlements,
 * crashes, lost answers, frozen processes, jumps of the clock, changed budgets, corrections. After each step the ledger
 * is compared with a model in plain TypeScript. Many histories run side by side, so that they share statements and locks.
 */
it(
  `in ${HISTORIES} histories the ledger is what a model says, after every step, from seed ${FIRST_SEED}`,
  { timeout: 60_000 + HISTORIES * 100 },
  async () => {
    for (let told = 0; told < HISTORIES; told += AT_ONCE) {
      const count = Math.min(AT_ONCE, HISTORIES - told);
      const seeds = Array.from({ length: count }, (_, index) => FIRST_SEED + told + index);
      await expectOneSettlementEach(await runWave(fixture.database, instances, seeds));
    }
    expect(await watch.end()).toEqual([]);
    await expectNothingHeld(fixture.database);
    await expectBooksToBalance(fixture.database);
  },
);

/** What the vendor's own log says: each call that it got was settled once, and so was each hold that never got so far. */
async function expectOneSettlementEach(worlds: World[]): Promise<void> {
  const rows = await fixture.database.sql<{ completion_id: string; settlements: number }[]>`
    SELECT completion_id, count(*)::int AS settlements FROM ledger_entries WHERE kind = 'SETTLE' GROUP BY completion_id`;
  const settlements = new Map(rows.map((row) => [row.completion_id, row.settlements]));
  const accounts = worlds.flatMap((world) => world.accounts);
  expect(
    accounts.filter(({ id, state, begun }) => settlements.get(id) !== begun || state === 'PENDING'),
  ).toEqual([]);
  expect(accounts.some(({ dispatched }) => dispatched)).toBe(true);
  expect(accounts.some(({ attempt }) => attempt > 0)).toBe(true);
  expect(accounts.some(({ attempt, begun }) => begun > attempt + 1)).toBe(true);
}
