import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { create, say } from '../completion/support/completions.ts';
import { setRoute, versionOf } from '../routes/support.ts';
import { useGateway } from '../support/gateway.ts';
import { setAlias } from './support.ts';

const gateway = useGateway({
  config: { models: { aliases: { 'demo/fixed': 'demo/slow' }, lifecycles: {}, warnDays: [30] } },
});

const REPLACE = `mutation ($input: ModelReplaceInput!) {
  modelReplace(input: $input) {
    replacement {
      from { name } to { name } applied aliases warnings
      routes { name action version changes { path before after } }
      budgets { name fallbackModel }
      keys { name }
      callers { key { id } team { id } requests direct lastAt }
      limits { subjectId max }
      operations { name }
      prices { unit before { amount } after { amount } }
    }
    errors { code message path }
  }
}`;

async function replace(input: object, key?: string) {
  const { data, errors } = await gateway().ask(REPLACE, { input }, key === undefined ? {} : { key });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.modelReplace;
}

const FROM = 'demo/slow';
const TO = 'demo/expensive';
let caller: { id: string; secret: string };

beforeAll(async () => {
  await setRoute(gateway(), { name: 'both', targets: [{ model: FROM }, { model: TO }] });
  await setRoute(gateway(), { name: 'one', targets: [{ model: 'demo/echo' }, { model: FROM, weight: 3 }] });
  await setRoute(gateway(), { name: 'none', targets: [{ model: 'demo/echo' }] });
  await setAlias(gateway(), 'demo/usual', FROM);
  caller = await makeKey(gateway(), { name: 'of one', scopes: ['COMPLETIONS_WRITE'], models: [FROM, 'one'] });
  const { errors } = await gateway().ask(
    `mutation ($text: String!, $model: String!, $id: ID!) {
      budgetSet(input: {
        name: "cheap", subjectId: "team_default", limit: "1000", window: DAY, onExceed: FALLBACK_TO_CHEAPER,
        fallbackModel: $model
      }) { errors { message } }
      limitSet(input: { scope: MODEL, subjectId: $id, unit: CONCURRENT, max: 900 }) { errors { message } }
      operationRegister(input: { text: $text, name: "asks", policy: { models: [$model] } }) { errors { message } }
    }`,
    { text: 'query Asks { viewer { scopes } }', model: FROM, id: FROM },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  await create(gateway(), say(FROM, 'hi'), { key: caller.secret });
  await create(gateway(), say('demo/usual', 'hi'));
});

const plan = (isDone: boolean) => ({
  from: { name: FROM },
  to: { name: TO },
  applied: isDone,
  aliases: ['demo/usual'],
  warnings: ['the alias demo/fixed of the configuration leads to demo/slow'],
  routes: [
    {
      name: 'both',
      action: 'CHANGED',
      version: 1,
      changes: expect.arrayContaining([expect.objectContaining({ path: ['targets', '0'] })]),
    },
    { name: 'one', action: 'CHANGED', version: 1, changes: expect.any(Array) },
  ],
  budgets: [{ name: 'cheap', fallbackModel: TO }],
  keys: [{ name: 'of one' }],
  callers: [
    {
      key: { id: expect.stringMatching(/^key_/) },
      team: { id: 'team_default' },
      requests: 1,
      direct: expect.any(Number),
      lastAt: expect.any(String),
    },
    expect.objectContaining({ requests: 1 }),
  ],
  limits: [{ subjectId: FROM, max: 900 }],
  operations: [{ name: 'asks' }],
  prices: expect.arrayContaining([
    { unit: 'MTOK_INPUT', before: expect.anything(), after: expect.anything() },
  ]),
});

describe('putting a model into the place of another', () => {
  it('is planned first: who names it and who calls it is told, and nothing is changed', async () => {
    const { replacement, errors } = await replace({ from: FROM, to: TO });
    expect(errors).toEqual([]);
    expect(replacement).toEqual(plan(false));
    expect(await versionOf(gateway(), 'one')).toBe(1);
    const direct = replacement.callers.find((each: { key: { id: string } }) => each.key.id === caller.id);
    expect(direct).toMatchObject({ requests: 1, direct: 1 });
    const byAlias = replacement.callers.find((each: { key: { id: string } }) => each.key.id !== caller.id);
    expect(byAlias).toMatchObject({ requests: 1, direct: 0 });
  });

  it('is refused with another version of a route than expected, and then changes nothing', async () => {
    const expecting = { from: FROM, to: TO, dryRun: false, expect: [{ name: 'one', version: 7 }] };
    expect((await replace(expecting)).errors).toMatchObject([{ code: 'CONFLICT' }]);
    const { replacement } = await replace({ from: FROM, to: TO });
    expect(replacement).toEqual(plan(false));
  });

  it('changes all that names it at once, with the audit', async () => {
    const done = { from: FROM, to: TO, dryRun: false, expect: [{ name: 'one', version: 1 }] };
    const { replacement, errors } = await replace(done);
    expect(errors).toEqual([]);
    expect(replacement).toEqual(plan(true));
    const { data } = await gateway().ask(`{
      route(name: "one") { version targets { name weight } versions { nodes { note } } }
      both: route(name: "both") { targets { name } }
      model(name: "demo/usual") { name }
      auditEvents(first: 5) { nodes { action } }
    }`);
    expect(data).toMatchObject({
      route: {
        version: 2,
        targets: [
          { name: 'demo/echo', weight: 1 },
          { name: TO, weight: 3 },
        ],
        versions: { nodes: [{ note: `${TO} instead of ${FROM}` }, { note: null }] },
      },
      both: { targets: [{ name: TO }] },
      model: { name: TO },
    });
    expect(data.auditEvents.nodes.map(({ action }: { action: string }) => action).toSorted()).toEqual([
      'budget.set',
      'key.update',
      'model.alias.set',
      'route.set',
      'route.set',
    ]);
    expect((await create(gateway(), say(TO, 'hi'), { key: caller.secret })).errors).toEqual([]);
  });

  it('leaves those who name it themselves, and the configuration', async () => {
    const { replacement } = await replace({ from: FROM, to: TO, dryRun: false });
    expect(replacement).toMatchObject({
      routes: [],
      aliases: [],
      budgets: [],
      keys: [],
      warnings: ['the alias demo/fixed of the configuration leads to demo/slow'],
    });
    expect(replacement.callers).toHaveLength(2);
  });

  it.each([
    ['a route', 'one', TO, 'input.from is "one", no name of a model'],
    ['an alias', 'demo/usual', 'demo/echo', 'input.from is "demo/usual", an alias'],
    ['itself', TO, TO, `input.to is "${TO}", the model that it is to replace`],
    [
      'a model that is not there',
      FROM,
      'demo/nothing',
      'input.to is "demo/nothing"; no configured provider has such a model',
    ],
    ['an alias in its place', FROM, 'demo/usual', 'input.to is "demo/usual", an alias'],
  ])('is refused for %s', async (_, from, to, message) => {
    const { replacement, errors } = await replace({ from, to });
    expect(replacement).toBeNull();
    expect(errors).toContainEqual(
      expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining(message) }),
    );
  });

  it('is for admins', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['ROUTES_WRITE'] });
    await expect(replace({ from: FROM, to: TO }, secret)).rejects.toThrow('FORBIDDEN');
  });
});
