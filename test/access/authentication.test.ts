import { describe, expect, it, test } from 'vitest';
import { getIntrospectionQuery } from 'graphql';
import { connect, post, TRANSPORTS, type Transport } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { askAs } from './support/keys.ts';
import { ROOT_FIELDS } from './support/root-fields.ts';

const CREDENTIALS: [string, string | undefined][] = [
  ['no header', undefined],
  ['an empty header', ''],
  ['no key after Bearer', 'Bearer '],
  ['another scheme', `Basic ${btoa(`admin:${ADMIN_KEY}`)}`],
  ['the key without its scheme', ADMIN_KEY],
  ['two keys', `Bearer ${ADMIN_KEY} ${ADMIN_KEY}`],
  ['an unknown key', 'Bearer sk-sluice-0000000000000000000000000000000000000000000'],
  ['a key that goes on', `Bearer ${ADMIN_KEY}x`],
  ['the beginning of a key', `Bearer ${ADMIN_KEY.slice(0, -1)}`],
  ['a key in other letters', `Bearer ${ADMIN_KEY.toLowerCase()}`],
];
const OPERATIONS: Record<string, string> = {
  ...Object.fromEntries(Object.entries(ROOT_FIELDS).map(([field, { query }]) => [field, query])),
  'an operation that does not parse': '{ viewer {',
  'a field that does not exist': '{ viewerr { scopes } }',
  'an argument that does not exist': '{ models(frist: 1) { totalCount } }',
  'an operation that is too deep': `${'{ node(id: "x") '.repeat(20)}{ id }${' }'.repeat(20)}`,
  'an operation that costs too much': '{ completions(first: 1000000) { nodes { text } } }',
};
const HIDDEN_IN_INTROSPECTION: Record<string, string> = {
  'data beside introspection': '{ __schema { queryType { name } } viewer { scopes } }',
  'data before introspection': '{ viewer { scopes } __schema { queryType { name } } }',
  'data under the name of introspection': '{ __schema: viewer { scopes } }',
  'data in a fragment': '{ ...All } fragment All on Query { viewer { scopes } }',
  'data in an inline fragment': '{ __typename ... on Query { viewer { scopes } } }',
  'data in an included fragment': '{ __typename ... @include(if: true) { viewer { scopes } } }',
  'a mutation beside introspection': 'mutation { __typename keyRevoke(id: "x") { errors { code } } }',
  'a definition of a type': 'type Query { a: Int }',
  'a very long introspection': `{ ${'__typename '.repeat(3_000)} }`,
};

const REFUSAL = {
  errors: [
    {
      message: expect.stringMatching(/key/),
      extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) },
    },
  ],
};

/** The answers to each of these without a key. */
async function askAll(transport: Transport, url: string, operations: Record<string, string>) {
  const answers: Record<string, unknown> = {};
  for (const [name, query] of Object.entries(operations))
    answers[name] = await askAs(undefined, transport, url, { query });
  return answers;
}

const refusalsOf = (operations: Record<string, string>) =>
  Object.fromEntries(Object.keys(operations).map((name) => [name, REFUSAL]));

describe('in production', () => {
  const gateway = useGateway({ variables: { SLUICE_ENV: 'production' } });

  describe.each(TRANSPORTS)('over %s', (transport) => {
    test.each(CREDENTIALS)('%s is refused', async (_, authorization) => {
      const answer = await askAs(authorization, transport, gateway().url, { query: '{ viewer { scopes } }' });
      expect(answer).toEqual(REFUSAL);
    });

    it('tells nobody anything, whatever the operation is', async () => {
      const operations = {
        ...OPERATIONS,
        introspection: getIntrospectionQuery(),
        typename: '{ __typename }',
      };
      expect(await askAll(transport, gateway().url, operations)).toEqual(refusalsOf(operations));
    });
  });

  it('says 401 over HTTP', async () => {
    const { status, headers } = await post(gateway().url, { query: '{ viewer { scopes } }' });
    expect(status).toBe(401);
    expect(headers.get('content-type')).toContain('application/graphql-response+json');
  });

  it('says 401 to a GET', async () => {
    const url = `${gateway().url}?query=${encodeURIComponent('{ viewerr }')}`;
    const headers = { accept: 'application/graphql-response+json', 'x-sluice-preflight': '1' };
    const response = await fetch(url, { headers });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual(REFUSAL);
  });

  it('goes on with a socket after a refusal, and refuses each operation by itself', async () => {
    const client = await connect(gateway().url);
    for (const id of ['1', '2']) {
      client.subscribe(id, { query: '{ viewer { scopes } }' });
      expect(await client.next(id)).toEqual({ id, type: 'error', payload: REFUSAL.errors });
    }
    client.ws.close();
  });

  it('takes the scheme in any letters, as HTTP does', async () => {
    const answer = await askAs(`bEARER ${ADMIN_KEY}`, 'HTTP', gateway().url, {
      query: '{ viewer { scopes } }',
    });
    expect(answer).toEqual({ data: { viewer: { scopes: ['OWNER'] } } });
  });

  it('shows the schema to whoever has a key', async () => {
    const { data } = await gateway().ask(
      '{ __schema { queryType { name } } __type(name: "ApiKey") { name } }',
    );
    expect(data).toEqual({ __schema: { queryType: { name: 'Query' } }, __type: { name: 'ApiKey' } });
  });

  it('does not suggest what a misspelt name should have been', async () => {
    const inVariable = 'query ($filter: CompletionFilter) { completions(filter: $filter) { totalCount } }';
    for (const [query, filter] of [
      ['{ viewerr { scopes } }'],
      ['{ models(frist: 1) { totalCount } }'],
      ['{ viewer { ... on Viewr { scopes } } }'],
      ['{ completions(filter: { status: [RUNING] }) { totalCount } }'],
      ['{ completions(filter: { statuss: [RUNNING] }) { totalCount } }'],
      [inVariable, { statuss: [] }],
      [inVariable, { status: ['RUNING'] }],
    ] as const) {
      const { errors } = await gateway().ask(query, { filter });
      expect(errors).toHaveLength(1);
      expect(JSON.stringify(errors)).not.toMatch(/did you mean/i);
    }
  });
});

describe('in development', () => {
  const gateway = useGateway({ variables: { SLUICE_ENV: 'development' } });

  describe.each(TRANSPORTS)('over %s', (transport) => {
    it('shows the schema without a key, so that tools can be set up', async () => {
      const answer = await askAs(undefined, transport, gateway().url, { query: getIntrospectionQuery() });
      expect(answer.data?.['__schema']).toHaveProperty('types');
    });

    it('refuses everything else without a key', async () => {
      const operations = { ...OPERATIONS, ...HIDDEN_IN_INTROSPECTION };
      expect(await askAll(transport, gateway().url, operations)).toEqual(refusalsOf(operations));
    });
  });

  it('refuses data in the one of two operations that is not introspection', async () => {
    const query = 'query A { __schema { queryType { name } } } query B { viewer { scopes } }';
    for (const operationName of ['A', 'B'])
      expect(await askAs(undefined, 'HTTP', gateway().url, { query, operationName })).toEqual(REFUSAL);
  });

  it('suggests what a field should have been', async () => {
    expect(JSON.stringify(await gateway().ask('{ viewerr { scopes } }'))).toMatch(/Did you mean/);
  });
});
