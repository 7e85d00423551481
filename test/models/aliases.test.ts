import { afterAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { addOrganisation, HASHING_SECRET } from '../access/support/organisation.ts';
import { say } from '../completion/support/completions.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import { deleteAlias, inDays, setAlias, setLifecycle } from './support.ts';

const vendor = await startVendor('vendor');
afterAll(() => vendor.close());
const gateway = useGateway({
  variables: { SLUICE_SECRET: HASHING_SECRET },
  config: {
    providers: [vendor.config],
    models: { aliases: { 'demo/newest': 'demo/echo' }, lifecycles: {}, warnDays: [30] },
  },
});

let names = 0;
async function aliasOf(model: string): Promise<string> {
  const alias = `demo/alias-${(names += 1)}`;
  expect((await setAlias(gateway(), alias, model)).errors).toEqual([]);
  return alias;
}

async function ask(model: string, key?: string) {
  const { data } = await gateway().ask(
    `mutation ($input: CompletionInput!) {
      completionCreate(input: $input) {
        completion { text requestedModel model { name } warnings cost { amount } } errors { code message }
      }
    }`,
    { input: say(model, 'hi') },
    key === undefined ? {} : { key },
  );
  return data.completionCreate;
}

const answeredBy = async (model: string) => (await ask(model)).completion?.model.name;

describe('an alias of a model', () => {
  it('is the model that it leads to, and the completion keeps both names', async () => {
    const alias = await aliasOf('demo/echo');
    expect(await ask(alias)).toEqual({
      completion: {
        text: 'hi',
        requestedModel: alias,
        model: { name: 'demo/echo' },
        warnings: [],
        cost: expect.anything(),
      },
      errors: [],
    });
  });

  it('leads to another model for what begins after it was changed', async () => {
    const alias = await aliasOf('vendor/a');
    const running = ask(alias);
    const call = await vendor.nextCall();
    await setAlias(gateway(), alias, 'demo/echo');
    expect(await answeredBy(alias)).toBe('demo/echo');
    call.say('late');
    call.finish();
    expect((await running).completion).toMatchObject({ text: 'late', model: { name: 'vendor/a' } });
  });

  it('may stand in the configuration, and what an organisation says goes before it', async () => {
    expect(await answeredBy('demo/newest')).toBe('demo/echo');
    await setAlias(gateway(), 'demo/newest', 'demo/assistant');
    expect(await answeredBy('demo/newest')).toBe('demo/assistant');
    expect(await deleteAlias(gateway(), 'demo/newest')).toEqual({ deletedId: 'demo/newest', errors: [] });
    expect(await answeredBy('demo/newest')).toBe('demo/echo');
    expect((await deleteAlias(gateway(), 'demo/newest')).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it('is listed, found by its name, and told by its model', async () => {
    const alias = await aliasOf('demo/slow');
    const { data } = await gateway().ask(
      `query ($alias: String!) {
        modelAliases { nodes { alias model { name } isOwn } }
        model(name: $alias) { name aliases }
      }`,
      { alias },
    );
    expect(data.modelAliases.nodes).toContainEqual({ alias, model: { name: 'demo/slow' }, isOwn: true });
    expect(data.modelAliases.nodes).toContainEqual({
      alias: 'demo/newest',
      model: { name: 'demo/echo' },
      isOwn: false,
    });
    expect(data.model).toEqual({ name: 'demo/slow', aliases: [alias] });
  });

  it('is nothing to another organisation', async () => {
    const alias = await aliasOf('demo/echo');
    const other = await addOrganisation(gateway(), 'Elsewhere');
    expect((await ask(alias, other.admin.secret)).errors).toMatchObject([{ code: 'MODEL_UNAVAILABLE' }]);
  });

  it('is in the audit with what it was before', async () => {
    const alias = await aliasOf('demo/echo');
    await setAlias(gateway(), alias, 'demo/slow');
    await setAlias(gateway(), alias, 'demo/slow');
    const { data } = await gateway().ask(
      `query ($target: String!) { auditEvents(filter: { target: { eq: $target } }) { nodes { action before after } } }`,
      { target: alias },
    );
    expect(data.auditEvents.nodes).toEqual([
      { action: 'model.alias.set', before: { model: 'demo/echo' }, after: { model: 'demo/slow' } },
      { action: 'model.alias.set', before: null, after: { model: 'demo/echo' } },
    ]);
  });
});

describe('the rights to an alias', () => {
  it.each([
    ['the alias alone', ['ALIAS'], false],
    ['the model alone', ['demo/echo'], false],
    ['both', ['ALIAS', 'demo/echo'], true],
    ['every model', [], true],
  ])('are those to the alias and to its model: a key may use %s', async (_, models, isAllowed) => {
    const alias = await aliasOf('demo/echo');
    const named = models.map((name) => (name === 'ALIAS' ? alias : name));
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: named });
    const { completion, errors } = await ask(alias, secret);
    expect(completion === null).toBe(!isAllowed);
    expect(errors).toMatchObject(isAllowed ? [] : [{ code: 'FORBIDDEN' }]);
    const { data } = await gateway().ask(
      'query ($input: CompletionInput!) { estimate(input: $input) { allowed } }',
      { input: say(alias, 'hi') },
      { key: secret },
    );
    expect(data.estimate.allowed).toBe(isAllowed);
  });

  it('end with a model that takes an approval', async () => {
    const alias = await aliasOf('demo/slow');
    const accessSet = (askFirst: boolean) =>
      gateway().ask(
        `mutation ($askFirst: Boolean!) {
          modelAccessSet(input: { name: "demo/slow", askFirst: $askFirst }) { errors { code } }
        }`,
        { askFirst },
      );
    await accessSet(true);
    const { errors } = await ask(alias);
    await accessSet(false);
    expect(errors).toMatchObject([
      {
        code: 'FORBIDDEN',
        message: expect.stringContaining(`"demo/slow", which "${alias}" leads to takes an approval`),
      },
    ]);
  });

  it('do not go past a budget on the model', async () => {
    const alias = await aliasOf('demo/assistant');
    const { data } = await gateway().ask(
      `mutation ($input: BudgetSetInput!) { budgetSet(input: $input) { budget { id } errors { message } } }`,
      {
        input: {
          scope: 'MODEL',
          subjectId: 'demo/assistant',
          unit: 'REQUESTS',
          limit: '1',
          window: 'DAY',
        },
      },
    );
    expect(data.budgetSet.errors).toEqual([]);
    expect((await ask(alias)).errors).toEqual([]);
    expect((await ask(alias)).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    await gateway().ask('mutation ($id: ID!) { budgetDelete(id: $id) { deletedId } }', {
      id: data.budgetSet.budget.id,
    });
  });
});

describe('an alias is refused', () => {
  it.each([
    ['a name without a slash', 'latest', 'demo/echo', 'input.alias is "latest"'],
    ['a strange name', 'demo/a b', 'demo/echo', 'input.alias is "demo/a b"'],
    ['the name of a model', 'demo/echo', 'demo/slow', 'which is a model itself'],
    ['itself', 'demo/me', 'demo/me', 'input.model is the alias itself'],
    [
      'an unknown model',
      'demo/me',
      'demo/nothing',
      'input.model is "demo/nothing"; no configured provider has such a model',
    ],
    ['an alias', 'demo/me', 'demo/newest', 'input.model is "demo/newest", an alias'],
    ['a route', 'demo/me', 'support', 'input.model is "support"; no configured provider'],
  ])('for %s', async (_, alias, model, message) => {
    expect(await setAlias(gateway(), alias, model)).toEqual({
      alias: null,
      errors: [expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining(message) })],
    });
  });

  it('to whoever is no admin', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['ROUTES_WRITE'] });
    await expect(setAlias(gateway(), 'demo/me', 'demo/echo', { key: secret })).rejects.toThrow('FORBIDDEN');
  });

  it.each(['demo', 'vendor'])(
    'as what a route or a budget leads to, which names the model: %s',
    async (provider) => {
      const alias = `${provider}/by-alias`;
      expect((await setAlias(gateway(), alias, 'demo/echo')).errors).toEqual([]);
      const { data } = await gateway().ask(
        `mutation ($model: String!) {
        target: routeSet(input: { name: "by-alias", strategy: PRIORITY, targets: [{ model: $model }] }) {
          errors { path message }
        }
        shadow: routeSet(input: {
          name: "by-alias", strategy: PRIORITY, targets: [{ model: "demo/echo" }], shadow: { model: $model, percent: 1 }
        }) { errors { path message } }
        budget: budgetSet(input: {
          subjectId: "team_default", limit: "1", window: DAY, onExceed: FALLBACK_TO_CHEAPER, fallbackModel: $model
        }) { errors { path message } }
      }`,
        { model: alias },
      );
      const message = expect.stringContaining(`is "${alias}", an alias; name the model that it leads to`);
      expect(data.target.errors).toEqual([{ path: ['input', 'targets', '0', 'model'], message }]);
      expect(data.shadow.errors).toEqual([{ path: ['input', 'shadow', 'model'], message }]);
      expect(data.budget.errors).toMatchObject([{ path: ['input', 'fallbackModel'] }]);
    },
  );
});

it('an alias of a model that has ended leads to the one in its place', async () => {
  const alias = await aliasOf('vendor/b');
  const ended = { sunsetAt: inDays(-1), replacement: 'demo/echo', afterSunset: 'REPLACE' as const };
  expect((await setLifecycle(gateway(), 'vendor/b', ended)).errors).toEqual([]);
  const { completion } = await ask(alias);
  expect(completion).toMatchObject({
    requestedModel: alias,
    model: { name: 'demo/echo' },
    warnings: ['vendor/b has ended; demo/echo answers instead'],
  });
  await setLifecycle(gateway(), 'vendor/b');
});
