import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../server/support/client.ts';
import { useGateway } from '../support/gateway.ts';
import { askFrom } from './support/from-address.ts';
import { makeKey, type MadeKey } from './support/keys.ts';

const gateway = useGateway();
const CREATE = `mutation ($input: KeyCreateInput!) {
  keyCreate(input: $input) { key { id scopes allowedIps tags { key value } models } secret errors { code message path } }
}`;
const UPDATE = `mutation ($input: KeyUpdateInput!) {
  keyUpdate(input: $input) {
    key { id name scopes allowedIps tags { key value } models expiresAt } errors { code message path }
  }
}`;
const COMPLETE = `mutation ($input: CompletionInput!) {
  completionCreate(input: $input) { completion { tags { key value } } errors { code message path } }
}`;
const WHO = '{ viewer { key { id } } }';

const create = async (input: object, key?: MadeKey) =>
  (await gateway().ask(CREATE, { input: { name: 'x', ...input } }, key && { key: key.secret })).data
    .keyCreate;
const update = async (input: object, key?: MadeKey) =>
  (await gateway().ask(UPDATE, { input }, key && { key: key.secret })).data.keyUpdate;
const enter = (secret: string, ip: string) =>
  gateway().gateway.authenticator.authenticate({ authorization: `Bearer ${secret}`, ip });

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

describe('a key for some addresses', () => {
  it('works from these and is unknown from all others, however they are written', async () => {
    const { secret, key } = await create({
      scopes: ['USAGE_READ'],
      allowedIps: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'],
    });
    for (const ip of ['10.9.9.9', '::ffff:10.9.9.9', '2001:db8::5', '192.0.2.7'])
      expect(await enter(secret, ip)).toMatchObject({ keyId: key.id });
    const unknown = await enter(`${secret}x`, '10.9.9.9').catch((error: unknown) => error);
    for (const ip of ['11.0.0.1', '::ffff:11.0.0.1', '2001:db9::5', '192.0.2.8', '127.0.0.1', ''])
      expect(await enter(secret, ip).catch((error: unknown) => error), ip).toEqual(unknown);
  });

  it('is refused over HTTP and WebSocket by the address of the connection, whatever its headers say', async () => {
    const { secret, key } = await create({ scopes: ['USAGE_READ'], allowedIps: ['127.0.0.2'] });
    const refused = { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] };
    const known = { data: { viewer: { key: { id: key.id } } } };
    const headers = { 'x-forwarded-for': '127.0.0.2', 'x-real-ip': '127.0.0.2', forwarded: 'for=127.0.0.2' };
    const ask = (from: string, more = {}) =>
      askFrom(from, 'HTTP', gateway().url, { query: WHO }, { authorization: `Bearer ${secret}`, ...more });
    expect(await ask('127.0.0.1', headers)).toMatchObject(refused);
    expect(await ask('127.0.0.2')).toEqual(known);
    for (const [localAddress, type] of [
      ['127.0.0.1', 'error'],
      ['127.0.0.2', 'next'],
    ] as const) {
      const client = await connect(gateway().url, { authorization: `Bearer ${secret}` }, { localAddress });
      client.subscribe('1', { query: WHO });
      expect(await client.next('1')).toMatchObject({ type });
      client.ws.close();
    }
  });

  it('is answered the same as an unknown one', async () => {
    const { secret } = await create({ scopes: ['USAGE_READ'], allowedIps: ['127.0.0.2'] });
    const refusal = async (key: string) => {
      const [error] = (await gateway().ask(WHO, {}, { key })).errors ?? [];
      return { ...error, extensions: { ...error?.extensions, requestId: '' } };
    };
    expect(await refusal(secret)).toEqual(await refusal(`${secret}x`));
    expect(await refusal(secret)).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
  });

  it('makes none for more addresses, and takes over none, unless it is an admin’s', async () => {
    const scopes = ['KEYS_WRITE'];
    const here = { secret: '', id: '' };
    const made = await create({ scopes, allowedIps: ['127.0.0.0/8'] });
    Object.assign(here, { secret: made.secret, id: made.key.id });
    for (const allowedIps of [undefined, [], ['10.0.0.0/8'], ['127.0.0.0/7'], ['127.0.0.1', '10.0.0.1']])
      expect(await create({ scopes, allowedIps }, here)).toMatchObject({
        secret: null,
        errors: [{ code: 'FORBIDDEN', path: ['input', 'allowedIps'] }],
      });
    const inside = await create({ scopes, allowedIps: ['127.0.0.0/16', '127.1.2.3'] }, here);
    expect(inside.errors).toEqual([]);
    expect(await update({ id: here.id, allowedIps: [] }, here)).toMatchObject({
      key: null,
      errors: [{ code: 'FORBIDDEN', path: ['input', 'allowedIps'] }],
    });
    const wider = await makeKey(gateway(), { scopes: ['KEYS_WRITE'] });
    const rotate = 'mutation ($id: ID!) { keyRotate(id: $id) { secret errors { code } } }';
    const { data } = await gateway().ask(rotate, { id: wider.id }, { key: here.secret });
    expect(data.keyRotate).toEqual({ secret: null, errors: [{ code: 'FORBIDDEN' }] });
    const admin = await create({ scopes: ['ADMIN'], allowedIps: ['127.0.0.1'] });
    expect((await create({ scopes, allowedIps: ['10.0.0.0/8'] }, admin)).errors).toEqual([]);
  });
});

