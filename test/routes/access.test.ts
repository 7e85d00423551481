import { beforeAll, describe, expect, it } from 'vitest';
import { grant, request } from '../access-requests/support.ts';
import { makeKey } from '../access/support/keys.ts';
import { trySetBudget } from '../budgets/support.ts';
import { useGateway } from '../support/gateway.ts';
import { deleteRoute, setRoute } from './support.ts';

const gateway = useGateway();
const ids: Record<string, string> = {};

beforeAll(async () => {
  for (const name of ['fast', 'dear', 'asked'])
    ids[name] = (await setRoute(gateway(), { name })).route?.id ?? '';
});

const accessTo = async (name: string, key?: string) => {
  const query = 'query ($name: String!) { route(name: $name) { access { allowed via } } }';
  return (await gateway().ask(query, { name }, key === undefined ? {} : { key })).data.route.access;
};

const setAskFirst = async (name: string, askFirst: boolean) => {
  const { data } = await gateway().ask(
    `mutation ($input: ModelAccessSetInput!) {
      modelAccessSet(input: $input) { model { name } route { name access { allowed } } errors { code message } }
    }`,
    { input: { name, askFirst } },
  );
  return data.modelAccessSet;
};

describe('who sets routes', () => {
  it('has ROUTES_WRITE', async () => {
    const writer = await makeKey(gateway(), { scopes: ['ROUTES_WRITE'] });
    expect((await setRoute(gateway(), { name: 'mine' }, { key: writer.secret })).errors).toEqual([]);
    const other = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'OPERATIONS_WRITE'] });
    await expect(setRoute(gateway(), { name: 'mine' }, { key: other.secret })).rejects.toThrow(
      /ROUTES_WRITE/,
    );
  });

  it('sees how they came to be; everybody else sees them as they are', async () => {
    const { secret: key } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const { data } = await gateway().ask('{ route(name: "fast") { targets { name } } }', {}, { key });
    expect(data.route.targets).toEqual([{ name: 'demo/echo' }]);
    for (const query of [
      '{ route(name: "fast") { versions { totalCount } } }',
      '{ routeDiff(name: "fast", from: 1, to: 1) { path } }',
    ])
      expect((await gateway().ask(query, {}, { key })).errors).toMatchObject([
        { message: expect.stringContaining('ROUTES_WRITE'), extensions: { code: 'FORBIDDEN' } },
      ]);
  });
});

describe('who uses a route', () => {
  it('has a list of models that names it, or none', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['fast'] });
    expect(await accessTo('fast', secret)).toEqual({ allowed: true, via: 'the list of models of the key' });
    expect(await accessTo('dear', secret)).toEqual({ allowed: false, via: 'the list of models of the key' });
  });

  it('asks for it by its kind where the list does not', async () => {
    const { secret: key } = await makeKey(gateway(), {
      scopes: ['COMPLETIONS_WRITE'],
      models: ['demo/echo'],
    });
    const { data } = await gateway().ask(
      'mutation { completionCreate(input: { model: "dear", source: { text: "hi" } }) { errors { code message } } }',
      {},
      { key },
    );
    expect(data.completionCreate.errors).toMatchObject([
      { code: 'FORBIDDEN', message: expect.stringContaining('kind: ROUTE, targetId: "dear"') },
    ]);
  });

  it.each([
    ['name', () => 'dear'],
    ['id', () => ids['dear'] ?? ''],
  ])('may ask for it by its %s', async (_, target) => {
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] });
    const { accessRequest } = await request(gateway(), secret, { kind: 'ROUTE', targetId: target() });
    expect(accessRequest).toMatchObject({ kind: 'ROUTE', targetId: 'dear', target: { id: ids['dear'] } });
  });

  it('uses it once it is granted, and asks for nothing that it has', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] });
    expect(await accessTo('dear', secret)).toMatchObject({ allowed: false });
    await grant(gateway(), secret, { kind: 'ROUTE', targetId: 'dear' });
    expect(await accessTo('dear', secret)).toEqual({ allowed: true, via: 'a grant' });
    const again = await request(gateway(), secret, { kind: 'ROUTE', targetId: 'dear' });
    expect(again.errors).toMatchObject([{ code: 'CONFLICT' }]);
    const none = await request(gateway(), secret, { kind: 'ROUTE', targetId: 'demo/slow' });
    expect(none.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it('needs a grant where the organisation wants to be asked first, admins included', async () => {
    expect(await setAskFirst('asked', true)).toEqual({
      model: null,
      route: { name: 'asked', access: { allowed: false } },
      errors: [],
    });
    expect(await accessTo('asked')).toEqual({
      allowed: false,
      via: 'the organisation wants to be asked first',
    });
    const { data } = await gateway().ask(
      '{ auditEvents(filter: { action: { eq: "route.access" } }) { nodes { targetId after target { id } } } }',
    );
    const targetId = ids['asked'];
    expect(data.auditEvents.nodes).toEqual([
      { targetId, after: { askFirst: true }, target: { id: targetId } },
    ]);
  });

  it('is asked no more after that was taken back, also of a route that is gone', async () => {
    await deleteRoute(gateway(), 'asked');
    expect(await setAskFirst('asked', false)).toEqual({ model: null, route: null, errors: [] });
    expect((await setAskFirst('asked', true)).errors).toMatchObject([
      { code: 'NOT_FOUND', message: 'no route "asked"' },
    ]);
    expect((await setAskFirst(ids['fast'] ?? '', true)).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});

describe('what is set on a route', () => {
  it('is a budget', async () => {
    const input = { scope: 'ROUTE', limit: '1', window: 'TOTAL' };
    const { budget } = await trySetBudget(gateway(), { ...input, subjectId: 'fast' });
    expect(budget).toMatchObject({ scope: 'ROUTE', subjectId: 'fast' });
    expect((await trySetBudget(gateway(), { ...input, subjectId: 'none' })).errors).toMatchObject([
      { code: 'NOT_FOUND', path: ['input', 'subjectId'] },
    ]);
  });

  it('is a limit', async () => {
    const set = async (subjectId: string, unit = 'REQUESTS_PER_MINUTE') => {
      const { data } = await gateway().ask(
        `mutation ($input: LimitSetInput!) {
          limitSet(input: $input) { limit { scope subjectId max } errors { code path } }
        }`,
        { input: { scope: 'ROUTE', subjectId, unit, max: 5_000 } },
      );
      return data.limitSet;
    };
    for (const subjectId of ['fast', '*'])
      expect(await set(subjectId)).toEqual({ limit: { scope: 'ROUTE', subjectId, max: 5_000 }, errors: [] });
    expect((await set('none')).errors).toEqual([{ code: 'NOT_FOUND', path: ['input', 'subjectId'] }]);
    expect((await set('fast', 'OPERATION_COST_PER_MINUTE')).errors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'unit'] },
    ]);
  });
});
