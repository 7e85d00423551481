import { afterAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { STREAM, TIMEOUTS } from '../completion/support/completions.ts';
import { STREAMING, subscribe } from '../completion/support/streams.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import {
  complete,
  deleteBudget,
  readBudget,
  setBudget,
  useBudgets,
  WHOLE_BUDGET,
  type BudgetData,
} from './support.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const gateway = useGateway({
  config: {
    providers: [vendor.config],
    timeouts: TIMEOUTS,
  },
});

/** Comes to at most 182 tokens, and to 30 when the vendor answers: a millionth of a dollar each. */
const ASK = { model: 'vendor/model', source: { text: 'Hi' }, params: { maxOutputTokens: 100 } };
const FREE = { model: 'demo/echo', source: { text: 'Hi' } };

const { budgetOf } = useBudgets(gateway);

/** An answer that waits for the vendor, and the vendor's end of it. */
async function begin(input: object = ASK) {
  const answer = complete(gateway(), input);
  const call = await vendor.nextCall();
  return {
    answer,
    call,
    async finish() {
      call.say('Hello');
      call.finish();
      return answer;
    },
  };
}

describe('a budget', () => {
  it('reserves the worst case while a request runs, and is charged what it cost', async () => {
    const { id } = await budgetOf({ limit: '0.001' });
    const running = await begin();
    expect(await readBudget(gateway(), id)).toMatchObject({
      limit: { amount: '0.001', currency: 'USD' },
      spent: { amount: '0' },
      reserved: { amount: '0.000182' },
      remaining: { amount: '0.000818' },
    });
    const { completion } = await running.finish();
    expect(completion).toMatchObject({ status: 'SUCCEEDED', cost: { amount: '0.00003' } });
    expect(await readBudget(gateway(), id)).toMatchObject({
      spent: { amount: '0.00003' },
      reserved: { amount: '0' },
      remaining: { amount: '0.00097' },
    });
  });

  it('refuses what may come to more than is left, before the vendor is called', async () => {
    const calls = vendor.calls;
    const { id } = await budgetOf({ limit: '0.0001' });
    const { completion, errors } = await complete(gateway(), ASK);
    expect(completion).toBeNull();
    expect(errors).toMatchObject([
      {
        __typename: 'BudgetExceededError',
        code: 'BUDGET_EXCEEDED',
        budget: { id, remaining: { amount: '0.0001' } },
        estimated: { amount: '0.000182', currency: 'USD' },
        remaining: { amount: '0.0001', currency: 'USD' },
      },
    ]);
    expect(errors[0]?.message).toBe(
      'the budget of team "team_default" ($0.0001 in total) has $0.0001 left, and this ask may come to $0.000182',
    );
    expect(vendor.calls).toBe(calls);
    expect(await readBudget(gateway(), id)).toMatchObject({ exceeded: 1, reserved: { amount: '0' } });
  });

  it.each(STREAMING)('refuses a stream over %s with the same error', async (transport) => {
    await budgetOf({ limit: '0.0001' });
    const stream = await subscribe(transport, gateway(), { query: STREAM, variables: { input: ASK } });
    expect(await stream.rest()).toMatchObject([
      { __typename: 'CompletionFailed', errors: [{ code: 'BUDGET_EXCEEDED' }], partial: null },
    ]);
  });

  it('keeps a vendor from writing more than is held for', async () => {
    const unbounded = { ...ASK, params: {} };
    const free = await begin(unbounded);
    expect(await free.call.body).not.toHaveProperty('max_tokens');
    await free.finish();
    await budgetOf({ limit: '1' });
    const held = await begin(unbounded);
    expect(await held.call.body).toMatchObject({ max_tokens: 8192 });
    await held.finish();
  });

  it('is set once for a subject, unit and window: setting it again changes it', async () => {
    const first = await budgetOf({ limit: '1' });
    const second = await budgetOf({ limit: '2' });
    const other = await budgetOf({ limit: '3', window: 'DAY' });
    expect(second).toMatchObject({ id: first.id, limit: { amount: '2' } });
    expect(other.id).not.toBe(first.id);
    const { data } = await gateway().ask(
      '{ team: viewer { team { budgets { id } } } budgets { totalCount nodes { id } } }',
    );
    expect(data.team.team.budgets.map(({ id }: BudgetData) => id).toSorted()).toEqual(
      [first.id, other.id].toSorted(),
    );
    expect(data.budgets).toMatchObject({ totalCount: 2, nodes: [{ id: other.id }, { id: first.id }] });
  });

  it('no longer holds once it is deleted, also for what runs', async () => {
    const { id } = await setBudget(gateway(), { limit: '0.0002' });
    const running = await begin();
    await deleteBudget(gateway(), id);
    expect((await complete(gateway(), FREE)).completion?.status).toBe('SUCCEEDED');
    await running.finish();
    const { data } = await gateway().ask('{ budgets { totalCount } }');
    expect(data.budgets.totalCount).toBe(0);
    expect(await readBudget(gateway(), id)).toMatchObject({
      reserved: { amount: '0' },
      spent: { amount: '0.00003' },
    });
    await deleteBudget(gateway(), id);
  });
});

