import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { useBudgets } from '../budgets/support.ts';
import { useGateway } from '../support/gateway.ts';
import { cancel, completionOf, create, say, STREAM } from './support/completions.ts';
import { answersAfter, COURSE, setCourse } from './support/courses.ts';
import { subscribe } from './support/streams.ts';
import { startVendor, type Call } from './support/vendor.ts';

const [first, second] = [await startVendor('first'), await startVendor('second')];
afterAll(() => Promise.all([first.close(), second.close()]));

/** The second one is asked too when the first has said nothing for so long. */
async function hedgeAfter(usualMs: number, name = 'first/model'): Promise<void> {
  answersAfter(gateway(), name, usualMs);
  await setCourse(gateway(), { models: [{ name }, { name: 'second/model' }], hedgePercentile: 50 });
}
beforeEach(() => hedgeAfter(30));
const gateway = useGateway({
  config: { providers: [first.config, second.config] },
});
const { budgetOf } = useBudgets(gateway);
const ASK = say(COURSE, 'Hi');

/** What the journal has of each attempt. */
async function readJournal(id: string): Promise<string[]> {
  const rows = await gateway().gateway.database.sql<{ line: string }[]>`
    SELECT attempt || ' ' || split_part(credit_account, ':', 3) || ' ' || amount_nanos AS line
    FROM ledger_entries WHERE completion_id = ${id} AND kind = 'SETTLE' ORDER BY attempt`;
  return rows.map(({ line }) => line);
}

async function bothCalled(): Promise<[Call, Call]> {
  return [await first.nextCall(), await second.nextCall()];
}

function answer(call: Call, text: string): void {
  call.say(text);
  call.finish();
}

describe('when nothing has come of a model for a while the next one is asked too', () => {
  it('and who speaks first goes on, while the other one is hung up on', async () => {
    const asking = create(gateway(), ASK);
    const [slow, fast] = await bothCalled();
    answer(fast, 'Here you are');
    const completion = completionOf(await asking);
    await slow.closed;
    expect(completion).toMatchObject({
      status: 'SUCCEEDED',
      text: 'Here you are',
      model: { name: 'second/model' },
      attempts: [
        { provider: 'first', status: 'CANCELLED', usage: { source: 'NONE' } },
        { provider: 'second', status: 'OK', usage: { output: 20 } },
      ],
      cost: { amount: '0.00003' },
    });
    expect(await readJournal(completion.id)).toEqual(['0 first 0', '1 second 30000']);
  });

  it('and the first may still be the first to speak', async () => {
    const asking = create(gateway(), ASK);
    const [slow, beside] = await bothCalled();
    answer(slow, 'At last');
    const completion = completionOf(await asking);
    await beside.closed;
    expect(completion).toMatchObject({
      text: 'At last',
      model: { name: 'first/model' },
      attempts: [
        { provider: 'first', status: 'OK' },
        { provider: 'second', status: 'CANCELLED' },
      ],
    });
    expect(await readJournal(completion.id)).toEqual(['0 first 30000', '1 second 0']);
  });

  it('and when one of them fails the other one is waited for', async () => {
    const asking = create(gateway(), ASK);
    const [slow, beside] = await bothCalled();
    slow.breakOff();
    await expect
      .poll(async () => {
        const { sql } = gateway().gateway.database;
        return (await sql`SELECT FROM completions WHERE hold_state = 'PENDING'`).length;
      })
      .toBe(1);
    answer(beside, 'Here you are');
    expect(completionOf(await asking)).toMatchObject({
      text: 'Here you are',
      attempts: [
        { provider: 'first', status: 'ERROR' },
        { provider: 'second', status: 'OK' },
      ],
    });
  });

  it('and when both fail both are told of', async () => {
    const asking = create(gateway(), ASK);
    const [slow, beside] = await bothCalled();
    slow.breakOff();
    beside.breakOff();
    const { completion } = await asking;
    expect(completion).toMatchObject({
      status: 'FAILED',
      attempts: [
        { provider: 'first', status: 'ERROR' },
        { provider: 'second', status: 'ERROR' },
      ],
    });
    expect(await readJournal(completion!.id)).toEqual(['0 first 0', '1 second 0']);
  });

  it('but not when it answers in time', async () => {
    await hedgeAfter(30_000, 'first/patient');
    const before = second.calls;
    const asking = create(gateway(), ASK);
    answer(await first.nextCall(), 'Here you are');
    expect(completionOf(await asking).attempts).toHaveLength(1);
    expect(second.calls).toBe(before);
  });

  it('but not where a budget has no room for it', async () => {
    const budget = await budgetOf({ scope: 'MODEL', subjectId: 'second/model', limit: '0.000001' });
    const before = second.calls;
    const asking = create(gateway(), ASK);
    const call = await first.nextCall();
    await expect
      .poll(async () => {
        const { sql } = gateway().gateway.database;
        return (
          await sql`SELECT sum(exceeded)::int AS n FROM budget_windows WHERE budget_id = ${budget.id}`
        )[0]?.['n'];
      })
      .toBe(1);
    answer(call, 'Here you are');
    expect(completionOf(await asking)).toMatchObject({
      text: 'Here you are',
      attempts: [{ provider: 'first' }],
    });
    expect(second.calls).toBe(before);
  });
});

describe('a completion of two calls at once', () => {
  it('that is cancelled ends both, and both are booked', async () => {
    // Of another one no tries are used up yet.
    await hedgeAfter(30, 'first/left');
    const variables = { input: ASK, coalesceMs: 0 };
    const stream = await subscribe('WS', gateway(), { query: STREAM, variables });
    const { completionId } = (await stream.next())!;
    const calls = await bothCalled();
    await cancel(gateway(), completionId);
    await Promise.all(calls.map(({ closed }) => closed));
    expect(await stream.rest()).toMatchObject([
      {
        failureReason: 'CANCELLED',
        partial: { attempts: [{ status: 'CANCELLED' }, { status: 'CANCELLED' }] },
      },
    ]);
    expect(await readJournal(completionId)).toEqual(['0 first 0', '1 second 0']);
  });

  it('counts once in a budget of requests', async () => {
    await hedgeAfter(30, 'first/counted');
    const budget = await budgetOf({ unit: 'REQUESTS', limit: '1' });
    const asking = create(gateway(), ASK);
    const [, fast] = await bothCalled();
    answer(fast, 'Here you are');
    completionOf(await asking);
    const [row] = await gateway().gateway.database.sql`
      SELECT settled::int, held::int FROM budget_windows WHERE budget_id = ${budget.id}`;
    expect(row).toEqual({ settled: 1, held: 0 });
  });
});
