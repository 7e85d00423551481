import { beforeAll, describe, expect, it } from 'vitest';
import { SCOPES, type Scope } from '../../src/domain/principal.ts';
import { useGateway } from '../support/gateway.ts';
import { makeKey, type MadeKey } from './support/keys.ts';

const gateway = useGateway();
const CREATE = `mutation ($input: KeyCreateInput!) {
  keyCreate(input: $input) { key { id scopes models } secret errors { code message path } }
}`;
const ROTATE =
  'mutation ($id: ID!) { answer: keyRotate(id: $id) { key { id } secret errors { code message } } }';
const REVOKE = 'mutation ($id: ID!) { answer: keyRevoke(id: $id) { key { id } errors { code message } } }';

describe('a key that manages keys', () => {
  let manager: MadeKey;
  beforeAll(async () => {
    manager = await makeKey(gateway(), { scopes: ['KEYS_WRITE', 'USAGE_READ'] });
  });
  const create = async (input: object) =>
    (await gateway().ask(CREATE, { input: { name: 'x', ...input } }, { key: manager.secret })).data.keyCreate;

  it('makes keys with the scopes that it has itself', async () => {
    for (const scopes of [['KEYS_WRITE'], ['USAGE_READ'], ['USAGE_READ', 'KEYS_WRITE']])
      expect(await create({ scopes })).toMatchObject({ key: { scopes }, errors: [] });
  });

  it.each([[['ADMIN']], [['COMPLETIONS_WRITE']], [['KEYS_WRITE', 'COMPLETIONS_WRITE']], [SCOPES]])(
    'makes none with %s',
    async (scopes) => {
      expect(await create({ scopes })).toEqual({
        key: null,
        secret: null,
        errors: [{ code: 'FORBIDDEN', message: expect.any(String), path: ['input', 'scopes'] }],
      });
    },
  );

  it('is in the audit with what it was refused', async () => {
    const reaching = await makeKey(gateway(), { scopes: ['KEYS_WRITE'] });
    const input = { name: 'x', scopes: ['OWNER'] };
    await gateway().ask(CREATE, { input }, { key: reaching.secret });
    const list = `query ($actor: String) {
      auditEvents(filter: { actor: { eq: $actor }, action: { eq: "access.refused" } }) { nodes { targetId after } }
    }`;
    const refusals = async () =>
      (await gateway().ask(list, { actor: reaching.id })).data.auditEvents.nodes as unknown[];
    await expect.poll(refusals, { timeout: 10_000 }).toEqual([
      {
        targetId: 'Mutation.keyCreate',
        after: { reason: 'input.scopes hold OWNER, which you do not have yourself', count: 1 },
      },
    ]);
  });

  it.each<Scope>(['ADMIN', 'COMPLETIONS_WRITE'])('takes over and ends no key with %s', async (scope) => {
    const mightier = await makeKey(gateway(), { scopes: ['KEYS_WRITE', scope] });
    for (const query of [ROTATE, REVOKE]) {
      const { data } = await gateway().ask(query, { id: mightier.id }, { key: manager.secret });
      expect(data.answer).toMatchObject({
        key: null,
        errors: [{ code: 'FORBIDDEN', message: expect.stringContaining(scope) }],
      });
      expect(data.answer.secret ?? null).toBeNull();
    }
    const { data } = await gateway().ask('{ viewer { key { id } } }', {}, { key: mightier.secret });
    expect(data.viewer.key.id).toBe(mightier.id);
  });

  it('may rotate and end its equals', async () => {
    const equal = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    for (const query of [ROTATE, REVOKE]) {
      const { data } = await gateway().ask(query, { id: equal.id }, { key: manager.secret });
      expect(data.answer).toMatchObject({ key: { id: equal.id }, errors: [] });
    }
  });
});

