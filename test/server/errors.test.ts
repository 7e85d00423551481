import { describe, expect, test } from 'vitest';
import { Unauthenticated } from '../../src/domain/errors.ts';
import { KINDS, TRANSPORTS, ask, connect, post, postForStream, readResults } from './support/client.ts';
import type { GraphqlError } from './support/client.ts';
import { startTestServer } from './support/server.ts';

const REQUEST_ID = /^req_/;

describe.each(TRANSPORTS)('errors over %s', (transport) => {
  test('an error made on purpose is told with its code and a request id', async () => {
    const { url } = await startTestServer();
    const { data, errors } = await ask(transport, url, { query: '{ item { name fail(with: GATEWAY) } }' });
    expect(data).toEqual({ item: { name: 'thing', fail: null } });
    expect(errors).toEqual([
      {
        message: 'show a key',
        path: ['item', 'fail'],
        locations: [{ line: 1, column: 15 }],
        extensions: { code: 'UNAUTHENTICATED', requestId: expect.stringMatching(REQUEST_ID) },
      },
    ]);
  });

  test('an invalid input lists its issues', async () => {
    const { url } = await startTestServer();
    const { errors } = await ask(transport, url, { query: '{ fail(with: INPUT) }' });
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'INVALID_INPUT',
      issues: [{ path: ['input', 'text'], message: 'text is empty' }],
    });
  });

  test.each(KINDS[transport])(
    'of anything else only the request id is told, and the rest is logged: %s',
    async (kind) => {
      const query = `${kind} { fail(with: SURPRISE) }`;
      const { url, logged } = await startTestServer();
      const { errors } = await ask(transport, url, { query });
      expect(errors).toMatchObject([
        {
          message: 'Unexpected error.',
          extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: expect.stringMatching(REQUEST_ID) },
        },
      ]);
      expect(JSON.stringify(errors)).not.toMatch(/secret-host|unexpected|stack|originalError/);
      expect(logged).toHaveLength(1);
      expect(logged[0]?.details['requestId']).toBe(errors?.[0]?.extensions['requestId']);
      expect(String(logged[0]?.details['err'])).toContain('secret-host');
    },
  );

  test('an error of the context is told like any other', async () => {
    const { url, logged } = await startTestServer({
      context: () => {
        throw new Unauthenticated();
      },
    });
    const { errors } = await ask(transport, url, { query: '{ hello }' });
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(logged).toHaveLength(0);
  });

  test.each([
    ['{ hello', 'GRAPHQL_PARSE_FAILED'],
    ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['query A { hello } query B { hello }', 'OPERATION_RESOLUTION_FAILURE'],
  ])('%s is %s', async (query, code) => {
    const { url } = await startTestServer();
    const { data, errors } = await ask(transport, url, { query });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code, requestId: expect.stringMatching(REQUEST_ID) } }]);
  });

  describe('a wrong input names its place', () => {
    const inVariable = KINDS[transport].map((kind) => `${kind} ($input: EchoInput!) { echo(input: $input) }`);
    test.each([
      ['both of @oneOf', { source: { text: 'a', lines: [] } }, ['input', 'source']],
      ['none of @oneOf', { source: {} }, ['input', 'source']],
      ['null in @oneOf', { source: { text: null } }, ['input', 'source', 'text']],
      ['a wrong type', { source: { text: 'a' }, times: 'many' }, ['input', 'times']],
      [
        'deep in a list',
        { source: { lines: [{ number: 1 }, { number: 'x' }] } },
        ['input', 'source', 'lines', '1', 'number'],
      ],
      ['an unknown field', { source: { text: 'a' }, tims: 1 }, ['input']],
      ['a missing field', { times: 1 }, ['input']],
      ['null', null, ['input']],
      ['nothing', undefined, ['input']],
    ])('in a variable: %s', async (_, input, path) => {
      const { url } = await startTestServer();
      for (const query of inVariable) {
        const { data, errors } = await ask(transport, url, { query, variables: { input } });
        expect(data).toBeUndefined();
        expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path } }]);
        expect(errors?.[0]?.message).toContain(`${path.join('.')}: `);
      }
    });

    test.each([
      ['{ echo(input: { source: { text: "a", lines: [] } }) }', ['input', 'source']],
      ['{ echo(input: { source: { } }) }', ['input', 'source']],
      ['{ echo(input: { source: { text: "a" }, times: "many" }) }', ['input', 'times']],
      [
        '{ echo(input: { source: { lines: [{ number: 1 }, { number: "x" }] } }) }',
        ['input', 'source', 'lines', '1', 'number'],
      ],
      ['{ echo(input: 3) }', ['input']],
      ['{ echo(input: { source: { text: "a" }, tims: 1 }) }', ['input', 'tims']],
    ])('in the operation: %s', async (query, path) => {
      const { url } = await startTestServer();
      const { data, errors } = await ask(transport, url, { query });
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path } }]);
    });

    test('null for an argument with a default', async () => {
      const { url } = await startTestServer();
      const query = 'query ($n: Int) { take(n: $n) }';
      const { errors } = await ask(transport, url, { query, variables: { n: null } });
      expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['n'] } }]);
    });
  });

  test.each([
    ['{ helo }', undefined],
    ['{ echo(input: { source: { txt: "a" } }) }', undefined],
    ['query ($input: EchoInput!) { echo(input: $input) }', { input: { sorce: {} } }],
    ['{ fail(with: SURPRIS) }', undefined],
  ])('production does not help to guess the schema: %s', async (query, variables) => {
    const [development, production] = await Promise.all([
      startTestServer(),
      startTestServer({ environment: 'production' }),
    ]);
    const operation = { query, variables };
    expect(JSON.stringify(await ask(transport, development.url, operation))).toContain('Did you mean');
    const { errors } = await ask(transport, production.url, operation);
    expect(errors).not.toHaveLength(0);
    expect(JSON.stringify(errors)).not.toContain('Did you mean');
  });
});

