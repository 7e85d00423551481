import { describe, expect, it } from 'vitest';
import { toEnvironment } from '../../src/config/env.ts';
import { loadConfig } from '../../src/config/load.ts';
import {
  connect,
  post,
  postForStream,
  readResults,
  TRANSPORTS,
  type Result,
} from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { TIMEOUTS } from '../completion/support/completions.ts';

const { limits } = loadConfig(toEnvironment({}, '/nonexistent'));
const gateway = useGateway({
  config: { limits: { ...limits, bodyBytes: 1_000_000, variableValues: 50_000 } },
});
const AUTHORIZATION = { authorization: `Bearer ${ADMIN_KEY}` };

/** Sends JSON as it stands, since what is nested too deep for `JSON.stringify` must be sent too. */
async function sendText(transport: (typeof TRANSPORTS)[number], payload: string, headers = AUTHORIZATION) {
  const { url } = gateway();
  const init = { headers, body: payload };
  if (transport === 'HTTP') return (await (await post(url, { query: '' }, init)).json()) as Result;
  if (transport === 'SSE') {
    const response = await postForStream(url, { query: '' }, init);
    if (response.headers.get('content-type')?.includes('json')) return (await response.json()) as Result;
    for await (const result of readResults(response)) return result;
    throw new Error('the stream ended without a result');
  }
  const client = await connect(url, headers);
  client.ws.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
  const told = await Promise.race([client.next('1'), client.closed]);
  client.ws.close();
  if ('code' in told) return { errors: [{ message: told.reason, extensions: { code: told.code } }] };
  return told.type === 'error' ? { errors: told.payload as never } : (told.payload as Result);
}

const send = (transport: (typeof TRANSPORTS)[number], operation: object) =>
  sendText(transport, JSON.stringify(operation));
const codes = ({ errors }: Result) => errors?.map(({ extensions }) => extensions['code']);

const repeat = (count: number, text: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at)).join(' ');
const deepJson = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const MESSAGES = 'query ($input: CompletionInput!) { estimate(input: $input) { allowed } }';

