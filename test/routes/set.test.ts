import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { applyRoutes, deleteRoute, setRoute, versionOf } from './support.ts';

const gateway = useGateway();

describe('a route', () => {
  it('is what was set, with the defaults of what was not said', async () => {
    const targets = [
      { model: 'demo/assistant', condition: 'tags.tier == "paid"', timeoutMs: 20_000, firstTokenMs: 500 },
      { model: 'demo/echo', weight: 0, retries: 3 },
    ];
    const { route } = await setRoute(gateway(), { name: 'first', targets, hedgePercentile: 95 });
    const { data } = await gateway().ask(`{ route(name: "first") {
      id name version strategy stickyBy onCut fallbackOn repairs hedgePercentile access { allowed via }
      targets { name model { name displayName } route { name } weight condition connectMs firstTokenMs idleMs timeoutMs retries upTo }
      updatedBy { __typename } createdAt updatedAt
    } }`);
    const plain = { connectMs: null, idleMs: null, upTo: null, route: null };
    expect(data.route).toEqual({
      id: route?.id,
      name: 'first',
      version: 1,
      strategy: 'PRIORITY',
      stickyBy: 'END_USER',
      onCut: 'FAIL',
      fallbackOn: ['ERROR', 'TIMEOUT', 'RATE_LIMITED', 'CONTEXT_OVERFLOW'],
      repairs: 0,
      hedgePercentile: 95,
      access: { allowed: true, via: 'the key may use every model' },
      targets: [
        {
          ...plain,
          name: 'demo/assistant',
          model: { name: 'demo/assistant', displayName: expect.any(String) },
          weight: 1,
          condition: 'tags.tier == "paid"',
          firstTokenMs: 500,
          timeoutMs: 20_000,
          retries: 1,
        },
        {
          ...plain,
          name: 'demo/echo',
          model: { name: 'demo/echo', displayName: expect.any(String) },
          weight: 0,
          condition: null,
          firstTokenMs: null,
          timeoutMs: null,
          retries: 3,
        },
      ],
      updatedBy: { __typename: 'ApiKey' },
      createdAt: data.route.updatedAt,
      updatedAt: expect.any(String),
    });
  });

  it('may lead to another route', async () => {
    await setRoute(gateway(), { name: 'inner' });
    const { errors } = await setRoute(gateway(), { name: 'outer', targets: [{ model: 'inner' }] });
    expect(errors).toEqual([]);
    const { data } = await gateway().ask(
      '{ route(name: "outer") { targets { model { name } route { name } } } }',
    );
    expect(data.route.targets).toEqual([{ model: null, route: { name: 'inner' } }]);
  });

  it('is a name of the first model that it leads to', async () => {
    await setRoute(gateway(), { name: 'leaf', targets: [{ model: 'demo/slow', condition: 'hour < 0' }] });
    await setRoute(gateway(), { name: 'alias', targets: [{ model: 'leaf' }, { model: 'demo/echo' }] });
    const modelBehind = async (name: string) =>
      (await gateway().ask('query ($name: String!) { model(name: $name) { name } }', { name })).data.model;
    expect(await modelBehind('alias')).toEqual({ name: 'demo/slow' });
    await setRoute(gateway(), { name: 'leaf', targets: [{ model: 'demo/assistant' }] });
    expect(await modelBehind('alias')).toEqual({ name: 'demo/assistant' });
    expect(await modelBehind('no-alias')).toBeNull();
    await setRoute(gateway(), { name: 'no-alias' });
    expect(await modelBehind('no-alias')).toEqual({ name: 'demo/echo' });
  });

  it('stands in the list, by its name', async () => {
    for (const name of ['zebra', 'apple']) await setRoute(gateway(), { name });
    const { data } = await gateway().ask('{ routes { nodes { name } totalCount } }');
    const names = data.routes.nodes.map(({ name }: { name: string }) => name);
    expect(names).toEqual(names.toSorted());
    expect(names).toHaveLength(data.routes.totalCount);
    const { data: page } = await gateway().ask('{ routes(first: 1, after: "apple") { nodes { name } } }');
    expect(page.routes.nodes).toEqual([{ name: names[names.indexOf('apple') + 1] }]);
  });
});

