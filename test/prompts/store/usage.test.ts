import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../../access/support/keys.ts';
import { useGateway } from '../../support/gateway.ts';
import { createVersion, publish, saying } from '../support.ts';
import { act, promptIdOf } from './support.ts';

/** Never called. */
const PROVIDER = {
  name: 'berlin',
  type: 'openai-compatible',
  apiKey: 'sk-test',
  headers: {},
  settings: {},
  baseURL: 'http://127.0.0.1:9/v1',
  region: 'eu',
  models: [{ id: 'model' }],
};
const gateway = useGateway({ config: { providers: [PROVIDER] } });
const expensive = { model: 'demo/expensive' };
let caller: MadeKey;

function complete(slug: string, { key, ...prompt }: { version?: number; key?: MadeKey } = {}) {
  return act(
    gateway(),
    `mutation ($prompt: PromptRefInput!) { completionCreate(input: { source: { prompt: $prompt } }) {
      completion { id cost { amount } } errors { code message }
    } }`,
    { prompt: { slug, ...prompt }, key },
  );
}

beforeAll(async () => {
  caller = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
  for (const slug of ['used', 'other', 'idle']) await publish(gateway(), slug, saying('One', expensive));
  await createVersion(gateway(), { slug: 'used', version: saying('Two', expensive) });
  for (const prompt of [{}, {}, { version: 2 }, { key: caller }]) await complete('used', prompt);
  await complete('other');
  await gateway().ask(
    'mutation { completionCreate(input: { model: "demo/echo", source: { text: "plain" } }) { completion { id } } }',
  );
});

describe('what a prompt was used for is told', () => {
  const USE = `query ($slug: String!) { prompt(slug: $slug) { versions { nodes {
    number usage { completions lastUsedAt cost { amount } unpriced }
  } } } }`;
  async function useOf(slug: string, key?: MadeKey) {
    const { data } = await gateway().ask(USE, { slug }, key && { key: key.secret });
    return data.prompt.versions.nodes.map(({ usage }: { usage: object }) => usage);
  }

  it('by version, as far as one may see it', async () => {
    const [two, one] = await useOf('used');
    expect([two.completions, one.completions]).toEqual([1, 3]);
    expect(Number(one.cost.amount)).toBeCloseTo(3 * Number(two.cost.amount));
    expect(Date.now() - Date.parse(one.lastUsedAt)).toBeLessThan(600_000);
    const unused = { completions: 0, lastUsedAt: null, cost: { amount: '0' }, unpriced: 0 };
    expect(await useOf('idle')).toEqual([unused]);
    expect((await useOf('used', caller)).map((use: { completions: number }) => use.completions)).toEqual([
      0, 1,
    ]);
    const { data } = await gateway().ask(
      '{ prompt(slug: "used") { version { usage(since: "2100-01-01T00:00:00Z") { completions } } } }',
    );
    expect(data.prompt.version.usage.completions).toBe(0);
  });

  it('in the list of completions', async () => {
    const { data } = await gateway().ask(`{
      used: completions(filter: { prompt: "used" }) { totalCount nodes { promptVersion { number } } }
      idle: completions(filter: { prompt: "idle" }) { totalCount }
      none: completions(filter: { prompt: "none" }) { totalCount }
    }`);
    expect(data.used.totalCount).toBe(4);
    expect(data.used.nodes).toEqual([1, 2, 1, 1].map((number) => ({ promptVersion: { number } })));
    expect([data.idle.totalCount, data.none.totalCount]).toEqual([0, 0]);
  });

  it('in usage, before and after it is rolled up', async () => {
    const read = async () => {
      const { data } = await gateway().ask(`{
        by: usage(range: { from: "2020-01-01T00:00:00Z" }, groupBy: [PROMPT]) { groups { key { key value } totals { requests } } }
        of: usage(range: { from: "2020-01-01T00:00:00Z" }, filter: { prompt: { eq: "used" } }) { total { requests } }
      }`);
      return { groups: data.by.groups, of: data.of.total.requests };
    };
    const group = (value: string, requests: number) => ({
      key: [{ key: 'PROMPT', value }],
      totals: { requests },
    });
    const groups = [group('', 1), group('other', 1), group('used', 4)];
    const expected = { groups, of: 4 };
    expect(await read()).toEqual(expected);
    const { sql } = gateway().gateway.database;
    await expect
      .poll(async () => [...(await sql`SELECT DISTINCT prompt FROM usage_series ORDER BY prompt`)])
      .toEqual([{ prompt: '' }, { prompt: 'other' }, { prompt: 'used' }]);
    expect(await read()).toEqual(expected);
  });
});

describe('a prompt has', () => {
  it('a budget', async () => {
    const subjectId = await promptIdOf(gateway(), 'other');
    const set =
      'mutation ($input: BudgetSetInput!) { budgetSet(input: $input) { budget { id } errors { code } } }';
    const input = { scope: 'PROMPT', unit: 'REQUESTS', limit: '1', window: 'TOTAL' };
    const { budget } = await act(gateway(), set, { input: { ...input, subjectId } });
    expect((await complete('other')).errors).toEqual([]);
    expect((await complete('other')).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    expect((await complete('used')).errors).toEqual([]);
    expect((await act(gateway(), set, { input: { ...input, subjectId: 'prm_none' } })).errors).toEqual([
      { code: 'NOT_FOUND' },
    ]);
    await gateway().ask('mutation ($id: ID!) { budgetDelete(id: $id) { errors { code } } }', {
      id: budget.id,
    });
  });

  it('a limit', async () => {
    const subjectId = await promptIdOf(gateway(), 'other');
    const { errors } = await act(
      gateway(),
      'mutation ($input: LimitSetInput!) { limitSet(input: $input) { errors { message } } }',
      { input: { scope: 'PROMPT', subjectId, unit: 'REQUESTS_PER_MINUTE', max: 1 } },
    );
    expect(errors).toEqual([]);
    expect((await complete('other')).errors).toEqual([]);
    expect((await complete('other')).errors).toMatchObject([{ code: 'RATE_LIMITED' }]);
    expect((await complete('used')).errors).toEqual([]);
  });
});

it('goes nowhere that the organisation does not allow, whatever the prompt names', async () => {
  const stay = (regions: string[]) =>
    act(
      gateway(),
      'mutation ($regions: [String!]!) { organisationUpdate(input: { regions: $regions }) { errors { message } } }',
      { regions },
    );
  expect((await stay(['eu'])).errors).toEqual([]);
  const { completion, errors } = await complete('used');
  expect({ completion, errors }).toMatchObject({
    completion: null,
    errors: [{ code: 'FORBIDDEN', message: expect.stringContaining('allowed: eu') }],
  });
  await stay([]);
});
