import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hashSecret } from '../../src/access/secrets.ts';
import { connect, postForStream, readResults } from '../server/support/client.ts';
import { useGateway } from '../support/gateway.ts';
import { dumpTables } from './support/dump.ts';
import { HASHING_SECRET } from './support/organisation.ts';
import { makeKey, revoke } from './support/keys.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });

const KEY = '{ id name hint scopes models expiresAt lastUsedAt revokedAt team { id } }';
const CREATE = `mutation ($input: KeyCreateInput!) {
  keyCreate(input: $input) { key ${KEY} secret errors { __typename code message path } }
}`;
const ROTATE = `mutation ($id: ID!, $graceSeconds: Int) {
  keyRotate(id: $id, graceSeconds: $graceSeconds) { key ${KEY} secret errors { __typename code message path } }
}`;
const WHO = '{ viewer { key { id } } }';
const ECHO =
  'mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { errors { code } } }';

const works = async (key: string) => (await gateway().ask(WHO, {}, { key })).data?.viewer.key.id;
const refusal = async (key: string) =>
  (await gateway().ask(WHO, {}, { key })).errors?.map(({ extensions }) => extensions.code);

// Only the clock: timers go on.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

describe('keyCreate', () => {
  it('answers the key and its secret', async () => {
    const input = {
      name: 'web app',
      scopes: ['COMPLETIONS_WRITE', 'USAGE_READ'],
      models: ['demo/echo'],
      expiresAt: '2999-01-01T00:00:00+02:00',
    };
    const { data } = await gateway().ask(CREATE, { input });
    const { key, secret, errors } = data.keyCreate;
    expect(errors).toEqual([]);
    expect(secret).toMatch(/^sk-sluice-[0-9A-Za-z]{43}$/);
    expect(key).toEqual({
      ...input,
      id: expect.stringMatching(/^key_/),
      hint: `${secret.slice(0, 13)}…${secret.slice(-3)}`,
      expiresAt: '2998-12-31T22:00:00.000Z',
      lastUsedAt: null,
      revokedAt: null,
      team: { id: 'team_default' },
    });
    expect(await works(secret)).toBe(key.id);
  });

  it.each([
    ['an empty name', { name: ' ' }, ['input', 'name']],
    ['a name that is too long', { name: 'n'.repeat(201) }, ['input', 'name']],
    ['no scope', { scopes: [] }, ['input', 'scopes']],
    ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }, ['input', 'expiresAt']],
    ['a model without a name', { models: [''] }, ['input', 'models']],
    ['a model name with a NUL', { models: ['demo/\0'] }, ['input', 'models']],
    ['too many models', { models: Array(201).fill('demo/echo') }, ['input', 'models']],
  ])('refuses %s and says where it stands', async (_, change, path) => {
    const input = { name: 'x', scopes: ['USAGE_READ'], ...change };
    const { data } = await gateway().ask(CREATE, { input });
    expect(data.keyCreate).toEqual({
      key: null,
      secret: null,
      errors: [
        {
          __typename: 'InvalidInputError',
          code: 'INVALID_INPUT',
          message: expect.stringContaining(path.join('.')),
          path,
        },
      ],
    });
  });

  it('refuses a team that does not exist', async () => {
    const { data } = await gateway().ask(CREATE, {
      input: { name: 'x', scopes: ['USAGE_READ'], teamId: 'team_00000000000000000000000000' },
    });
    expect(data.keyCreate).toMatchObject({ key: null, secret: null, errors: [{ code: 'NOT_FOUND' }] });
  });
});

describe('a secret', () => {
  it('is shown once and then nowhere: in no answer, no log and no table', async () => {
    const { url, ask, logs } = gateway();
    const { data } = await ask(CREATE, { input: { name: 'discreet', scopes: ['ADMIN'] } });
    const first: string = data.keyCreate.secret;
    const { id } = data.keyCreate.key;
    const rotated = await ask(ROTATE, { id, graceSeconds: 60 });
    const second: string = rotated.data.keyRotate.secret;

    const answers: unknown[] = [{ ...rotated.data.keyRotate, secret: null }];
    for (const key of [first, second]) {
      const headers = { authorization: `Bearer ${key}` };
      const stream =
        'subscription { completionStream(input: { model: "demo/echo", source: { text: "hi" } }) { __typename } }';
      answers.push(await ask(ECHO, {}, { key }), await ask('{ broken', {}, { key }));
      answers.push(
        ...(await Array.fromAsync(readResults(await postForStream(url, { query: stream }, { headers })))),
      );
      const client = await connect(url, headers);
      client.subscribe('1', { query: `{ viewer { key ${KEY} team { keys { nodes ${KEY} } } } }` });
      answers.push(await client.next('1'));
      client.ws.close();
      // Wrong keys are what people log.
      answers.push(await ask(WHO, {}, { key: `${key}!` }));
    }
    const dump = await dumpTables(gateway().gateway.database);
    const hidden = [first, second].map((secret) => secret.slice('sk-sluice-'.length));

    expect(JSON.stringify(answers)).toContain(id);
    expect(dump).toContain(hashSecret(second, Buffer.from(HASHING_SECRET)));
    for (const [place, text] of Object.entries({
      answers: JSON.stringify(answers),
      logs: logs.join(''),
      dump,
    })) {
      for (const secret of hidden)
        for (const trace of [secret, secret.slice(3, -3)]) expect(text.includes(trace), place).toBe(false);
    }
  });
});