describe.each(TRANSPORTS)('over %s', (transport) => {
  it.each([
    ['10,000 levels', `{ ${'a { '.repeat(10_000)} b ${'} '.repeat(10_000)} }`, 'QUERY_TOO_DEEP'],
    ['10,000 aliases', `{ ${repeat(10_000, (at) => `a${at}: viewer { scopes }`)} }`, 'QUERY_TOO_LARGE'],
    ['100,000 tokens', `{ ${'viewer '.repeat(100_000)} }`, 'QUERY_TOO_LARGE'],
    ['100,000 brackets', '{'.repeat(100_000), 'QUERY_TOO_DEEP'],
    ['100,000 list brackets', `{ node(id: ${'['.repeat(100_000)}`, 'QUERY_TOO_DEEP'],
    [
      '100 x 100 inline fragments',
      `{ ${repeat(100, () => `... on Query { ${repeat(100, () => '... on Query { viewer { scopes } }')} }`)} }`,
      'QUERY_TOO_LARGE',
    ],
    [
      'fragments that double with each level',
      `{ ...f0 } ${repeat(30, (at) => `fragment f${at} on Query { ...f${at + 1} ...f${at + 1} }`)} fragment f30 on Query { viewer { scopes } }`,
      'QUERY_TOO_WIDE',
    ],
    ['many fields at the root', `{ ${repeat(51, () => 'viewer { scopes }')} }`, 'QUERY_TOO_WIDE'],
    [
      'many fields at the root, in fragments',
      `{ ...a ... on Query { ${repeat(26, () => 'viewer { scopes }')} } } fragment a on Query { ${repeat(26, () => 'viewer { scopes }')} }`,
      'QUERY_TOO_WIDE',
    ],
    [
      'many directives',
      `{ viewer ${'@skip(if: false) '.repeat(40)} { scopes } }`,
      'QUERY_TOO_MANY_DIRECTIVES',
    ],
  ])('%s are refused, and the process answers', async (_, query, code) => {
    const answer = await send(transport, { query });
    expect(codes(answer)).toEqual([code]);
    expect((await fetch(new URL('/healthz', gateway().url))).ok).toBe(true);
  });

  it('a fragment that spreads itself is refused', async () => {
    const query = '{ ...a } fragment a on Query { viewer { scopes } ...b } fragment b on Query { ...a }';
    expect((await send(transport, { query })).errors?.[0]?.message).toMatch(
      /Cannot spread fragment|depth|fields/i,
    );
  });

  it.each([
    ['100,000 levels', `{"input":${deepJson(100_000)}}`, 'VARIABLES_TOO_DEEP'],
    ['257 levels', `{"input":${deepJson(256)}}`, 'VARIABLES_TOO_DEEP'],
    ['100,000 values', `{"input":[${Array(100_000).fill(1).join(',')}]}`, 'VARIABLES_TOO_LARGE'],
    [
      'objects with 60,000 members',
      `{"input":{${Array.from({ length: 60_000 }, (_, at) => `"${at}":1`).join(',')}}}`,
      'VARIABLES_TOO_LARGE',
    ],
  ])('variables of %s are refused', async (_, variables, code) => {
    const payload = `{"query":${JSON.stringify(MESSAGES)},"variables":${variables}}`;
    expect(codes(await sendText(transport, payload))).toEqual([code]);
  });

  it('extensions of 100,000 levels are refused', async () => {
    const payload = `{"query":"{ viewer { scopes } }","extensions":{"a":${deepJson(100_000)}}}`;
    expect(codes(await sendText(transport, payload))).toEqual(['VARIABLES_TOO_DEEP']);
  });

  it('variables within the limits are read', async () => {
    const parts = Array.from({ length: 50 }, () => ({ text: 'x' }));
    const messages = Array.from({ length: 20 }, () => ({ role: 'USER', parts }));
    const input = { model: 'demo/echo', source: { messages } };
    expect(await send(transport, { query: MESSAGES, variables: { input } })).toHaveProperty('data.estimate');
  });

  it('__proto__ and constructor in variables stain nothing', async () => {
    const payload = `{"query":${JSON.stringify(MESSAGES)},"variables":{"__proto__":{"polluted":1},"input":{"model":"demo/echo","source":{"text":"x"},"__proto__":{"polluted":1}}}}`;
    await sendText(transport, payload);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('what is refused before anybody is asked for', () => {
  it('needs no key to be looked up', async () => {
    const payload = `{"query":"{ viewer { scopes } }","variables":{"a":${deepJson(1_000)}}}`;
    expect(codes(await sendText('HTTP', payload, {} as typeof AUTHORIZATION))).toEqual([
      'VARIABLES_TOO_DEEP',
    ]);
  });

  it.each([
    ['with its length', false],
    ['in chunks', true],
  ])('a body of 50 MB %s', async (_, chunked) => {
    const body = Buffer.alloc(50_000_000, ' ');
    const response = await fetch(gateway().url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...AUTHORIZATION },
      body: chunked ? new Blob([body]).stream() : body,
      duplex: 'half',
    } as RequestInit).catch((error: unknown) => error as Error);
    // The server may hang up while the client still sends.
    expect([413, 'TypeError']).toContain(response instanceof Response ? response.status : response.name);
    expect((await fetch(new URL('/healthz', gateway().url))).ok).toBe(true);
  });

  it('a batch of 1,000 operations', async () => {
    const body = JSON.stringify(Array.from({ length: 1_000 }, () => ({ query: '{ viewer { scopes } }' })));
    const response = await post(gateway().url, { query: '' }, { headers: AUTHORIZATION, body });
    expect(response.status).toBe(400);
  });
});

describe('a list', () => {
  it.each(['completions', 'budgets', 'alerts', 'anomalies', 'auditEvents', 'ledger', 'models', 'operations'])(
    '%s has a bound that nobody passes',
    async (field) => {
      for (const first of [201, -1, 2_147_483_647]) {
        const answer = await gateway().ask(`{ ${field}(first: ${first}) { totalCount } }`);
        expect(answer.errors?.map(({ extensions }) => extensions['code'])).toEqual([
          expect.stringMatching(/INVALID_INPUT|QUERY_TOO_EXPENSIVE/),
        ]);
      }
    },
  );
});

describe('with a short time for operations', () => {
  const hurried = useGateway({ config: { timeouts: { ...TIMEOUTS, operationMs: 300 } } });
  const SILENT =
    'mutation { completionCreate(input: { model: "demo/silent", source: { text: "x" } }) { completion { id } } }';

  it('an operation over its time is ended, its call is stopped, and its hold given back', async () => {
    const answer = await hurried().ask(SILENT);
    expect(answer.data ?? null).toBeNull();
    expect(answer.errors).toMatchObject([
      { extensions: { code: 'OPERATION_TIMEOUT', requestId: expect.any(String) } },
    ]);
    await expect
      .poll(async () => (await hurried().ask('{ completions { nodes { status } } }')).data.completions.nodes)
      .toEqual([{ status: expect.stringMatching(/CANCELLED|FAILED/) }]);
    const response = await post(hurried().url, { query: SILENT }, { headers: AUTHORIZATION });
    expect(response.status).toBe(504);
  });

  it('over a WebSocket too, and the socket stays open', async () => {
    const client = await connect(hurried().url, AUTHORIZATION);
    client.subscribe('1', { query: SILENT });
    expect(await client.next('1')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'OPERATION_TIMEOUT' } }],
    });
    client.subscribe('2', { query: '{ viewer { scopes } }' });
    expect(await client.next('2')).toMatchObject({ type: 'next' });
    client.ws.close();
  });

  it('a subscription may take longer', async () => {
    const events = await Array.fromAsync(
      hurried().socket().iterate({
        query:
          'subscription { completionStream(input: { model: "demo/slow", source: { text: "x" }, params: { maxOutputTokens: 9 } }) { __typename } }',
      }),
    );
    expect(events.at(-1)).toMatchObject({ data: { completionStream: { __typename: 'CompletionFinished' } } });
  });
});
