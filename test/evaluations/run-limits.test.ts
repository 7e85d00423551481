import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseUsd } from '../../src/lib/money.ts';
import { makeKey, revoke } from '../access/support/keys.ts';
import { startVendor, type Call } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import { booked, cancel, makeEcho, resultsOf, run, start, waitFor } from './runs.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const gateway = useGateway({ config: { providers: [vendor.config] } });

/** 10 tokens in and 20 out at a dollar for a million. */
const COST = 30_000n;
const LIMITED = { model: 'vendor/model', params: { maxOutputTokens: 100 } };

const answer = (call: Call) => {
  call.say('word');
  call.finish();
};
/** What the vendor does with the next calls: answers them, unless a test wants to have them. */
let held: Call[] | undefined;
void (async () => {
  for (;;) {
    const call = await vendor.nextCall();
    if (held) held.push(call);
    else answer(call);
  }
})();
beforeEach(() => (held = undefined));

async function holdCalls(count: number): Promise<Call[]> {
  while (held!.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  return held!.splice(0);
}

beforeAll(() => makeEcho(gateway(), { slug: 'asked', cases: 20, ...LIMITED }));

const ASKED = { prompt: 'asked', dataset: 'asked', passingRate: 0 };

describe('its own budget', () => {
  it('is never passed, and ends it before a case that could', async () => {
    const before = vendor.calls;
    const evaluation = await run(gateway(), { ...ASKED, maxCost: '0.0003', concurrency: 5 });
    const { done } = evaluation.counts;
    expect(evaluation).toMatchObject({ status: 'STOPPED', stopReason: 'BUDGET', counts: { total: 20 } });
    const said = /^\$(.*) of \$0\.0003 is spent, and the next case may come to \$(.*)$/;
    const [spent, most] = said.exec(evaluation.stopMessage)!.slice(1).map(parseUsd);
    expect(spent).toBe(BigInt(done) * COST);
    expect(spent! + most!).toBeGreaterThan(parseUsd('0.0003'));
    expect(vendor.calls - before).toBe(done);
    expect(parseUsd(evaluation.cost.amount)).toBe(BigInt(done) * COST);
    expect(await booked(gateway(), evaluation.id)).toEqual({ nanos: BigInt(done) * COST, completions: done });
  });

  it('counts judges too', async () => {
    const judge = { judge: { model: 'vendor/model', rubric: 'Is it a word?' } };
    const evaluation = await run(gateway(), { ...ASKED, graders: [judge], sample: 2, concurrency: 1 });
    expect(evaluation.counts).toMatchObject({ total: 2, done: 2 });
    expect(evaluation.cost.amount).toBe('0.00012');
    const { nodes } = await resultsOf(gateway(), evaluation.id);
    for (const { cost, graded } of nodes) {
      expect(cost.amount).toBe('0.00006');
      expect(graded[0].completion.id).toMatch(/^cmpl_/);
    }
    expect(await booked(gateway(), evaluation.id)).toEqual({ nanos: 4n * COST, completions: 4 });
  });

  it('takes no model without a known price', async () => {
    const evaluation = await run(gateway(), { ...ASKED, model: 'demo/unpriced' });
    expect(evaluation).toMatchObject({ status: 'STOPPED', stopReason: 'BUDGET', counts: { done: 0 } });
    expect(evaluation.stopMessage).toMatch(/takes no model without a known price/);
  });

  it('is seen and set with the evaluation only, and its tag is nobody else’s', async () => {
    held = [];
    const { evaluation } = await start(gateway(), { ...ASKED, sample: 1 });
    const [call] = await holdCalls(1);
    const tag = `evaluation=${evaluation.id}`;
    const { data } = await gateway().ask(
      `mutation ($tag: ID!) {
        budgetSet(input: { subjectId: $tag, scope: TAG, limit: "9", window: TOTAL }) { errors { code } }
        completionCreate(input: { model: "demo/echo", source: { text: "x" }, tags: [{ key: "evaluation", value: "x" }] }) {
          errors { code message }
        }
      }`,
      { tag },
    );
    expect(data.budgetSet.errors).toEqual([{ code: 'NOT_FOUND' }]);
    expect(data.completionCreate.errors).toEqual([
      {
        code: 'INVALID_INPUT',
        message: 'input.tags.0 is evaluation=x; that is for completions of an evaluation, which this is not',
      },
    ]);
    const budgets = await gateway().ask('{ budgets { nodes { subjectId } } }');
    expect(budgets.data.budgets.nodes).toEqual([]);
    answer(call!);
    await waitFor(gateway(), evaluation.id);
  });
});

it('runs no more cases at a time than it may', async () => {
  held = [];
  const { evaluation } = await start(gateway(), { ...ASKED, sample: 6, concurrency: 3 });
  for (const round of [1, 2]) {
    const calls = await holdCalls(3);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(held, `round ${round}`).toEqual([]);
    calls.forEach(answer);
  }
  expect(await waitFor(gateway(), evaluation.id)).toMatchObject({ status: 'PASSED', counts: { done: 6 } });
});

it('stops what is under way when it is cancelled, and books that', async () => {
  held = [];
  const { evaluation } = await start(gateway(), { ...ASKED, concurrency: 2 });
  const calls = await holdCalls(2);
  for (const call of calls) call.say('the beginning of an answer');
  await cancel(gateway(), evaluation.id);
  await Promise.all(calls.map(({ closed }) => closed));
  const ended = await waitFor(gateway(), evaluation.id);
  expect(ended).toMatchObject({ status: 'STOPPED', stopReason: 'CANCELLED', counts: { done: 0 } });
  const { nanos, completions } = await booked(gateway(), evaluation.id);
  expect({ nanos, completions }).toEqual({ nanos: parseUsd(ended.cost.amount), completions: 2 });
  expect((await cancel(gateway(), evaluation.id)).evaluation).toEqual(ended);
});

it('ends when the key that began it is revoked', async () => {
  const key = await makeKey(gateway(), { scopes: ['EVALUATIONS_WRITE', 'COMPLETIONS_WRITE'] });
  held = [];
  const { evaluation } = await start(gateway(), { ...ASKED, concurrency: 1 }, key.secret);
  const [call] = await holdCalls(1);
  await revoke(gateway(), key);
  await call!.closed;
  expect(await waitFor(gateway(), evaluation.id)).toMatchObject({
    status: 'STOPPED',
    stopReason: 'ERROR',
    stopMessage: `the key ${key.id} was revoked`,
  });
});

it('waits where a vendor, or a limit, has no room, and fails no case for that', async () => {
  vendor.refusal = 429;
  vendor.headers = { 'retry-after': '1' };
  const before = vendor.calls;
  const { evaluation } = await start(gateway(), { ...ASKED, sample: 2, concurrency: 2 });
  await waitFor(gateway(), evaluation.id, () => vendor.calls >= before + 2);
  vendor.refusal = undefined;
  vendor.headers = {};
  expect(await waitFor(gateway(), evaluation.id)).toMatchObject({ counts: { done: 2, errors: 0 } });

  const { data } = await gateway().ask(
    `mutation { limitSet(input: { scope: MODEL, subjectId: "demo/echo", unit: CONCURRENT, max: 1 }) { errors { message } } }`,
  );
  expect(data.limitSet.errors).toEqual([]);
  const limited = await run(gateway(), { ...ASKED, model: 'demo/echo', sample: 8, concurrency: 8 });
  expect(limited).toMatchObject({ status: 'PASSED', counts: { passed: 8 } });
});
