import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { connect, TRANSPORTS, type Transport } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { makeAuthority } from './support/certificates.ts';
import { askFrom, sendFrom, type Headers } from './support/from-address.ts';
import { WHO } from './support/signed-in.ts';

/** Of this machine too, so that a test can come from them. */
const PROXY = '127.0.0.2';
const ELSEWHERE = '127.0.0.3';
const CLIENT = '198.51.100.7';
const trustedProxies = [PROXY, '10.0.0.0/8', '2001:db8:ffff::/48'];

const who = { organisation: 'org_default', team: 'team_default' };
const certificates = [
  { ...who, san: 'spiffe://example.org/ns/*/sa/web', role: 'DEVELOPER' },
  { ...who, san: '*.web.example.com', role: 'CALLER' },
  { ...who, subject: 'CN=batch-*,OU=Payments', role: 'ANALYST' },
];
const identity = { issuers: [], certificates };
const XFCC = 'x-forwarded-client-cert';
const PEM = 'x-ssl-client-cert';
const gateway = useGateway({ config: { identity, trustedProxies, certificateHeader: XFCC } });
const byPem = useGateway({ config: { identity, trustedProxies, certificateHeader: PEM } });
const byNone = useGateway({ config: { identity, trustedProxies } });

const CREATE =
  'mutation ($input: KeyCreateInput!) { keyCreate(input: $input) { secret errors { message } } }';

/** What a key that is only for the client's address may be told. */
async function bearerFor(allowedIps: string[]): Promise<{ authorization: string }> {
  const input = { name: 'of an address', scopes: ['USAGE_READ'], allowedIps };
  const { data } = await gateway().ask(CREATE, { input });
  return { authorization: `Bearer ${data.keyCreate.secret}` };
}

const asScopes = (...scopes: string[]) => ({
  data: { viewer: { scopes, organisationId: 'org_default', team: { id: 'team_default' } } },
});
const unauthenticated = (message: RegExp) => ({
  errors: [
    {
      message: expect.stringMatching(message),
      extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) },
    },
  ],
});
const WEB = asScopes('COMPLETIONS_WRITE', 'USAGE_READ', 'KEYS_WRITE');
const WEB_XFCC = 'By=spiffe://example.org/gateway;Hash=0a1b;URI=spiffe://example.org/ns/prod/sa/web';

describe.each(TRANSPORTS)('over %s the address of a client', (transport) => {
  const from = (peer: string, headers: Headers) =>
    askFrom(peer, transport, gateway().url, { query: WHO }, headers);

  it.each([
    ['is what a trusted proxy says', CLIENT],
    ['is the last one that is no proxy of ours', `203.0.113.5, ${CLIENT}, 10.1.2.3,2001:db8:ffff::1`],
    ['may have a port', `${CLIENT}:51234`],
    ['may be written as IPv6', `::ffff:${CLIENT}`],
  ])('%s: %s', async (_, forwardedFor) => {
    const key = await bearerFor([CLIENT]);
    expect(await from(PROXY, { ...key, 'x-forwarded-for': forwardedFor })).toEqual(asScopes('USAGE_READ'));
  });

  it('may be IPv6, with a port or without', async () => {
    const key = await bearerFor(['2001:db8::/64']);
    for (const forwardedFor of ['2001:db8::7', '[2001:db8::7]', '[2001:db8::7]:443'])
      expect(await from(PROXY, { ...key, 'x-forwarded-for': forwardedFor })).toEqual(asScopes('USAGE_READ'));
  });

  it.each([
    ['cannot be made up by the client in front of a proxy', `${CLIENT}, 203.0.113.5`],
    ['is not taken from behind a word that is no address', `${CLIENT}, unknown`],
    ['is not taken from an empty entry', `${CLIENT},`],
  ])('%s: %s', async (_, forwardedFor) => {
    const key = await bearerFor([CLIENT]);
    expect(await from(PROXY, { ...key, 'x-forwarded-for': forwardedFor })).toEqual(
      unauthenticated(/unknown, expired or revoked/),
    );
  });

  it('is that of the connection for whoever is no trusted proxy, whatever the headers say', async () => {
    const headers = { 'x-forwarded-for': CLIENT, 'x-real-ip': CLIENT, forwarded: `for=${CLIENT}` };
    const ofClient = await bearerFor([CLIENT]);
    expect(await from(ELSEWHERE, { ...ofClient, ...headers })).toEqual(unauthenticated(/unknown/));
    const ofPeer = await bearerFor([ELSEWHERE]);
    expect(await from(ELSEWHERE, { ...ofPeer, ...headers })).toEqual(asScopes('USAGE_READ'));
  });

  it('is that of the proxy where the proxy says nothing', async () => {
    expect(await from(PROXY, await bearerFor([PROXY]))).toEqual(asScopes('USAGE_READ'));
  });
});