describe('a list of models', () => {
  it('limits what the key may call, in each way to call it', async () => {
    const { url, ask } = gateway();
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] });
    const input = (model: string) => `input: { model: "${model}", source: { text: "hi" } }`;
    const refused = [{ code: 'FORBIDDEN', message: expect.stringContaining('demo/echo') }];
    const fields = '{ completion { id } errors { code message } }';
    for (const operation of ['query { answer: complete', 'mutation { answer: completionCreate']) {
      const { data } = await ask(`${operation}(${input('demo/slow')}) ${fields} }`, {}, { key: secret });
      expect(data.answer).toEqual({ completion: null, errors: refused });
      const allowed = await ask(`${operation}(${input('demo/echo')}) ${fields} }`, {}, { key: secret });
      expect(allowed.data.answer.errors).toEqual([]);
    }
    const stream = `subscription { completionStream(${input('demo/slow')}) {
      __typename ... on CompletionFailed { errors { code message } completion { id } }
    } }`;
    const headers = { authorization: `Bearer ${secret}` };
    const results = await Array.fromAsync(
      readResults(await postForStream(url, { query: stream }, { headers })),
    );
    expect(results).toEqual([
      { data: { completionStream: { __typename: 'CompletionFailed', errors: refused, completion: null } } },
    ]);
  });

  it('shows in the catalogue which models the viewer may call', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] });
    const query =
      '{ models(filter: { callable: true }) { nodes { name access { allowed via } } totalCount } }';
    const { data } = await gateway().ask(query, {}, { key: secret });
    expect(data.models).toEqual({
      nodes: [{ name: 'demo/echo', access: { allowed: true, via: expect.any(String) } }],
      totalCount: 1,
    });
  });
});

describe('an expiry', () => {
  it('ends the key', async () => {
    const expiresAt = new Date(Date.now() + 3600_000);
    const { secret, id } = await makeKey(gateway(), {
      scopes: ['USAGE_READ'],
      expiresAt: expiresAt.toISOString(),
    });
    expect(await works(secret)).toBe(id);
    vi.setSystemTime(expiresAt);
    expect(await refusal(secret)).toEqual(['UNAUTHENTICATED']);
  });
});

describe('keyRotate', () => {
  it('keeps the key and lets the secret before work for the grace', async () => {
    const { secret, id } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] });
    expect(await works(secret)).toBe(id);
    const { data } = await gateway().ask(ROTATE, { id, graceSeconds: 60 });
    const rotated = data.keyRotate;
    expect(rotated).toMatchObject({
      key: { id, scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] },
      errors: [],
    });
    expect(rotated.secret).not.toBe(secret);
    expect(rotated.key.hint.endsWith(rotated.secret.slice(-3))).toBe(true);
    expect([await works(secret), await works(rotated.secret)]).toEqual([id, id]);
    vi.setSystemTime(Date.now() + 61_000);
    expect(await refusal(secret)).toEqual(['UNAUTHENTICATED']);
    expect(await works(rotated.secret)).toBe(id);
  });

  it('without grace ends the secret before at once', async () => {
    const { secret, id } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    expect(await works(secret)).toBe(id);
    const { data } = await gateway().ask(ROTATE, { id, graceSeconds: 0 });
    expect(await refusal(secret)).toEqual(['UNAUTHENTICATED']);
    expect(await works(data.keyRotate.secret)).toBe(id);
  });

  it('refuses a grace out of its bounds, and what is revoked', async () => {
    const key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    for (const graceSeconds of [-1, 30 * 24 * 3600 + 1]) {
      const { data } = await gateway().ask(ROTATE, { id: key.id, graceSeconds });
      expect(data.keyRotate).toMatchObject({
        secret: null,
        errors: [{ code: 'INVALID_INPUT', path: ['graceSeconds'] }],
      });
    }
    expect(await works(key.secret)).toBe(key.id);
    await revoke(gateway(), key);
    const { data } = await gateway().ask(ROTATE, { id: key.id });
    expect(data.keyRotate).toMatchObject({ secret: null, errors: [{ code: 'INVALID_INPUT', path: ['id'] }] });
  });
});

describe('keyRevoke', () => {
  it('ends the key at once, and both secrets of one that was rotated', async () => {
    const key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    const { data } = await gateway().ask(ROTATE, { id: key.id, graceSeconds: 3600 });
    for (const secret of [key.secret, data.keyRotate.secret]) expect(await works(secret)).toBe(key.id);
    await revoke(gateway(), key);
    for (const secret of [key.secret, data.keyRotate.secret])
      expect(await refusal(secret)).toEqual(['UNAUTHENTICATED']);
  });

  it('can be done twice and keeps the first time', async () => {
    const { id } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    const query = 'mutation ($id: ID!) { keyRevoke(id: $id) { key { revokedAt } errors { code } } }';
    const first = await gateway().ask(query, { id });
    expect(await gateway().ask(query, { id })).toEqual(first);
  });

  it('lets a key end itself', async () => {
    const { id, secret } = await makeKey(gateway(), { scopes: ['KEYS_WRITE'] });
    const query = 'mutation ($id: ID!) { keyRevoke(id: $id) { key { id } errors { code } } }';
    const { data } = await gateway().ask(query, { id }, { key: secret });
    expect(data.keyRevoke).toEqual({ key: { id }, errors: [] });
    expect(await refusal(secret)).toEqual(['UNAUTHENTICATED']);
  });
});

it('is written down when a key was last used', async () => {
  const { secret, id } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
  const lastUsed = async () =>
    (await gateway().ask('query ($id: ID!) { node(id: $id) { ... on ApiKey { lastUsedAt } } }', { id })).data
      .node.lastUsedAt;
  await works(`${secret}!`);
  await gateway().gateway.authenticator.flushLastUsed();
  expect(await lastUsed()).toBeNull();
  const before = Date.now();
  await works(secret);
  await gateway().gateway.authenticator.flushLastUsed();
  expect(Date.parse(await lastUsed())).toBeGreaterThanOrEqual(before - 1);
});
