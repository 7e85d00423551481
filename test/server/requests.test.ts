import { describe, expect, test } from 'vitest';
import { ask, post, postForStream, TRANSPORTS } from './support/client.ts';
import { startTestServer } from './support/server.ts';

const HELLO = { query: '{ hello }' };

describe('what a browser can send to another site without asking is refused', () => {
  test.each([
    ['application/x-www-form-urlencoded', 'query=%7B%20hello%20%7D'],
    ['text/plain', JSON.stringify(HELLO)],
    ['application/graphql', '{ hello }'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--',
    ],
    ['text/plain; application/json', JSON.stringify(HELLO)],
    ['application/json; charset=utf-16', JSON.stringify(HELLO)],
    ['application/json; charset=utf-7', JSON.stringify(HELLO)],
  ])('%s', async (contentType, body) => {
    const { url } = await startTestServer();
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  test('a mutation by GET', async () => {
    const { url } = await startTestServer();
    const response = await fetch(`${url}?query=${encodeURIComponent('mutation { touch }')}`, {
      headers: { 'x-sluice-preflight': '1' },
    });
    expect(response.status).toBe(405);
  });
});

test('variables of a GET that are no JSON are the fault of the caller', async () => {
  const { url } = await startTestServer();
  const response = await fetch(`${url}?query={hello}&variables=nonsense`, {
    headers: { 'x-sluice-preflight': '1' },
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
});

test('a subscription does not begin where it cannot be streamed', async () => {
  const { url, toy } = await startTestServer();
  const response = await post(url, { query: 'subscription { chunks(bytes: 1) }' });
  expect(response.status).toBe(406);
  expect(await response.json()).toMatchObject({
    errors: [{ message: expect.stringContaining('text/event-stream') }],
  });
  expect(toy.taken).toBe(0);
});

test('several operations in one request are refused', async () => {
  const { url } = await startTestServer();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([HELLO, HELLO]),
  });
  expect(response.status).toBe(400);
});

describe('a body over the limit', () => {
  const large = JSON.stringify({ query: `{ hello } # ${'x'.repeat(100_000)}` });

  test('of known length is refused', async () => {
    const { url } = await startTestServer();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: large,
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      errors: [
        { message: expect.stringContaining('100000'), extensions: { code: 'REQUEST_ENTITY_TOO_LARGE' } },
      ],
    });
  });

  test('in chunks is refused, while a smaller one is read', async () => {
    const { url } = await startTestServer();
    const sendInChunks = (body: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Blob([body]).stream(),
        duplex: 'half',
      } as RequestInit);
    expect((await sendInChunks(large)).status).toBe(413);
    expect(await (await sendInChunks(JSON.stringify(HELLO))).json()).toEqual({ data: { hello: 'world' } });
  });
});

describe('CORS', () => {
  const app = 'https://app.example';
  const preflight = (url: string, origin: string) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    });
  const corsHeaders = (response: Response) =>
    [...response.headers.keys()].filter((name) => name.startsWith('access-control-'));

  test('is off by default', async () => {
    const { url } = await startTestServer();
    expect(corsHeaders(await preflight(url, app))).toEqual([]);
    expect(corsHeaders(await post(url, HELLO, { headers: { origin: app } }))).toEqual([]);
  });

  test('is on for exactly the origins configured', async () => {
    const { url } = await startTestServer({ corsOrigins: [app, 'https://other.example'] });
    const allowed = await preflight(url, app);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(app);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(allowed.headers.has('access-control-allow-credentials')).toBe(false);
    const answer = await post(url, HELLO, { headers: { origin: app } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(app);
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('origin');
    for (const foreign of ['https://app.example.evil', 'http://app.example', 'null']) {
      expect(corsHeaders(await preflight(url, foreign))).toEqual([]);
    }
  });

  test('a single origin is told to nobody else', async () => {
    const { url } = await startTestServer({ corsOrigins: [app] });
    expect(corsHeaders(await preflight(url, 'https://evil.example'))).toEqual([]);
  });
});

describe('the request id', () => {
  test('is the one that came, when it is a sane one', async () => {
    const { url, origin } = await startTestServer();
    const given = { headers: { 'x-request-id': 'abc_DEF-123' } };
    for (const response of [
      await post(url, HELLO, given),
      await postForStream(url, { query: 'subscription { count(to: 1) }' }, given),
      await fetch(`${origin}/nowhere`, given),
      await fetch(`${origin}/healthz`, given),
    ]) {
      expect(response.headers.get('x-request-id')).toBe('abc_DEF-123');
    }
  });

  test.each([undefined, 'a b', 'x'.repeat(65), '<script>'])('is made up instead of %s', async (given) => {
    const { url } = await startTestServer();
    const response = await post(url, HELLO, given ? { headers: { 'x-request-id': given } } : {});
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]{26}$/);
  });
});

test.each(TRANSPORTS)('resolvers read headers and signal of a request over %s', async (transport) => {
  const { url } = await startTestServer({
    context: ({ request, requestId }) => {
      if (!(request.signal instanceof AbortSignal) || !requestId) throw new Error('no signal or id');
      return {};
    },
  });
  const query = 'query { header(name: "content-type") }';
  expect(await ask(transport, url, { query })).toEqual({ data: { header: 'application/json' } });
});

test('every answer carries the security headers', async () => {
  const { url, origin } = await startTestServer();
  for (const response of [await post(url, HELLO), await fetch(origin), await fetch(`${origin}/healthz`)]) {
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.has('x-powered-by')).toBe(false);
  }
});

test('any other path is a 404 that says where GraphQL is', async () => {
  const { origin } = await startTestServer();
  const response = await fetch(`${origin}/graphq`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({
    errors: [{ message: expect.stringContaining('/graphql'), extensions: { code: 'NOT_FOUND' } }],
  });
});
