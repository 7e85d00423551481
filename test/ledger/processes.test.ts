import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/db/database.ts';
import { createPlace, type GatewayProcess, type Place } from '../completion/support/process.ts';
import { startVendor, type Vendor } from '../completion/support/vendor.ts';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { complete, inputFor, providersOf, setBudget, stream } from './processes/caller.ts';

const probe = await createTestDatabase();
await probe.drop();
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

describe.skipIf(probe.databaseUrl === undefined)(
  'two processes on one PostgreSQL',
  { timeout: 90_000 },
  () => {
    let vendor: Vendor;
    let place: Place;
    let database: Database;
    let first: GatewayProcess;
    let second: GatewayProcess;
    beforeAll(async () => {
      vendor = await startVendor();
      place = await createPlace();
      const start = () => place.spawn({ holdMs: 900 }, providersOf(vendor));
      first = await start();
      second = await start();
      database = await openDatabase({ databaseUrl: place.databaseUrl, dataDir: '' });
    });
    afterEach(async () => {
      await expectNothingHeld(database);
      await expectBooksToBalance(database);
    });
    afterAll(async () => {
      await database.close();
      await place[Symbol.asyncDispose]();
      await vendor.close();
    });

    const readBudget = async (id: string) =>
      (
        await database.sql`SELECT held::int, settled::int, exceeded::int FROM budget_windows WHERE budget_id = ${id}`
      )[0];
    const readRows = (tag: object) => database.sql`
    SELECT status, hold_state, usage_source, input_tokens::int, output_tokens::int FROM completions
    WHERE tags @> ${JSON.stringify([tag])}::text::jsonb`;

    it('let exactly 10 of 64 callers through on a budget that is worth 10 requests', async () => {
      const tag = { key: 'job', value: 'sixty-four' };
      const id = await setBudget(first, tag, { unit: 'REQUESTS', limit: '10' });
      const before = vendor.calls;
      const asking = times(64, (index) => complete(index % 2 ? first : second, inputFor(tag)));
      for (const call of await Promise.all(times(10, () => vendor.nextCall()))) {
        call.say('Hello');
        call.finish();
      }
      const answers = await Promise.all(asking);
      expect(answers.filter(({ completion }) => completion?.status === 'SUCCEEDED')).toHaveLength(10);
      const refused = answers.flatMap(({ errors }) => errors);
      expect(refused).toHaveLength(54);
      for (const error of refused)
        expect(error).toMatchObject({
          __typename: 'BudgetExceededError',
          code: 'BUDGET_EXCEEDED',
          budget: { id },
          estimated: { amount: '1' },
          remaining: { amount: '0' },
        });
      expect(vendor.calls - before).toBe(10);
      expect(await readBudget(id)).toEqual({ held: 0, settled: 10, exceeded: 54 });
    });

    it('hold money for exactly 10 of 64 callers at once', async () => {
      const tag = { key: 'job', value: 'dear' };
      await setBudget(first, tag, { unit: 'MONEY', limit: '0.000000001' });
      const [small] = (await complete(first, inputFor(tag))).errors;
      const worstNanos = Math.round(Number(small?.estimated?.amount) * 1e9);
      const limit = ((worstNanos * 10 + worstNanos - 1) / 1e9).toFixed(9);
      const id = await setBudget(first, tag, { unit: 'MONEY', limit });
      const asking = times(64, (index) => complete(index % 2 ? first : second, inputFor(tag)));
      const calls = await Promise.all(times(10, () => vendor.nextCall()));
      // Only once all others were told no, so that nothing is given back before.
      const isRefused = async () => (await readBudget(id))?.['exceeded'] === 55;
      while (!(await isRefused())) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await readBudget(id)).toMatchObject({ held: worstNanos * 10, settled: 0 });
      for (const call of calls) {
        call.say('Hello');
        call.finish();
      }
      const answers = await Promise.all(asking);
      expect(answers.filter(({ completion }) => completion)).toHaveLength(10);
      // What the vendor's own bill says: 10 tokens in and 20 out, at a dollar for a million.
      expect(await readBudget(id)).toMatchObject({ held: 0, settled: 10 * 30 * 1_000 });
    });

    it('post once what a frozen process streamed, and it is stopped when it wakes', async () => {
      const tag = { key: 'job', value: 'frozen' };
      const id = await setBudget(first, tag, { unit: 'TOKENS', limit: '1000000' });
      const running = await Promise.all(times(3, () => stream(first, inputFor(tag))));
      const calls = await Promise.all(times(3, () => vendor.nextCall()));
      for (const call of calls) call.say('Hello there ');
      const isSeen = async () =>
        (await database.sql`SELECT FROM completions WHERE hold_state = 'PENDING' AND seen_output_tokens > 0`)
          .length === 3;
      while (!(await isSeen())) await new Promise((resolve) => setTimeout(resolve, 10));
      first.kill('SIGSTOP');
      await expectNothingHeld(database, 20_000);
      const settled = await readRows(tag);
      expect(settled).toEqual(
        times(3, () =>
          expect.objectContaining({
            status: 'INTERRUPTED',
            hold_state: 'EXPIRED',
            usage_source: 'ESTIMATED',
          }),
        ),
      );
      const budget = await readBudget(id);
      calls[0]?.finish();
      first.kill('SIGCONT');
      const ends = await Promise.all(running.map((each) => each.rest()));
      for (const events of ends) expect(events.at(-1)).toMatchObject({ partial: { status: 'INTERRUPTED' } });
      await Promise.all(calls.map((call) => call.closed));
      expect(await readRows(tag)).toEqual(settled);
      expect(await readBudget(id)).toEqual(budget);
    });

    it('settle what the one that is killed leaves behind in 100 streams', async () => {
      const tag = { key: 'job', value: 'killed' };
      const id = await setBudget(first, tag, { unit: 'MONEY', limit: '1000' });
      const before = vendor.calls;
      const running = await Promise.all(times(100, () => stream(first, inputFor(tag))));
      const calls = await Promise.all(times(100, () => vendor.nextCall()));
      for (const call of calls) call.say('Hello there ');
      for (const call of calls.slice(0, 20)) call.finish();
      const isEnough = async () =>
        (await readRows(tag)).filter(({ status }) => status === 'SUCCEEDED').length === 20;
      while (!(await isEnough())) await new Promise((resolve) => setTimeout(resolve, 10));
      first.kill('SIGKILL');
      await Promise.allSettled(running.map((each) => each.rest()));
      expect(await first.ended).toBe('SIGKILL');
      await expectNothingHeld(database, 20_000);
      const rows = await readRows(tag);
      expect(rows).toHaveLength(vendor.calls - before);
      const succeeded = rows.filter(({ status }) => status === 'SUCCEEDED');
      expect(succeeded).toEqual(
        times(20, () =>
          expect.objectContaining({ hold_state: 'POSTED', input_tokens: 10, output_tokens: 20 }),
        ),
      );
      expect(rows.filter(({ status }) => status === 'INTERRUPTED')).toHaveLength(80);
      const [spent] = await database.sql`
      SELECT sum(cost_nanos)::int AS nanos FROM completions WHERE tags @> ${JSON.stringify([tag])}::text::jsonb`;
      expect(await readBudget(id)).toMatchObject({ held: 0, settled: spent?.['nanos'] });
    });
  },
);