describe('an error in the middle of a stream', () => {
  test('over SSE', async () => {
    const { url, logged } = await startTestServer();
    const response = await postForStream(url, { query: 'subscription { failLater(with: SURPRISE) }' });
    const [first, second] = await Array.fromAsync(readResults(response));
    expect(first).toEqual({ data: { failLater: 1 } });
    expect(second?.errors).toMatchObject([
      { message: 'Unexpected error.', extensions: { requestId: expect.stringMatching(REQUEST_ID) } },
    ]);
    expect(logged).toHaveLength(1);
  });

  test('over WS', async () => {
    const { url } = await startTestServer();
    const client = await connect(url);
    client.subscribe('1', { query: 'subscription { failLater(with: GATEWAY) }' });
    expect(await client.next('1')).toMatchObject({ type: 'next', payload: { data: { failLater: 1 } } });
    expect(await client.next('1')).toMatchObject({
      type: 'next',
      payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    });
    expect(await client.next('1')).toMatchObject({ type: 'complete' });
  });
});

describe('the HTTP status', () => {
  const invalid = { query: 'query ($n: Int!) { take(n: $n) }', variables: { n: 'x' } };

  test('says the same as the code when there is no data', async () => {
    const { url } = await startTestServer();
    expect((await post(url, { query: '{ fail(with: GATEWAY) }' })).status).toBe(401);
    expect((await post(url, { query: '{ fail(with: INPUT) }' })).status).toBe(400);
    expect((await post(url, { query: '{ fail(with: SURPRISE) }' })).status).toBe(500);
    expect((await post(url, invalid)).status).toBe(400);
  });

  test('is 200 when there is data', async () => {
    const { url } = await startTestServer();
    expect((await post(url, { query: '{ item { name fail(with: GATEWAY) } }' })).status).toBe(200);
    expect((await post(url, { query: '{ item { name fail(with: SURPRISE) } }' })).status).toBe(200);
  });

  test('of a refused stream says why', async () => {
    const { url } = await startTestServer();
    expect((await postForStream(url, { query: 'subscription { fail(with: GATEWAY) }' })).status).toBe(401);
  });
});

test('a cached validation error has the request id of each request', async () => {
  const { url } = await startTestServer();
  const requestIds = [];
  for (const id of ['first', 'second']) {
    const response = await post(url, { query: '{ nothing }' }, { headers: { 'x-request-id': id } });
    const { errors } = (await response.json()) as { errors: GraphqlError[] };
    requestIds.push(errors[0]?.extensions['requestId']);
  }
  expect(requestIds).toEqual(['first', 'second']);
});
