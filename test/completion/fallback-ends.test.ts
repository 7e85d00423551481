import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBudgets } from '../budgets/support.ts';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { useGateway } from '../support/gateway.ts';
import { completionOf, create, listCompletions, say, STREAM } from './support/completions.ts';
import { COURSE, setCourse } from './support/courses.ts';
import { createPlace } from './support/process.ts';
import { subscribe, typeOf } from './support/streams.ts';
import { startVendor } from './support/vendor.ts';

const [first, second] = [await startVendor('first'), await startVendor('second')];
afterAll(() => Promise.all([first.close(), second.close()]));

const BOTH = [{ name: 'first/model' }, { name: 'second/model' }];
beforeEach(async () => {
  await setCourse(gateway(), { models: BOTH });
  Object.assign(first, { refusal: 500, complaint: 'oops' });
});
afterEach(() => Object.assign(first, { refusal: undefined, headers: {} }));
const gateway = useGateway({
  config: { providers: [first.config, second.config] },
});
const { budgetOf } = useBudgets(gateway);
const ASK = say(COURSE, 'Hi');
const sql = () => gateway().gateway.database.sql;

async function answerSecond(): Promise<void> {
  const call = await second.nextCall();
  call.say('Here you are');
  call.finish();
}

async function setLimit(input: object): Promise<string> {
  const { data } = await gateway().ask(
    'mutation ($input: LimitSetInput!) { limitSet(input: $input) { limit { id } errors { message } } }',
    { input },
  );
  expect(data.limitSet.errors).toEqual([]);
  return data.limitSet.limit.id;
}

async function deleteLimit(id: string): Promise<void> {
  await gateway().ask('mutation ($id: ID!) { limitDelete(id: $id) { deletedId } }', { id });
}

describe('a next attempt', () => {
  it('that a budget refuses leaves the completion with the failure before', async () => {
    await budgetOf({ scope: 'MODEL', subjectId: 'second/model', limit: '0.000001' });
    const before = second.calls;
    const { completion, errors } = await create(gateway(), ASK);
    expect(errors).toMatchObject([
      { code: 'PROVIDER_ERROR', attempts: [{ provider: 'first', httpStatus: 500 }] },
    ]);
    expect(completion).toMatchObject({ status: 'FAILED', model: { name: 'first/model' } });
    expect(second.calls).toBe(before);
  });

  it('that a limit refuses does so too', async () => {
    const id = await setLimit({
      scope: 'MODEL',
      subjectId: 'second/model',
      unit: 'TOKENS_PER_MINUTE',
      max: 1,
    });
    const { completion, errors } = await create(gateway(), ASK);
    await deleteLimit(id);
    expect(errors).toMatchObject([{ code: 'PROVIDER_ERROR' }]);
    expect(completion).toMatchObject({ attempts: [{ provider: 'first' }] });
  });

  it('finds the place free that the one before had', async () => {
    const id = await setLimit({ scope: 'TEAM', subjectId: 'team_default', unit: 'CONCURRENT', max: 1 });
    const answering = answerSecond();
    expect(completionOf(await create(gateway(), ASK)).status).toBe('SUCCEEDED');
    await answering;
    await deleteLimit(id);
  });

  it('finds the money free that the one before had held', async () => {
    const ask = { ...ASK, params: { maxOutputTokens: 100 } };
    await budgetOf({ limit: '0.0003' });
    const answering = answerSecond();
    expect(completionOf(await create(gateway(), ask)).status).toBe('SUCCEEDED');
    await answering;
  });

  it('takes the place of a model that is not to be called for now', async () => {
    Object.assign(first, { refusal: 429, headers: { 'retry-after': '3600' } });
    const answering = answerSecond().then(answerSecond);
    expect(completionOf(await create(gateway(), ASK)).attempts).toHaveLength(2);
    expect(completionOf(await create(gateway(), ASK)).attempts).toMatchObject([{ provider: 'second' }]);
    await answering;
  });

  it('waits for a database that is away, and both are booked', async () => {
    await setCourse(gateway(), { models: [{ name: 'first/other' }, BOTH[1]!] });
    first.refusal = undefined;
    const asking = create(gateway(), ASK);
    const call = await first.nextCall();
    await sql()`ALTER TABLE completions RENAME TO completions_elsewhere`;
    call.breakOff();
    await expect
      .poll(() => gateway().logs.some((line) => line.includes('settlement failed, trying again')))
      .toBe(true);
    await sql()`ALTER TABLE completions_elsewhere RENAME TO completions`;
    await answerSecond();
    expect(completionOf(await asking)).toMatchObject({
      text: 'Here you are',
      attempts: [{ status: 'ERROR' }, { status: 'OK' }],
    });
  });
});

describe('retries', () => {
  it('are few, however many calls fail', async () => {
    await setCourse(gateway(), { models: [{ name: 'first/stormy', retries: 3 }] });
    let calls = 0;
    first.refusal = undefined;
    const before = first.calls;
    const answering = (async () => {
      for (;;) {
        const call = await first.nextCall();
        calls += 1;
        // Three in ten fail.
        if (calls % 10 < 3) call.breakOff();
        else {
          call.say('Hello');
          call.finish();
        }
      }
    })();
    void answering;
    const asks = 200;
    const results: string[] = [];
    for (let told = 0; told < asks; told += 20) {
      const some = await Promise.all(Array.from({ length: 20 }, () => create(gateway(), ASK)));
      results.push(...some.map((each) => completionOf(each).status));
    }
    expect((first.calls - before) / asks).toBeLessThanOrEqual(1.2);
    expect(first.calls - before).toBeGreaterThan(asks);
    expect(results.filter((status) => status === 'SUCCEEDED').length).toBeGreaterThan(asks * 0.7);
  });
});

describe('kill -9 in the middle of the second attempt', () => {
  it('leaves both booked: the first as it ended, the second as it was seen', async () => {
    await using place = await createPlace();
    const before = await place.boot();
    await setCourse(before, {
      models: [{ name: 'demo/cut' }, { name: 'demo/slow' }],
      onCut: 'RESTART',
    });
    await before.stop(0);
    const child = await place.spawn({ holdMs: 600 });
    const variables = { input: say(COURSE, 'Hello'), coalesceMs: 0 };
    const stream = await subscribe('SSE', child, { query: STREAM, variables });
    for (let isReset = false; !isReset;) isReset = typeOf(await stream.next()) === 'CompletionReset';
    for (let words = 0; words < 8; words += 1) await stream.next();
    child.kill('SIGKILL');
    await child.ended;
    const after = await place.boot();
    try {
      await expectNothingHeld(after.gateway.database);
      await expectBooksToBalance(after.gateway.database);
      const [completion] = await listCompletions(after, {});
      expect(completion).toMatchObject({
        status: 'INTERRUPTED',
        model: { name: 'demo/slow' },
        attempts: [
          { model: 'demo/cut', status: 'ERROR', usage: { source: 'ESTIMATED' } },
          { model: 'demo/slow', status: 'INTERRUPTED', usage: { source: 'ESTIMATED' } },
        ],
      });
      const rows = await after.gateway.database.sql`
        SELECT attempt, kind FROM ledger_entries WHERE completion_id = ${completion!.id} ORDER BY id`;
      expect(rows.map(({ attempt, kind }) => `${attempt} ${kind}`)).toEqual([
        '0 RESERVE',
        '0 RELEASE',
        '0 SETTLE',
        '1 RESERVE',
        '1 RELEASE',
        '1 SETTLE',
      ]);
    } finally {
      await after.stop(0);
    }
  });
});
