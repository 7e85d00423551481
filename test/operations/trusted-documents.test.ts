import { hash } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { connect, post, postForStream, readResults, type Result } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { makeKey } from '../access/support/keys.ts';
import { begun, errorOf } from '../access/support/streams.ts';

const TRANSPORTS = ['HTTP', 'SSE', 'WS'] as const;
type Transport = (typeof TRANSPORTS)[number];

const OF_MANIFEST = 'query FromManifest { viewer { organisationId } }';
const OF_GRAPH = 'query FromGraph { viewer { scopes } }';
const STRANGE = 'query Strange { viewer { scopes organisationId } }';
const sha256 = (text: string) => hash('sha256', text);

const operations = {
  mode: 'trusted' as const,
  documents: {
    [`sha256:${sha256(OF_MANIFEST)}`]: OF_MANIFEST,
    'build-7': 'query Old { viewer { __typename } }',
  },
};
const gateway = useGateway({ config: { operations } });

const REGISTER = `mutation ($input: OperationRegisterInput!) {
  operationRegister(input: $input) { operation { id hash name } errors { code message path } }
}`;
async function register(input: object) {
  const { data } = await gateway().ask(REGISTER, { input });
  if (data.operationRegister.errors.length > 0) throw new Error(JSON.stringify(data));
  return data.operationRegister.operation as { id: string; hash: string; name: string };
}

const BROWSER = { origin: 'https://app.example' };

/** Asks with whatever parameters, from a page or from a program. */
async function send(
  transport: Transport,
  params: object,
  from: Record<string, string> = BROWSER,
  key: string | null = ADMIN_KEY,
): Promise<Result> {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const headers = { ...authorization, ...from };
  const { url } = gateway();
  if (transport === 'HTTP') return (await (await post(url, params as never, { headers })).json()) as Result;
  if (transport === 'SSE') {
    for await (const result of readResults(await postForStream(url, params as never, { headers })))
      return result;
    throw new Error('the stream ended without a result');
  }
  // A page opens a socket to this very server, or the upgrade is refused.
  const origin = from['origin'] && new URL(url).origin;
  const client = await connect(url, authorization, { headers: { ...from, ...(origin && { origin }) } });
  client.subscribe('1', { query: '', ...params });
  const { type, payload } = await client.next('1');
  client.ws.close();
  return type === 'error' ? { errors: payload as never } : (payload as Result);
}

const codes = ({ errors }: Result) => errors?.map(({ extensions }) => extensions['code']);
const persistedQuery = (id: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: id } } });

/** What the audit tells of somebody who was refused. */
async function refusalsOf(actor: string) {
  const { data } = await gateway().ask(
    'query ($actor: String) { auditEvents(filter: { actor: { eq: $actor }, action: { eq: "access.refused" } }) { nodes { targetId after } } }',
    { actor },
  );
  const events = data.auditEvents.nodes as { targetId: string; after: { count: number } }[];
  return events.map(({ targetId: target, after: { count } }) => ({ target, count }));
}