describe('what happens to a request that does not fit', () => {
  it('FALLBACK_TO_CHEAPER: the cheaper model answers, and says why', async () => {
    await budgetOf({
      scope: 'MODEL',
      subjectId: 'vendor/model',
      limit: '0.0001',
      onExceed: 'FALLBACK_TO_CHEAPER',
      fallbackModel: 'demo/echo',
    });
    const { completion } = await complete(gateway(), ASK);
    expect(completion).toMatchObject({
      status: 'SUCCEEDED',
      text: 'Hi',
      requestedModel: 'vendor/model',
      model: { name: 'demo/echo' },
      warnings: [expect.stringContaining('demo/echo answers instead')],
    });
  });

  it('FALLBACK_TO_CHEAPER: not to a model that the key may not use, and never round in a circle', async () => {
    await budgetOf({ limit: '0.0001', onExceed: 'FALLBACK_TO_CHEAPER', fallbackModel: 'demo/expensive' });
    const narrow = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['vendor/model'] });
    for (const key of [narrow.secret, undefined]) {
      const { errors } = await complete(gateway(), ASK, key === undefined ? {} : { key });
      expect(errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    }
  });

  it('QUEUE: it waits until there is room', async () => {
    const { id } = await budgetOf({ limit: '0.00025', onExceed: 'QUEUE', queueMs: 60_000 });
    const first = await begin();
    const second = complete(gateway(), ASK);
    while ((await readBudget(gateway(), id)).exceeded === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await first.finish();
    const call = await vendor.nextCall();
    call.finish();
    expect((await second).completion?.status).toBe('SUCCEEDED');
  });

  it('QUEUE: and no longer than it may, nor than the caller', async () => {
    const { id } = await budgetOf({ limit: '0.0001', onExceed: 'QUEUE', queueMs: 600 });
    expect((await complete(gateway(), ASK)).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    // It looked several times, and is one request that did not fit.
    expect(await readBudget(gateway(), id)).toMatchObject({ exceeded: 1 });
    await budgetOf({ limit: '0.0001', onExceed: 'QUEUE', queueMs: 60_000 });
    const leaving = new AbortController();
    const gone = gateway().ask(
      'mutation ($input: CompletionInput!) { completionCreate(input: $input) { errors { code } } }',
      { input: ASK },
      { signal: leaving.signal },
    );
    leaving.abort();
    await expect(gone).rejects.toThrow('abort');
  });

  it('BLOCK goes before the others', async () => {
    const { id } = await budgetOf({ limit: '0.0001' });
    await budgetOf({
      scope: 'MODEL',
      subjectId: 'vendor/model',
      limit: '0.0001',
      onExceed: 'FALLBACK_TO_CHEAPER',
      fallbackModel: 'demo/echo',
    });
    expect((await complete(gateway(), ASK)).errors).toMatchObject([{ budget: { id } }]);
  });

  it.each([{ onExceed: 'WARN' }, { shadow: true }])('%o: it is let through and counted', async (rule) => {
    const { id } = await budgetOf({ limit: '0.00001', ...rule });
    await (await begin()).finish();
    expect(await readBudget(gateway(), id)).toMatchObject({
      exceeded: 1,
      spent: { amount: '0.00003' },
      remaining: { amount: '0' },
    });
  });

  it('a model without a known price needs leave to run under a budget of money', async () => {
    const unpriced = { model: 'demo/unpriced', source: { text: 'Hi' } };
    await budgetOf({ limit: '1' });
    expect((await complete(gateway(), unpriced)).errors).toMatchObject([
      { code: 'BUDGET_EXCEEDED', estimated: null },
    ]);
    await budgetOf({ limit: '1', allowUnpriced: true });
    expect((await complete(gateway(), unpriced)).completion).toMatchObject({
      status: 'SUCCEEDED',
      cost: null,
    });
  });
});

describe('budgetChanged', () => {
  const WATCH = `${WHOLE_BUDGET} subscription ($id: ID!) { budgetChanged(id: $id) { ...WholeBudget } }`;

  it('tells live what is reserved and spent, and ends with the budget', async () => {
    const { id } = await setBudget(gateway(), { limit: '0.001' });
    const events = gateway()
      .socket()
      .iterate<{ budgetChanged: BudgetData }>({ query: WATCH, variables: { id } });
    const next = async () => (await events.next()).value?.data?.budgetChanged;
    expect(await next()).toMatchObject({ reserved: { amount: '0' }, spent: { amount: '0' } });
    const running = await begin();
    expect(await next()).toMatchObject({ reserved: { amount: '0.000182' } });
    await running.finish();
    expect(await next()).toMatchObject({ reserved: { amount: '0' }, spent: { amount: '0.00003' } });
    await setBudget(gateway(), { limit: '0.002' });
    expect(await next()).toMatchObject({ limit: { amount: '0.002' } });
    await deleteBudget(gateway(), id);
    expect(await next()).toBeNull();
    expect(await events.next()).toMatchObject({ done: true });
  });

  it('is for those who may see the budget', async () => {
    const { id } = await budgetOf({ scope: 'TAG', subjectId: 'a=b' });
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const events = gateway().socket({ key: secret }).iterate({ query: WATCH, variables: { id } });
    expect(await events.next()).toMatchObject({ value: { data: { budgetChanged: null } } });
    expect(await events.next()).toMatchObject({ done: true });
  });
});