describe('a key with a list of models that manages keys', () => {
  let manager: MadeKey;
  beforeAll(async () => {
    manager = await makeKey(gateway(), {
      scopes: ['KEYS_WRITE', 'COMPLETIONS_WRITE'],
      models: ['demo/echo', 'demo/slow'],
    });
  });
  const create = async (models: string[] | undefined) => {
    const input = { name: 'x', scopes: ['COMPLETIONS_WRITE'], models };
    return (await gateway().ask(CREATE, { input }, { key: manager.secret })).data.keyCreate;
  };

  it('makes keys for these models or fewer', async () => {
    for (const models of [['demo/echo'], ['demo/slow', 'demo/echo']])
      expect(await create(models)).toMatchObject({ key: { models }, errors: [] });
  });

  it.each([[undefined], [[]], [['demo/expensive']], [['demo/echo', 'demo/expensive']]])(
    'makes none for %j',
    async (models) => {
      expect(await create(models)).toMatchObject({
        secret: null,
        errors: [{ code: 'FORBIDDEN', path: ['input', 'models'] }],
      });
    },
  );

  it.each([[[]], [['demo/expensive']], [['demo/echo', 'demo/expensive']]])(
    'does not get at the secret of a key for %j',
    async (models) => {
      const wider = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models });
      for (const query of [ROTATE, REVOKE]) {
        const { data } = await gateway().ask(query, { id: wider.id }, { key: manager.secret });
        expect(data.answer).toMatchObject({ key: null, errors: [{ code: 'FORBIDDEN' }] });
      }
    },
  );
});

describe('a key that manages keys and will expire', () => {
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const END = inHours(2);
  const UPDATE = `mutation ($input: KeyUpdateInput!) {
    answer: keyUpdate(input: $input) { key { expiresAt } errors { code path } }
  }`;
  let manager: MadeKey;
  beforeAll(async () => {
    manager = await makeKey(gateway(), { scopes: ['KEYS_WRITE'], expiresAt: END });
  });
  const ask = async (query: string, variables: object, { secret } = manager) =>
    (await gateway().ask(query, variables, { key: secret })).data;
  const create = async (expiresAt?: string) =>
    (await ask(CREATE, { input: { name: 'x', scopes: ['KEYS_WRITE'], expiresAt } })).keyCreate;
  const TOO_LONG = { key: null, errors: [{ code: 'FORBIDDEN', path: ['input', 'expiresAt'] }] };

  it('makes keys that end no later than itself', async () => {
    expect(await create(END)).toMatchObject({ errors: [] });
    expect(await create(inHours(1))).toMatchObject({ errors: [] });
    expect(await create(inHours(3))).toMatchObject(TOO_LONG);
    expect(await create()).toMatchObject(TOO_LONG);
  });

  it('does not put off its own end', async () => {
    for (const expiresAt of [null, inHours(3)])
      expect((await ask(UPDATE, { input: { id: manager.id, expiresAt } })).answer).toMatchObject(TOO_LONG);
    const { answer } = await ask(UPDATE, { input: { id: manager.id, name: 'renamed' } });
    expect(answer).toEqual({ key: { expiresAt: END }, errors: [] });
  });

  it('does not get at the secret of a key that lives longer', async () => {
    const longer = await makeKey(gateway(), { scopes: ['KEYS_WRITE'] });
    const { answer } = await ask(ROTATE, { id: longer.id });
    expect(answer).toMatchObject({ key: null, secret: null, errors: [{ code: 'FORBIDDEN' }] });
  });

  it('rotates itself, but not by the secret before, which ends sooner', async () => {
    const before = { ...manager };
    const { answer } = await ask(ROTATE, { id: manager.id });
    expect(answer).toMatchObject({ errors: [] });
    const again = (await ask(ROTATE, { id: manager.id }, before)).answer;
    expect(again).toMatchObject({ secret: null, errors: [{ code: 'FORBIDDEN' }] });
  });

  it('is not bound so where it is an admin', async () => {
    const admin = await makeKey(gateway(), { scopes: ['ADMIN'], expiresAt: END });
    const { keyCreate } = await ask(CREATE, { input: { name: 'x', scopes: ['USAGE_READ'] } }, admin);
    expect(keyCreate).toMatchObject({ errors: [] });
  });
});