describe.each(TRANSPORTS)('a browser over %s', (transport) => {
  it('runs what the manifest and what the organisation has, by hash, by document id, and by equal text', async () => {
    const { hash: id } = await register({ text: OF_GRAPH });
    expect(id).toBe(sha256(OF_GRAPH));
    for (const text of [OF_MANIFEST, OF_GRAPH]) {
      const ways = [
        persistedQuery(sha256(text)),
        { documentId: sha256(text) },
        { documentId: `sha256:${sha256(text)}` },
        { query: text },
        { query: text, ...persistedQuery(sha256(text)) },
      ];
      for (const way of ways)
        expect(await send(transport, way)).toEqual({ data: { viewer: expect.anything() } });
    }
    expect(await send(transport, { documentId: 'build-7' })).toEqual({
      data: { viewer: { __typename: 'Viewer' } },
    });
  });

  it.each([
    ['another text', { query: STRANGE }],
    ['another text under a hash that is trusted', { query: STRANGE, ...persistedQuery(sha256(OF_MANIFEST)) }],
    ['the same with other white space', { query: `${OF_MANIFEST} ` }],
    [
      'a second operation beside one that is trusted',
      { query: `${OF_MANIFEST} query B { viewer { scopes } }` },
    ],
    [
      'introspection',
      { query: '{ __schema { types { name } } __type(name: "Query") { name } viewer { scopes } }' },
    ],
    ['a very long text', { query: `{ viewer { scopes } } #${'x'.repeat(200_000)}` }],
  ])('is refused %s', async (_, params) => {
    expect(codes(await send(transport, params))).toEqual(['OPERATION_NOT_TRUSTED']);
  });

  it('cannot register anything by sending it', async () => {
    const both = { query: STRANGE, ...persistedQuery(sha256(STRANGE)) };
    expect(codes(await send(transport, both))).toEqual(['OPERATION_NOT_TRUSTED']);
    // Not from elsewhere either.
    expect(await send(transport, both, {})).toHaveProperty('data.viewer');
    expect(codes(await send(transport, persistedQuery(sha256(STRANGE))))).toEqual(['OPERATION_UNKNOWN']);
  });

  it('is refused once the operation is removed', async () => {
    const text = `query Gone${transport} { viewer { scopes } }`;
    const { id, hash: digest } = await register({ text });
    expect(await send(transport, persistedQuery(digest))).toHaveProperty('data.viewer');
    await gateway().ask('mutation ($id: ID!) { operationRemove(id: $id) { removedId } }', { id });
    expect(codes(await send(transport, persistedQuery(digest)))).toEqual(['OPERATION_UNKNOWN']);
    expect(codes(await send(transport, { query: text }))).toEqual(['OPERATION_NOT_TRUSTED']);
  });

  it('without a key learns nothing of what there is', async () => {
    for (const id of [sha256(OF_MANIFEST), sha256(STRANGE)])
      expect(codes(await send(transport, persistedQuery(id), BROWSER, null))).toEqual(['UNAUTHENTICATED']);
  });

  it.each(['none', 'toString', '__proto__', '', 7, { a: 1 }])('is refused the strange id %j', async (id) => {
    const answer = await send(transport, { documentId: id });
    expect(['OPERATION_UNKNOWN', 'BAD_REQUEST', 'INVALID_INPUT']).toContain(codes(answer)?.[0]);
  });
});

describe.each(TRANSPORTS)('a program over %s', (transport) => {
  it('runs anything', async () => {
    expect(await send(transport, { query: STRANGE }, {})).toHaveProperty('data.viewer');
    expect(await send(transport, persistedQuery(sha256(OF_MANIFEST)), {})).toHaveProperty('data.viewer');
  });

  it('with a publishable key runs only what is trusted', async () => {
    const { data } = await gateway().ask(`mutation {
      keyCreate(input: { name: "page", scopes: [COMPLETIONS_WRITE], publishable: true }) {
        secret key { id publishable } errors { message }
      }
    }`);
    const { secret, key } = data.keyCreate;
    expect(key).toEqual({ id: expect.any(String), publishable: true });
    expect(codes(await send(transport, { query: STRANGE }, {}, secret))).toEqual(['OPERATION_NOT_TRUSTED']);
    await expect
      .poll(() => refusalsOf(key.id), { timeout: 10_000 })
      .toEqual([{ target: 'operation', count: 1 }]);
    expect(await send(transport, { query: OF_MANIFEST }, {}, secret)).toHaveProperty('data.viewer');
  });
});

describe('what tells a browser', () => {
  it.each([[{ origin: 'null' }], [{ 'sec-fetch-site': 'same-origin' }], [{ 'sec-fetch-site': 'none' }]])(
    'is %j',
    async (headers) => {
      expect(codes(await send('HTTP', { query: STRANGE }, headers))).toEqual(['OPERATION_NOT_TRUSTED']);
    },
  );

  it('is a GET, which may carry none of them', async () => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const ask = async (text: string) =>
      (await (
        await fetch(`${gateway().url}?query=${encodeURIComponent(text)}`, { headers })
      ).json()) as Result;
    expect(codes(await ask(STRANGE))).toEqual(['OPERATION_NOT_TRUSTED']);
    expect(await ask(OF_MANIFEST)).toHaveProperty('data.viewer');
  });
});