describe('tags of a key', () => {
  it('are carried by each of its completions, and a request cannot say otherwise', async () => {
    const tags = [
      { key: 'app', value: 'web' },
      { key: 'env', value: 'live' },
    ];
    const { secret } = await create({ scopes: ['COMPLETIONS_WRITE'], tags });
    const complete = async (own: object[]) => {
      const input = { model: 'demo/echo', source: { text: 'hi' }, tags: own };
      return (await gateway().ask(COMPLETE, { input }, { key: secret })).data.completionCreate;
    };
    const feature = { key: 'feature', value: 'search' };
    expect((await complete([])).completion).toEqual({ tags });
    expect((await complete([feature, tags[0]!])).completion).toEqual({ tags: [...tags, feature] });
    expect(await complete([feature, { key: 'app', value: 'other' }])).toEqual({
      completion: null,
      errors: [
        {
          code: 'INVALID_INPUT',
          path: ['input', 'tags', '1'],
          message: 'input.tags.1 is app=other; your key, or the operation, says app=web',
        },
      ],
    });
  });

  it('count in the budgets on these tags', async () => {
    const { secret } = await create({
      scopes: ['COMPLETIONS_WRITE'],
      tags: [{ key: 'pot', value: 'small' }],
    });
    const { data } = await gateway().ask(`mutation {
      budgetSet(input: { subjectId: "pot=small", scope: TAG, unit: REQUESTS, limit: "1", window: TOTAL }) { errors { code } }
    }`);
    expect(data.budgetSet.errors).toEqual([]);
    const input = { model: 'demo/echo', source: { text: 'hi' } };
    const codes = [];
    for (let times = 0; times < 2; times += 1) {
      const answer = await gateway().ask(COMPLETE, { input }, { key: secret });
      codes.push(answer.data.completionCreate.errors.map(({ code }: { code: string }) => code));
    }
    expect(codes).toEqual([[], ['BUDGET_EXCEEDED']]);
  });
});

describe('keyCreate', () => {
  const tag = { key: 'k', value: 'v' };
  it.each([
    ['neither scopes nor a role', {}, 'scopes'],
    ['both', { scopes: ['USAGE_READ'], role: 'CALLER' }, 'scopes'],
    ['a role that is not there', { role: 'BOSS' }, 'role'],
    [
      'what is no address',
      { scopes: ['USAGE_READ'], allowedIps: ['10.0.0.0/8', '10.0.0.300'] },
      'allowedIps.1',
    ],
    [
      'too many addresses',
      { scopes: ['USAGE_READ'], allowedIps: Array.from({ length: 101 }, () => '10.0.0.1') },
      'allowedIps',
    ],
    ['too many tags', { scopes: ['USAGE_READ'], tags: Array.from({ length: 11 }, () => tag) }, 'tags'],
    ['a tag twice', { scopes: ['USAGE_READ'], tags: [tag, { key: 'k', value: 'w' }] }, 'tags.1'],
    ['a tag without a key', { scopes: ['USAGE_READ'], tags: [{ key: '', value: 'v' }] }, 'tags.0'],
    ['a tag with a NUL', { scopes: ['USAGE_READ'], tags: [{ key: 'k', value: '\0' }] }, 'tags.0'],
    ['half a character', { scopes: ['USAGE_READ'], tags: [{ key: '\uD800', value: '' }] }, 'tags.0'],
    ['a model with half a character', { scopes: ['USAGE_READ'], models: ['\uD800'] }, 'models'],
  ])('refuses %s', async (_, input, path) => {
    const { key, secret, errors } = await create(input);
    expect([key, secret]).toEqual([null, null]);
    expect(errors).toEqual([
      {
        code: 'INVALID_INPUT',
        path: ['input', ...path.split('.')],
        message: expect.stringContaining(`input.${path} `),
      },
    ]);
  });

  it('takes the scopes of a role', async () => {
    expect((await create({ role: 'ANALYST' })).key.scopes).toEqual(['USAGE_READ', 'AUDIT_READ']);
  });

  it('takes models and routes', async () => {
    const models = ['demo/echo', 'cheap-and-fast'];
    expect((await create({ scopes: ['USAGE_READ'], models })).key.models).toEqual(models);
  });
});