describe('a change', () => {
  it('is a version of its own', async () => {
    const targets = [{ model: 'demo/assistant' }, { model: 'demo/echo' }];
    expect((await setRoute(gateway(), { name: 'changing' })).route?.version).toBe(1);
    expect((await setRoute(gateway(), { name: 'changing', targets })).route?.version).toBe(2);
    expect(await versionOf(gateway(), 'changing')).toBe(2);
  });

  it('that changes nothing is none', async () => {
    await setRoute(gateway(), { name: 'same', fallbackOn: ['ERROR', 'TIMEOUT'] });
    const again = await setRoute(gateway(), { name: 'same', fallbackOn: ['TIMEOUT', 'ERROR', 'ERROR'] });
    expect(again).toMatchObject({ route: { version: 1 }, errors: [] });
    const { data } = await gateway().ask('{ route(name: "same") { versions { totalCount } } }');
    expect(data.route.versions.totalCount).toBe(1);
  });

  it('is refused where the version is another than expected, and the refusal says which there is', async () => {
    const name = 'locked';
    const set = (strategy: string, expectedVersion: number) =>
      setRoute(gateway(), { name, strategy }, { expectedVersion });
    expect((await set('WEIGHTED', 3)).errors).toMatchObject([
      { code: 'CONFLICT', message: 'the route "locked" is not there; you expected version 3' },
    ]);
    expect((await set('WEIGHTED', 0)).route?.version).toBe(1);
    expect((await set('ROUND_ROBIN', 0)).errors).toMatchObject([
      { code: 'CONFLICT', message: 'the route "locked" is at version 1; you expected none' },
    ]);
    expect((await set('ROUND_ROBIN', 1)).route?.version).toBe(2);
    expect((await deleteRoute(gateway(), name, 1)).errors).toMatchObject([{ code: 'CONFLICT' }]);
  });

  it('of several that expect the same version is made by one', async () => {
    const name = 'contended';
    await setRoute(gateway(), { name });
    const strategies = ['WEIGHTED', 'ROUND_ROBIN', 'LEAST_BUSY', 'LOWEST_COST', 'LOWEST_LATENCY'];
    const answers = await Promise.all(
      strategies.map((strategy) => setRoute(gateway(), { name, strategy }, { expectedVersion: 1 })),
    );
    expect(answers.filter(({ route }) => route).length).toBe(1);
    const refused = answers.flatMap(({ errors }) => errors);
    expect(refused.map(({ message }) => message)).toEqual(
      Array(4).fill('the route "contended" is at version 2; you expected version 1'),
    );
  });

  it('leaves whoever found the version before with that one', async () => {
    const { book } = gateway().gateway.routes;
    await setRoute(gateway(), { name: 'kept' });
    const found = book.find('org_default', 'kept');
    await setRoute(gateway(), { name: 'kept', strategy: 'WEIGHTED' });
    expect(found).toMatchObject({ version: 1, strategy: 'PRIORITY' });
    expect(book.find('org_default', 'kept')).toMatchObject({ version: 2, strategy: 'WEIGHTED' });
  });

  it('is written down with what was before and after', async () => {
    const { route } = await setRoute(gateway(), { name: 'audited', note: 'a first try' });
    await setRoute(gateway(), {
      name: 'audited',
      targets: [{ model: 'demo/echo', weight: 5, timeoutMs: 9 }],
    });
    await deleteRoute(gateway(), 'audited');
    const { data } = await gateway().ask(
      `query ($id: String!) { auditEvents(filter: { target: { eq: $id } }) {
        nodes { action actor before after requestId ip }
      } }`,
      { id: route?.id },
    );
    const settings = {
      name: 'audited',
      strategy: 'PRIORITY',
      stickyBy: 'END_USER',
      onCut: 'FAIL',
      fallbackOn: ['ERROR', 'TIMEOUT', 'RATE_LIMITED', 'CONTEXT_OVERFLOW'],
      repairs: 0,
    };
    const first = { ...settings, version: 1, targets: [{ model: 'demo/echo', weight: 1, retries: 1 }] };
    const target = { model: 'demo/echo', weight: 5, retries: 1, timeoutMs: 9 };
    const second = { ...settings, version: 2, targets: [target] };
    expect(data.auditEvents.nodes).toMatchObject([
      { action: 'route.delete', before: second, after: null },
      { action: 'route.set', before: first, after: second },
      { action: 'route.set', before: null, after: { ...first, note: 'a first try' } },
    ]);
    expect(Object.keys(data.auditEvents.nodes[1].before).toSorted()).toEqual(Object.keys(first).toSorted());
  });
});