test('tools read the schema during development without a key, and GraphiQL with one', async () => {
  const query = '{ __schema { queryType { name } } }';
  for (const key of [null, ADMIN_KEY])
    expect(await send('HTTP', { query }, BROWSER, key)).toHaveProperty('data.__schema');
});

test('a publishable key can do nothing but ask for completions', async () => {
  const { data } = await gateway().ask(`mutation {
    keyCreate(input: { name: "page", scopes: [COMPLETIONS_WRITE, USAGE_READ], publishable: true }) {
      key { id } errors { code path }
    }
  }`);
  expect(data.keyCreate).toEqual({
    key: null,
    errors: [{ code: 'INVALID_INPUT', path: ['input', 'scopes'] }],
  });
});

describe('registering', () => {
  it.each([
    ['no GraphQL', { text: 'query {' }, ['input', 'text']],
    ['what the schema does not know', { text: 'query A { nothing }' }, ['input', 'text']],
    [
      'two operations',
      { text: 'query A { viewer { scopes } } query B { viewer { scopes } }' },
      ['input', 'text'],
    ],
    ['one without a name', { text: '{ viewer { scopes } }' }, ['input', 'text']],
    ['only a fragment', { text: 'fragment A on Viewer { scopes }' }, ['input', 'text']],
    ['a text that is too long', { text: `${OF_GRAPH} #${'x'.repeat(40_000)}` }, ['input', 'text']],
    ['a strange name', { text: OF_GRAPH, name: 'a b' }, ['input', 'name']],
    ['no output', { text: OF_GRAPH, policy: { maxOutputTokens: 0 } }, ['input', 'policy', 'maxOutputTokens']],
    [
      'a tag of its own name',
      { text: OF_GRAPH, policy: { tags: [{ key: 'operation', value: 'x' }] } },
      ['input', 'policy', 'tags'],
    ],
    ['an empty model', { text: OF_GRAPH, policy: { models: [''] } }, ['input', 'policy', 'models']],
    [
      'a negative time',
      { text: OF_GRAPH, policy: { cacheTtlSeconds: -1 } },
      ['input', 'policy', 'cacheTtlSeconds'],
    ],
  ])('%s is told with its path', async (_, input, path) => {
    const { data } = await gateway().ask(REGISTER, { input });
    expect(data.operationRegister).toMatchObject({
      operation: null,
      errors: [{ code: 'INVALID_INPUT', path, message: expect.stringContaining(path.join('.')) }],
    });
  });

  it('the same text again changes its name and policy; the audit holds both and who did it', async () => {
    const text = 'query Twice { viewer { scopes } }';
    const first = await register({ text, policy: { maxOutputTokens: 5 } });
    const second = await register({ text, name: 'other/name:2', policy: { models: ['demo/echo'] } });
    expect(second).toEqual({ ...first, name: 'other/name:2' });
    const { data } = await gateway().ask(
      `{ auditEvents(first: 2, filter: { action: { eq: "operation.register" } }) {
        nodes { targetId before after }
      } }`,
    );
    expect(data.auditEvents.nodes).toEqual([
      {
        targetId: first.id,
        before: expect.objectContaining({
          name: 'Twice',
          policy: expect.objectContaining({ maxOutputTokens: 5 }),
        }),
        after: expect.objectContaining({ name: 'other/name:2' }),
      },
      {
        targetId: first.id,
        before: null,
        after: expect.objectContaining({ name: 'Twice' }),
      },
    ]);
  });

  it('is over for open subscriptions too when the operation is removed', async () => {
    const { id, hash: digest } = await register({ text: 'subscription Alerts { alertRaised { id } }' });
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, ...BROWSER };
    const params = { documentId: digest } as never;
    const open = Array.fromAsync(readResults(await postForStream(gateway().url, params, { headers })));
    await begun();
    await gateway().ask('mutation ($id: ID!) { operationRemove(id: $id) { removedId } }', { id });
    expect(await open).toEqual([errorOf('FORBIDDEN', /not registered any more/)]);
  });

  it('needs the scope', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'KEYS_WRITE'] });
    const { errors } = await gateway().ask(REGISTER, { input: { text: OF_GRAPH } }, { key: secret });
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});
