import { afterAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { bootGateway, useGateway } from '../support/gateway.ts';
import { complete, deleteBudget, setBudget, WHOLE_BUDGET, BUDGET_ERROR } from './support.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const gateway = useGateway({ config: { providers: [vendor.config] } });

const ESTIMATE = `${WHOLE_BUDGET} query ($input: CompletionInput!) {
  estimate(input: $input) {
    model { name } inputTokens likelyOutputTokens maxOutputTokens likelyCost { amount } worstCost { amount }
    fitsContextWindow allowed refusals { ${BUDGET_ERROR} }
  }
}`;
const ASK = { model: 'vendor/model', source: { text: 'Hi' }, params: { maxOutputTokens: 100 } };

async function estimate(input: object, options: { key?: string } = {}) {
  const { data, errors } = await gateway().ask(ESTIMATE, { input }, options);
  if (!data) throw new Error(JSON.stringify(errors));
  return data.estimate;
}

describe('estimate', () => {
  it('tells the likely and the worst cost, and calls nobody', async () => {
    const calls = vendor.calls;
    expect(await estimate(ASK)).toEqual({
      model: { name: 'vendor/model' },
      inputTokens: 1,
      likelyOutputTokens: 100,
      maxOutputTokens: 100,
      likelyCost: { amount: '0.000101' },
      worstCost: { amount: '0.000182' },
      fitsContextWindow: true,
      allowed: true,
      refusals: [],
    });
    expect(vendor.calls).toBe(calls);
  });

  it('goes by what the model usually answers', async () => {
    const input = { ...ASK, model: 'demo/expensive', source: { text: 'What is a sluice?' } };
    const { completion } = await complete(gateway(), input);
    const { data } = await gateway().ask('query ($id: ID!) { completion(id: $id) { usage { output } } }', {
      id: completion!.id,
    });
    expect((await estimate(input)).likelyOutputTokens).toBe(data.completion.usage.output);
  });

  it('is null where the price is not known, which is not zero', async () => {
    expect(await estimate({ ...ASK, model: 'demo/unpriced' })).toMatchObject({
      likelyCost: null,
      worstCost: null,
      allowed: true,
    });
  });

  it('names every budget that would refuse, just as the request would be refused', async () => {
    const narrow = await setBudget(gateway(), { limit: '0.0001' });
    const none = await setBudget(gateway(), { unit: 'TOKENS', limit: '1' });
    const wide = await setBudget(gateway(), { limit: '1', window: 'DAY' });
    const shadow = await setBudget(gateway(), { limit: '0.00001', window: 'MONTH', shadow: true });
    const told = await estimate(ASK);
    expect(told.allowed).toBe(false);
    expect(told.refusals).toMatchObject([{ budget: { id: narrow.id } }, { budget: { id: none.id } }]);
    const { errors } = await complete(gateway(), ASK);
    expect(told.refusals).toContainEqual({
      ...errors[0],
      budget: expect.objectContaining({ id: narrow.id }),
    });
    for (const { id } of [narrow, none, wide, shadow]) await deleteBudget(gateway(), id);
  });

  it('names a missing right, an unknown model and every fault of the input', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] });
    expect((await estimate(ASK, { key: secret })).refusals).toMatchObject([{ code: 'FORBIDDEN' }]);
    expect(await estimate({ ...ASK, model: 'demo/none' })).toMatchObject({
      model: null,
      inputTokens: 1,
      refusals: [{ code: 'MODEL_UNAVAILABLE' }],
    });
    expect(await estimate({ ...ASK, params: { temperature: 9 } })).toMatchObject({
      allowed: false,
      refusals: [{ code: 'INVALID_INPUT', path: ['input', 'params', 'temperature'] }],
    });
  });

  it('says when a prompt is longer than the model takes', async () => {
    const small = { id: 'small', contextWindow: 10, price: { input: '1', output: '1' } };
    const other = await bootGateway({ config: { providers: [{ ...vendor.config, models: [small] }] } });
    const input = { ...ASK, model: 'vendor/small', source: { text: 'word '.repeat(20) } };
    const { data } = await other.ask(ESTIMATE, { input });
    expect(data.estimate).toMatchObject({
      fitsContextWindow: false,
      worstCost: { amount: '0.00011' },
      refusals: [{ code: 'CONTEXT_WINDOW_EXCEEDED' }],
    });
    await other.stop(0);
  });

  it('takes its bounded time on text that tokenizers dislike', async () => {
    const text = 'a'.repeat(900_000);
    expect((await estimate({ model: 'demo/echo', source: { text } })).inputTokens).toBeGreaterThan(50_000);
  });
});

describe('tokenEstimate', () => {
  const QUERY = `query ($input: CompletionInput!) {
    tokenEstimate(input: $input) { inputTokens exact cost { amount } fitsContextWindow }
  }`;

  it('counts a prompt', async () => {
    const { data } = await gateway().ask(QUERY, {
      input: { model: 'demo/echo', source: { text: 'Hello there' } },
    });
    expect(data.tokenEstimate).toEqual({
      inputTokens: 2,
      exact: true,
      cost: { amount: '0' },
      fitsContextWindow: true,
    });
    const other = await gateway().ask(QUERY, { input: ASK });
    expect(other.data.tokenEstimate).toMatchObject({ inputTokens: 1, exact: false });
  });

  it('refuses bad input with its path', async () => {
    const { errors } = await gateway().ask(QUERY, { input: { ...ASK, tags: [{ key: '', value: '' }] } });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
  });
});