describe.each(TRANSPORTS)('over %s the certificate that a proxy has seen', (transport) => {
  const from = (peer: string, headers: Headers, url = gateway().url) =>
    askFrom(peer, transport, url, { query: WHO }, headers);

  it.each<[string, string, object]>([
    ['a URI', WEB_XFCC, WEB],
    ['a DNS name', 'Subject="CN=x";DNS=one.web.example.com', asScopes('COMPLETIONS_WRITE')],
    [
      'a subject',
      'Hash=0a1b;Subject="OU=Payments,CN=batch-7,O=Acme\\, Inc."',
      asScopes('USAGE_READ', 'AUDIT_READ'),
    ],
    ['the last of several', `URI=spiffe://example.org/other,${WEB_XFCC}`, WEB],
  ])('says who asks by %s', async (_, header, answer) => {
    expect(await from(PROXY, { [XFCC]: header })).toEqual(answer);
  });

  it.each([
    ['in front of that which our proxy has seen', `${WEB_XFCC},URI=spiffe://example.org/other`],
    ['inside of another value', 'Subject="CN=x;URI=spiffe://example.org/ns/prod/sa/web"'],
    ['inside of another value, with a quote', 'Subject="CN=\\";URI=spiffe://example.org/ns/prod/sa/web;\\""'],
    ['inside of another attribute', 'Subject="CN=batch-7\\,OU=Payments"'],
  ])('is not one %s', async (_, header) => {
    expect(await from(PROXY, { [XFCC]: header })).toEqual(unauthenticated(/nobody is known/));
  });

  it.each([
    ['that cannot be read', 'nonsense'],
    ['that is empty', ''],
    ['with two subjects', 'Subject="CN=batch-7,OU=Payments";Subject="CN=batch-7,OU=Payments"'],
    ['with a quote that does not end', `${WEB_XFCC};Subject="CN=x`],
    [
      'with a quote in front that swallows what our proxy has seen',
      `${WEB_XFCC};By=",Hash=0a1b;URI=spiffe://example.org/other;Subject="CN=mallory"`,
    ],
    ['of quotes without an end', `Subject="${String.raw`\"`.repeat(7_000)}`],
  ])('counts as none %s', async (_, header) => {
    expect(await from(PROXY, { [XFCC]: header })).toEqual(unauthenticated(/send a key/));
  });

  it('is believed from a trusted proxy only', async () => {
    for (const headers of [{}, { 'x-forwarded-for': PROXY }] as Headers[])
      expect(await from(ELSEWHERE, { [XFCC]: WEB_XFCC, ...headers })).toEqual(unauthenticated(/send a key/));
  });

  it('is believed in the one header that is configured only', async () => {
    const clients = await makeAuthority('CN=Clients');
    const { cert } = await clients.issue({
      subject: 'CN=x',
      sans: [{ type: 'url', value: 'spiffe://example.org/ns/prod/sa/web' }],
    });
    const xfcc = { [XFCC]: WEB_XFCC };
    const pem = { [PEM]: encodeURIComponent(cert) };
    expect(await from(PROXY, pem, byPem().url)).toEqual(WEB);
    expect(await from(ELSEWHERE, pem, byPem().url)).toEqual(unauthenticated(/send a key/));
    expect(await from(PROXY, { [PEM]: '%' }, byPem().url)).toEqual(unauthenticated(/send a key/));
    for (const [headers, to] of [
      [pem, gateway],
      [xfcc, byPem],
      [{ ...xfcc, ...pem }, byNone],
    ] as const)
      expect(await from(PROXY, headers, to().url)).toEqual(unauthenticated(/send a key/));
  });

  it('that is over counts for nothing, where the proxy sends it whole', async () => {
    const clients = await makeAuthority('CN=Clients');
    const { cert } = await clients.issue({
      subject: 'CN=x',
      sans: [{ type: 'dns', value: 'one.web.example.com' }],
      notAfter: new Date(Date.now() - 60_000),
    });
    expect(await from(PROXY, { [PEM]: encodeURIComponent(cert) }, byPem().url)).toEqual(
      unauthenticated(/expired/),
    );
  });

  it('counts for nothing beside a key', async () => {
    const authorization = `Bearer ${ADMIN_KEY}`;
    expect(await from(PROXY, { [XFCC]: WEB_XFCC, authorization })).toEqual(asScopes('OWNER'));
  });
});

describe('a header that decides who asks and is there twice', () => {
  const twice = (name: string, value: string): [string, Headers] => [name, { [name]: [value, value] }];
  const CASES = [
    twice('authorization', `Bearer ${ADMIN_KEY}`),
    twice('x-sluice-team', 'team_default'),
    twice('x-forwarded-for', CLIENT),
    twice(XFCC, WEB_XFCC),
  ];
  const admin = { authorization: `Bearer ${ADMIN_KEY}` };

  it.each(CASES)('is refused over HTTP and as a stream: %s', async (name, headers) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const all = { accept, ...admin, ...headers };
      const response = await sendFrom(PROXY, gateway().url, { query: WHO }, all);
      expect(response.statusCode).toBe(400);
      expect(await json(response)).toEqual({
        errors: [
          {
            message: `the header ${name} is there more than once`,
            extensions: { code: 'BAD_REQUEST', requestId: response.headers['x-request-id'] },
          },
        ],
      });
    }
  });

  it.each(CASES)('opens no socket: %s', async (_, headers) => {
    const all = { ...admin, ...headers } as Record<string, string>;
    await expect(connect(gateway().url, {}, { localAddress: PROXY, headers: all })).rejects.toThrow('400');
  });

  it.each<Transport>(['HTTP', 'WS'])('is no matter over %s where nobody believes it', async (transport) => {
    const headers = { ...admin, 'x-forwarded-for': [CLIENT, PROXY], [XFCC]: [WEB_XFCC, 'x'] };
    const answer = await askFrom(ELSEWHERE, transport, gateway().url, { query: WHO }, headers);
    expect(answer).toEqual(asScopes('OWNER'));
  });
});