describe('keyUpdate', () => {
  it('changes what is given, at once, and leaves the rest', async () => {
    const expiresAt = '2999-01-01T00:00:00.000Z';
    const { key, secret } = await create({
      scopes: ['COMPLETIONS_WRITE'],
      models: ['demo/echo'],
      tags: [{ key: 'a', value: 'b' }],
      expiresAt,
    });
    expect((await gateway().ask(WHO, {}, { key: secret })).data.viewer.key.id).toBe(key.id);
    const renamed = await update({ id: key.id, name: 'renamed' });
    expect(renamed.key).toEqual({ ...key, name: 'renamed', expiresAt });
    expect((await update({ id: key.id })).key).toEqual(renamed.key);
    const changed = await update({
      id: key.id,
      models: [],
      tags: [],
      allowedIps: ['127.0.0.2'],
      expiresAt: null,
    });
    expect(changed.key).toMatchObject({ name: 'renamed', models: [], tags: [], expiresAt: null });
    expect(await gateway().ask(WHO, {}, { key: secret })).toHaveProperty('errors');
    await update({ id: key.id, allowedIps: ['127.0.0.0/8'] });
    const input = { model: 'demo/assistant', source: { text: 'hi' } };
    const { data } = await gateway().ask(COMPLETE, { input }, { key: secret });
    expect(data.completionCreate).toEqual({ completion: { tags: [] }, errors: [] });
  });

  it('refuses what is wrong, unknown, revoked, or more than the own key may', async () => {
    const { key } = await create({ scopes: ['USAGE_READ'] });
    const past = await update({ id: key.id, name: ' ', expiresAt: '2020-01-01T00:00:00Z' });
    expect(past.errors.map(({ path }: { path: string[] }) => path.join('.'))).toEqual([
      'input.name',
      'input.expiresAt',
    ]);
    expect((await update({ id: 'key_00000000000000000000000000', name: 'x' })).errors).toMatchObject([
      { code: 'NOT_FOUND' },
    ]);
    const narrow = await makeKey(gateway(), { scopes: ['KEYS_WRITE', 'USAGE_READ'], models: ['demo/echo'] });
    expect((await update({ id: key.id, name: 'mine' }, narrow)).errors).toMatchObject([
      { code: 'FORBIDDEN' },
    ]);
    expect((await update({ id: narrow.id, models: ['demo/slow'] }, narrow)).errors).toMatchObject([
      { code: 'FORBIDDEN', path: ['input', 'models'] },
    ]);
    await gateway().ask('mutation ($id: ID!) { keyRevoke(id: $id) { errors { code } } }', { id: key.id });
    expect((await update({ id: key.id, name: 'x' })).errors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'id'] },
    ]);
  });
});

it('lists the budgets of a key', async () => {
  const { key } = await create({ scopes: ['COMPLETIONS_WRITE'] });
  const set = `mutation ($id: ID!) {
    budgetSet(input: { subjectId: $id, limit: "3", window: DAY }) { budget { id } errors { code } }
  }`;
  const { id } = (await gateway().ask(set, { id: key.id })).data.budgetSet.budget;
  const { data } = await gateway().ask(
    'query ($id: ID!) { node(id: $id) { ... on ApiKey { budgets { id } } } }',
    {
      id: key.id,
    },
  );
  expect(data.node).toEqual({ budgets: [{ id }] });
});
