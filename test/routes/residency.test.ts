import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../access/support/keys.ts';
import { begun, errorOf, overWs, SILENT } from '../access/support/streams.ts';
import { useBudgets } from '../budgets/support.ts';
import { say } from '../completion/support/completions.ts';
import { answersAfter } from '../completion/support/courses.ts';
import { useRegions } from './support-regions.ts';

const {
  gateway,
  berlin,
  ohio,
  silent,
  ask,
  route,
  makeCaller,
  makeTeam,
  setOfKey,
  setOfTeam,
  setOfOrganisation,
} = await useRegions();
const { budgetOf } = useBudgets(gateway);

beforeAll(async () => {
  await route('american-first', ['ohio/model', 'berlin/model']);
  await route('over-one-more', ['american-first']);
  await route('european-first', ['berlin/model', 'ohio/model']);
});

/** Says that requests stay in the European Union, and makes a key of which that holds. */
const RULES: [string, () => Promise<MadeKey>][] = [
  ['a key', () => makeCaller({ regions: ['eu'] })],
  [
    'a team',
    async () => {
      const teamId = await makeTeam('European');
      expect(await setOfTeam(teamId, ['eu'])).toEqual([]);
      return makeCaller({ teamId });
    },
  ],
  [
    'an organisation',
    async () => {
      expect(await setOfOrganisation(['eu'])).toEqual([]);
      return makeCaller();
    },
  ],
];

describe.each(RULES)('a rule of residency on %s', (_, restricted) => {
  let key: MadeKey;
  beforeEach(async () => {
    key = await restricted();
  });
  afterEach(() => {
    if (ohio.calls > 0) throw new Error('a request has left the European Union');
  });

  it('refuses a model elsewhere, and says where it is and where requests may go', async () => {
    expect(await ask('ohio/model', key)).toBe('FORBIDDEN: ohio/model is in us; allowed: eu');
    expect(await ask('demo/echo', key)).toBe('FORBIDDEN: demo/echo has no region; allowed: eu');
    expect(await ask('berlin/model', key)).toBe('berlin');
  });

  it('leaves out targets elsewhere, also of a route in a route', async () => {
    expect(await ask('american-first', key)).toBe('berlin');
    expect(await ask('over-one-more', key)).toBe('berlin');
    const { data } = await gateway().ask(
      'query ($input: CompletionInput!) { explainRoute(input: $input) { candidates { name skippedBecause } } }',
      { input: say('over-one-more') },
      { key: key.secret },
    );
    expect(data.explainRoute.candidates).toEqual([
      { name: 'berlin/model', skippedBecause: null },
      { name: 'ohio/model', skippedBecause: 'ohio/model is in us; allowed: eu' },
    ]);
  });

  it('holds when the first target fails', async () => {
    berlin.refusal = 500;
    expect(await ask('european-first', key)).toMatch(/^PROVIDER_ERROR/);
  });

  it('holds for the model that is asked beside a slow one', async () => {
    await route('hedged', ['berlin/model', 'ohio/model', 'paris/model'], { hedgePercentile: 50 });
    answersAfter(gateway(), 'berlin/model', 30);
    silent.add(berlin);
    expect(await ask('hedged', key)).toBe('paris');
  });

  it('holds for the cheaper model of a budget that was set before', async () => {
    await setOfOrganisation([]);
    await budgetOf({
      scope: 'MODEL',
      subjectId: 'paris/model',
      limit: '0.00001',
      onExceed: 'FALLBACK_TO_CHEAPER',
      fallbackModel: 'ohio/model',
    });
    key = await restricted();
    expect(await ask('paris/model', key)).toMatch(/^BUDGET_EXCEEDED/);
  });

  it('is in an estimate, and in what a model tells of its access', async () => {
    const { data } = await gateway().ask(
      `query ($input: CompletionInput!) {
        estimate(input: $input) { allowed refusals { code message } }
        model(name: "ohio/model") { access { allowed via } }
        models(filter: { callable: true, provider: { in: ["berlin", "ohio"] } }) { nodes { name } }
      }`,
      { input: say('ohio/model') },
      { key: key.secret },
    );
    const message = 'ohio/model is in us; allowed: eu';
    expect(data).toEqual({
      estimate: { allowed: false, refusals: [{ code: 'FORBIDDEN', message }] },
      model: { access: { allowed: false, via: `where requests may go: ${message}` } },
      models: { nodes: [{ name: 'berlin/model' }] },
    });
  });
});

it('several rules together allow what all of them do', async () => {
  const teamId = await makeTeam('Both');
  const key = await makeCaller({ teamId, regions: ['us', 'eu'] });
  expect(await ask('ohio/model', key)).toBe('ohio');
  expect(await setOfTeam(teamId, ['us'])).toEqual([]);
  expect(await ask('berlin/model', key)).toBe('FORBIDDEN: berlin/model is in eu; allowed: us');
  expect(await ask('ohio/model', key)).toBe('ohio');
  expect(await setOfTeam(teamId, [])).toEqual([]);
  expect(await setOfKey(key.id, ['eu'])).toEqual([]);
  expect(await ask('ohio/model', key)).toBe('FORBIDDEN: ohio/model is in us; allowed: eu');
});

it('a change holds for the next request', async () => {
  const teamId = await makeTeam('Moving');
  const key = await makeCaller({ teamId });
  const setters = [
    (regions: string[]) => setOfKey(key.id, regions),
    (regions: string[]) => setOfTeam(teamId, regions),
    (regions: string[]) => setOfOrganisation(regions),
  ];
  for (const set of setters) {
    expect(await set(['eu'])).toEqual([]);
    expect(await ask('ohio/model', key)).toMatch(/^FORBIDDEN/);
    expect(await set([])).toEqual([]);
    expect(await ask('ohio/model', key)).toBe('ohio');
  }
});

it('an answer that was kept before the rule is not given again', async () => {
  const key = await makeCaller();
  const complete = () =>
    gateway().ask(
      'query ($input: CompletionInput!) { complete(input: $input, cache: {}) { completion { text } errors { code } } }',
      { input: say('ohio/model') },
      { key: key.secret },
    );
  // News of the rules before may still let go of what was kept: it is kept once an answer takes no call.
  const countCalls = async () => {
    const before = ohio.calls;
    expect((await complete()).data.complete.completion.text).toBe('ohio');
    return ohio.calls - before;
  };
  await expect.poll(countCalls).toBe(0);
  expect(await setOfOrganisation(['eu'])).toEqual([]);
  expect((await complete()).data.complete).toEqual({ completion: null, errors: [{ code: 'FORBIDDEN' }] });
});

it('a silent stream ends when a rule takes a region away', async () => {
  const { secret, id } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
  const { ended } = await overWs(gateway().url, secret, SILENT['usage ticks']);
  await begun();
  expect(await setOfKey(id, ['eu'])).toEqual([]);
  expect(await ended).toMatchObject(errorOf('FORBIDDEN', /what you may do has changed/));
});
