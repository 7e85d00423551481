import { beforeEach, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { complete, readBudget, trySetBudget, useBudgets } from '../budgets/support.ts';
import { ADMIN_KEY, useGateway, type Answer } from '../support/gateway.ts';
import { deleteRoute, setRoute } from './support.ts';

const gateway = useGateway();
const { budgetOf } = useBudgets(gateway);

const DEAR = 'demo/expensive';
const CHEAP = 'demo/echo';
const askFor = (model: string) => ({ model, source: { text: 'Hi' }, params: { maxOutputTokens: 100 } });

beforeEach(async () => {
  await setRoute(gateway(), { name: 'best', targets: [{ model: DEAR }, { model: CHEAP }] });
  await setRoute(gateway(), { name: 'cheaper', targets: [{ model: CHEAP }] });
});

describe('a route whose first model has nothing left', () => {
  it('of its budget is answered by the next one', async () => {
    await budgetOf({ scope: 'MODEL', subjectId: DEAR, limit: '0.0001' });
    expect((await complete(gateway(), askFor(DEAR))).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    const { completion, errors } = await complete(gateway(), askFor('best'));
    expect({ completion, errors }).toMatchObject({
      errors: [],
      completion: { status: 'SUCCEEDED', requestedModel: 'best', model: { name: CHEAP } },
    });
    const { data } = await gateway().ask(
      'query ($id: ID!) { completion(id: $id) { route { chosen { name } candidates { name skippedBecause } } } }',
      { id: completion!.id },
    );
    expect(data.completion.route).toEqual({
      chosen: { name: CHEAP },
      candidates: [
        { name: CHEAP, skippedBecause: null },
        { name: DEAR, skippedBecause: expect.stringContaining('budget') },
      ],
    });
  });

  it('of a limit on it is answered by the next one, and nobody is told to come later', async () => {
    const { data } = await gateway().ask(`mutation {
      limitSet(input: { scope: MODEL, subjectId: "${DEAR}", unit: REQUESTS_PER_MINUTE, max: 1 }) { limit { id } errors { code } }
    }`);
    expect(data.limitSet.errors).toEqual([]);
    const answered = [];
    for (let request = 0; request < 2; request += 1) {
      const response = await fetch(gateway().url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
        body: JSON.stringify({
          query: `mutation { completionCreate(input: { model: "best", source: { text: "Hi" } }) { completion { model { name } } errors { code } } }`,
        }),
      });
      expect(response.headers.get('retry-after')).toBeNull();
      answered.push(((await response.json()) as Answer).data.completionCreate.completion.model.name);
    }
    expect(answered).toEqual([DEAR, CHEAP]);
    await gateway().ask('mutation ($id: ID!) { limitDelete(id: $id) { errors { code } } }', {
      id: data.limitSet.limit.id,
    });
  });

  it('is estimated by the one that would answer', async () => {
    await budgetOf({ scope: 'MODEL', subjectId: DEAR, limit: '0.0001' });
    const estimateOf = async (model: string) => {
      const { data } = await gateway().ask(
        'query ($input: CompletionInput!) { estimate(input: $input) { model { name } refusals { code } } }',
        { input: askFor(model) },
      );
      return data.estimate;
    };
    expect(await estimateOf('best')).toEqual({ model: { name: CHEAP }, refusals: [] });
    expect(await estimateOf(DEAR)).toMatchObject({ refusals: [{ code: 'BUDGET_EXCEEDED' }] });
  });

  it('is refused where the reason for it is none to fall back', async () => {
    await setRoute(gateway(), {
      name: 'best',
      targets: [{ model: DEAR }, { model: CHEAP }],
      fallbackOn: ['ERROR'],
    });
    await budgetOf({ scope: 'MODEL', subjectId: DEAR, limit: '0.0001' });
    expect((await complete(gateway(), askFor('best'))).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
  });

  it('is refused where it is whoever asks that has nothing left', async () => {
    await budgetOf({ limit: '0.0000001' });
    expect((await complete(gateway(), askFor('best'))).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
  });
});

describe('a budget that names a route for when it is used up', () => {
  const toRoute = { onExceed: 'FALLBACK_TO_CHEAPER', fallbackModel: 'cheaper' };

  it.each([DEAR, 'best'])('leads a request for %s there, which is told', async (model) => {
    await budgetOf({ limit: '0.0001', ...toRoute });
    const { completion, errors } = await complete(gateway(), askFor(model));
    expect({ completion, errors }).toMatchObject({
      errors: [],
      completion: {
        status: 'SUCCEEDED',
        requestedModel: model,
        model: { name: CHEAP },
        warnings: [expect.stringContaining('the route cheaper answers instead')],
      },
    });
    const { data } = await gateway().ask(
      'query ($id: ID!) { completion(id: $id) { route { name candidates { path } } } }',
      { id: completion!.id },
    );
    expect(data.completion.route).toEqual({ name: 'cheaper', candidates: [{ path: ['cheaper'] }] });
  });

  it('leads there once, and counts the request once as one that does not fit', async () => {
    const { id } = await budgetOf({ limit: '0.0001', ...toRoute });
    await setRoute(gateway(), { name: 'cheaper', targets: [{ model: DEAR }] });
    expect((await complete(gateway(), askFor(DEAR))).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    expect((await readBudget(gateway(), id)).exceeded).toBe(1);
  });

  it('leads nobody there who may not ask for it', async () => {
    await budgetOf({ limit: '0.0001', ...toRoute });
    const { secret: key } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: [DEAR] });
    expect((await complete(gateway(), askFor(DEAR), { key })).errors).toMatchObject([
      { code: 'BUDGET_EXCEEDED' },
    ]);
  });

  it.each([DEAR, 'best'])('refuses a request for %s where that route has nothing for it', async (model) => {
    await budgetOf({ limit: '0.0001', ...toRoute });
    const target = { model: CHEAP, condition: 'team == "another"' };
    await setRoute(gateway(), { name: 'cheaper', targets: [target] });
    expect((await complete(gateway(), askFor(model))).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
  });

  it('keeps that route from being deleted', async () => {
    const { id } = await budgetOf({ limit: '0.0001', ...toRoute });
    expect((await deleteRoute(gateway(), 'cheaper')).errors).toEqual([
      {
        code: 'CONFLICT',
        path: null,
        message: `the route "cheaper" is the fallbackModel of the budget ${id}; change that first`,
      },
    ]);
    await gateway().ask('mutation ($id: ID!) { budgetDelete(id: $id) { errors { code } } }', { id });
    expect((await deleteRoute(gateway(), 'cheaper')).errors).toEqual([]);
  });

  it('is refused where there is no such route, and where it is on that route', async () => {
    const setting = { subjectId: 'cheaper', scope: 'ROUTE', limit: '1', window: 'DAY' };
    const refused = async (more: object) =>
      (await trySetBudget(gateway(), { ...setting, ...toRoute, ...more })).errors;
    const path = ['input', 'fallbackModel'];
    expect(await refused({ fallbackModel: 'nowhere' })).toMatchObject([
      { code: 'INVALID_INPUT', path, message: expect.stringContaining('there is no such route') },
    ]);
    expect(await refused({})).toMatchObject([
      { path, message: expect.stringContaining('is the route that the budget is on') },
    ]);
  });
});