describe('several changes at once', () => {
  it('are made together, and may lead to each other', async () => {
    const { edits, errors } = await applyRoutes(gateway(), {
      routes: [
        { name: 'upper', targets: [{ model: 'lower' }] },
        { name: 'lower', strategy: 'WEIGHTED' },
      ],
    });
    expect(errors).toEqual([]);
    expect(edits).toMatchObject([
      { name: 'upper', action: 'CREATED', version: 0 },
      { name: 'lower', action: 'CREATED', version: 0 },
    ]);
    const changed = await applyRoutes(gateway(), {
      routes: [{ name: 'upper' }, { name: 'upper-2', targets: [{ model: 'upper' }] }],
      delete: ['lower'],
    });
    expect(changed.edits?.map(({ action }) => action)).toEqual(['CHANGED', 'CREATED', 'DELETED']);
    expect(await versionOf(gateway(), 'lower')).toBeUndefined();
  });

  it('are not made where one of them is wrong', async () => {
    const { edits, errors } = await applyRoutes(gateway(), {
      routes: [{ name: 'right' }, { name: 'wrong', repairs: -1 }],
    });
    expect(edits).toBeNull();
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'routes', '1', 'repairs'] }]);
    expect(await versionOf(gateway(), 'right')).toBeUndefined();
  });

  it('are told and not made in a dry run', async () => {
    await setRoute(gateway(), {
      name: 'dry',
      targets: [{ model: 'demo/echo' }, { model: 'demo/assistant' }],
    });
    const routes = [
      {
        name: 'dry',
        strategy: 'WEIGHTED',
        targets: [{ model: 'demo/slow' }, { model: 'demo/echo', weight: 3, condition: 'hour < 12' }],
      },
    ];
    const expected = {
      edits: [
        {
          name: 'dry',
          action: 'CHANGED',
          version: 1,
          changes: [
            { kind: 'SETTING_CHANGED', path: ['strategy'], before: 'PRIORITY', after: 'WEIGHTED' },
            {
              kind: 'TARGET_REMOVED',
              path: ['targets', '1'],
              before: { model: 'demo/assistant', weight: 1, retries: 1 },
              after: null,
            },
            {
              kind: 'TARGET_ADDED',
              path: ['targets', '0'],
              before: null,
              after: { model: 'demo/slow', weight: 1, retries: 1 },
            },
            { kind: 'TARGET_CHANGED', path: ['targets', '1', 'weight'], before: 1, after: 3 },
            { kind: 'TARGET_CHANGED', path: ['targets', '1', 'condition'], before: null, after: 'hour < 12' },
          ],
        },
      ],
      errors: [],
    };
    expect(await applyRoutes(gateway(), { routes, dryRun: true })).toEqual(expected);
    expect(await versionOf(gateway(), 'dry')).toBe(1);
    const expectation = [{ name: 'dry', version: 1 }];
    expect(await applyRoutes(gateway(), { routes, expect: expectation })).toEqual(expected);
    expect((await applyRoutes(gateway(), { routes: [], expect: expectation })).errors).toMatchObject([
      { code: 'CONFLICT', message: 'the route "dry" is at version 2; you expected version 1' },
    ]);
  });

  it('do not say two things of one route', async () => {
    const { errors } = await applyRoutes(gateway(), { routes: [{ name: 'twice' }, { name: 'twice' }] });
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'routes', '1', 'name'] }]);
  });
});
