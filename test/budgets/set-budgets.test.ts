import { describe, expect, it } from 'vitest';
import { addOrganisation, HASHING_SECRET } from '../access/support/organisation.ts';
import { makeKey } from '../access/support/keys.ts';
import { useGateway } from '../support/gateway.ts';
import { complete, readBudget, trySetBudget, useBudgets } from './support.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const ASK = { model: 'demo/expensive', source: { text: 'Hi' } };
const FREE = { model: 'demo/echo', source: { text: 'Hi' } };

const { budgetOf, made } = useBudgets(gateway);

describe('everything a budget can be set on', () => {
  const tag = { key: 'feature', value: 'search' };
  it.each([
    { what: 'an organisation', input: { subjectId: 'org_default' }, scope: 'ORGANISATION' },
    { what: 'a team', input: { subjectId: 'team_default' }, scope: 'TEAM' },
    { what: 'an end user', input: { scope: 'END_USER', subjectId: 'ada' }, scope: 'END_USER' },
    { what: 'a model', input: { scope: 'MODEL', subjectId: 'demo/expensive' }, scope: 'MODEL' },
    { what: 'a provider', input: { scope: 'PROVIDER', subjectId: 'demo' }, scope: 'PROVIDER' },
    { what: 'a tag', input: { scope: 'TAG', subjectId: 'feature=search' }, scope: 'TAG' },
  ])('$what', async ({ input, scope }) => {
    const { id } = await budgetOf({ ...input, limit: '0.0001' });
    const { errors } = await complete(gateway(), { ...ASK, endUserId: 'ada', tags: [tag] });
    expect(errors).toMatchObject([{ budget: { id, scope } }]);
  });

  it('a key', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const { id } = await budgetOf({ subjectId: key.id, unit: 'REQUESTS', limit: '1', window: 'DAY' });
    expect((await complete(gateway(), FREE, { key: key.secret })).completion).not.toBeNull();
    expect((await complete(gateway(), FREE, { key: key.secret })).errors).toMatchObject([{ budget: { id } }]);
    expect((await complete(gateway(), FREE)).completion).not.toBeNull();
    const { data } = await gateway().ask(
      '{ viewer { key { id } budgets { id remaining { amount } } } }',
      {},
      { key: key.secret },
    );
    expect(data.viewer.budgets).toEqual([{ id, remaining: { amount: '0' } }]);
  });

  it.each([
    { scope: 'ROUTE', subjectId: 'fast' },
    { scope: 'PROMPT', subjectId: 'summary' },
    { scope: 'MODEL', subjectId: 'demo/none' },
    { subjectId: 'team_00000000000000000000000000' },
    { subjectId: 'org_00000000000000000000000000' },
  ])('but not what is not there: %o', async (input) => {
    const { errors } = await trySetBudget(gateway(), { ...input, limit: '1', window: 'DAY' });
    expect(errors).toMatchObject([{ code: 'NOT_FOUND', path: ['input', 'subjectId'] }]);
  });
});

describe('who may set budgets', () => {
  const set = (input: object, key: string) =>
    trySetBudget(gateway(), { limit: '1', window: 'DAY', ...input }, { key });

  it('a caller cannot raise its own, nor one that holds for it', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'BUDGETS_WRITE'] });
    for (const subjectId of [key.id, 'team_default', 'org_default']) {
      const { errors } = await set({ subjectId }, key.secret);
      expect(errors, subjectId).toMatchObject([{ code: 'FORBIDDEN', path: ['input', 'subjectId'] }]);
    }
    for (const scope of ['TAG', 'END_USER'])
      expect((await set({ scope, subjectId: 'a=b' }, key.secret)).errors).toMatchObject([
        { code: 'FORBIDDEN' },
      ]);
    const own = await budgetOf({ subjectId: key.id, window: 'DAY' });
    const { data } = await gateway().ask(
      'mutation ($id: ID!) { budgetDelete(id: $id) { deletedId errors { code } } }',
      { id: own.id },
      { key: key.secret },
    );
    expect(data.budgetDelete).toEqual({ deletedId: null, errors: [{ code: 'FORBIDDEN' }] });
  });

  it('BUDGETS_WRITE may for the other keys of its team', async () => {
    const key = await makeKey(gateway(), { scopes: ['BUDGETS_WRITE'] });
    const other = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const { budget } = await set({ subjectId: other.id }, key.secret);
    expect(budget).toMatchObject({ scope: 'KEY', subjectId: other.id });
    made.push(budget!.id);
  });

  it('another organisation neither sees nor meets it', async () => {
    const stranger = await addOrganisation(gateway(), 'Strangers');
    const { id } = await budgetOf({ scope: 'MODEL', subjectId: 'demo/echo', limit: '1', unit: 'TOKENS' });
    const { key } = { key: stranger.admin.secret };
    expect(await readBudget(gateway(), id, { key })).toBeNull();
    expect((await set({ subjectId: 'team_default' }, key)).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await complete(gateway(), FREE, { key })).completion?.status).toBe('SUCCEEDED');
    expect((await complete(gateway(), FREE)).errors).toMatchObject([{ budget: { id } }]);
  });

  it('every change is written down', async () => {
    const { id } = await budgetOf({ limit: '1' });
    await budgetOf({ limit: '2' });
    const { data } = await gateway().ask(
      '{ auditEvents(first: 2) { nodes { action before after requestId } } }',
    );
    expect(data.auditEvents.nodes).toMatchObject([
      { action: 'budget.set', before: { id, limit: '1000000000' }, after: { id, limit: '2000000000' } },
      { action: 'budget.set', before: null, after: { id } },
    ]);
  });
});

describe('bad input', () => {
  it.each([
    [{ limit: '0' }, ['input', 'limit']],
    [{ limit: '-1' }, ['input', 'limit']],
    [{ limit: '1.5', unit: 'TOKENS' }, ['input', 'limit']],
    [{ currency: 'EUR' }, ['input', 'currency']],
    [{ timeZone: 'Mars' }, ['input', 'timeZone']],
    [{ timeZone: 'IST' }, ['input', 'timeZone']],
    [{ scope: 'TAG', subjectId: 'feature' }, ['input', 'subjectId']],
    [{ window: 'MONTH', startDay: 31 }, ['input', 'startDay']],
    [{ onExceed: 'FALLBACK_TO_CHEAPER', fallbackModel: 'demo/none' }, ['input', 'fallbackModel']],
    [{ subjectId: 'ada' }, ['input', 'scope']],
    [{ thresholds: [101] }, ['input', 'thresholds']],
    [{ limit: '1000000001' }, ['input', 'limit']],
  ])('%o is refused with its path', async (input, path) => {
    const defaults = { subjectId: 'team_default', limit: '1', window: 'DAY' };
    const { budget, errors } = await trySetBudget(gateway(), { ...defaults, ...input });
    expect(budget).toBeNull();
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', path }]);
    const { data } = await gateway().ask('{ budgets { totalCount } }');
    expect(data.budgets.totalCount).toBe(0);
  });
});
