import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { json } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import type { CertificateConfig } from '../../src/config/config.ts';
import { connect, TRANSPORTS } from '../server/support/client.ts';
import { ADMIN_KEY, bootGateway, useGateway } from '../support/gateway.ts';
import { makeAuthority, writeServerFiles, type CertificateWishes } from './support/certificates.ts';
import { askSecurely, send, type SecureOptions } from './support/secure-client.ts';
import { disable, knownUser, WHO } from './support/signed-in.ts';

const servers = await makeAuthority('CN=Servers');
const clients = await makeAuthority('CN=Clients');
const strangers = await makeAuthority('CN=Strangers');
/** Another authority by the same name, that is with another key. */
const forgers = await makeAuthority('CN=Clients');
const { remove, ...files } = await writeServerFiles(servers, clients);
afterAll(remove);

const entry = (which: Partial<CertificateConfig>, role = 'CALLER'): CertificateConfig => ({
  organisation: 'org_default',
  team: 'team_default',
  role,
  ...which,
});
const certificates = [
  entry({ san: 'spiffe://example.org/ns/*/sa/web' }, 'DEVELOPER'),
  entry({ san: '*.web.example.com', endUser: 'the-web' }),
  entry({ subject: 'CN=batch-*,OU=Payments' }, 'ANALYST'),
  entry({ san: 'nowhere.example.com', team: 'team_none' }),
];
const config = {
  identity: { issuers: [], certificates },
  corsOrigins: ['https://app.example.com'],
  tls: { ...files, clientAuth: 'request' as const },
};
const gateway = useGateway({ config });

const ask = async (
  transport: (typeof TRANSPORTS)[number],
  wishes: CertificateWishes,
  options: Partial<SecureOptions> = {},
) =>
  askSecurely(
    transport,
    gateway().url,
    { query: WHO },
    {
      ca: servers.cert,
      client: await clients.issue(wishes),
      ...options,
    },
  );
const asScopes = (scopes: string[]) => ({
  data: { viewer: { scopes, organisationId: 'org_default', team: { id: 'team_default' } } },
});
const refused = (code: string, message: RegExp) => ({
  errors: [{ message: expect.stringMatching(message), extensions: { code, requestId: expect.any(String) } }],
});
const WEB = {
  subject: 'CN=anything',
  sans: [{ type: 'url', value: 'spiffe://example.org/ns/prod/sa/web' }],
} satisfies CertificateWishes;
const over = () => clients.issue({ ...WEB, notAfter: new Date(Date.now() - 60_000) });
const dns = (value: string) => ({ subject: 'CN=anything', sans: [{ type: 'dns' as const, value }] });
const uri = (value: string) => ({ subject: 'CN=anything', sans: [{ type: 'url' as const, value }] });

describe.each(TRANSPORTS)('over %s a client certificate', (transport) => {
  it('says who asks, by a URI, a DNS name or the subject', async () => {
    expect(await ask(transport, WEB)).toEqual(asScopes(['COMPLETIONS_WRITE', 'USAGE_READ', 'KEYS_WRITE']));
    expect(await ask(transport, dns('One.Web.example.com'))).toEqual(asScopes(['COMPLETIONS_WRITE']));
    expect(await ask(transport, { subject: 'CN=batch-7, OU=Payments, O=Acme' })).toEqual(
      asScopes(['USAGE_READ', 'AUDIT_READ']),
    );
  });

  it.each<[string, CertificateWishes]>([
    ['of nobody known', { subject: 'CN=mallory' }],
    ['with a known name, but only as its CN', { subject: 'CN=one.web.example.com' }],
    ['with a URI of another form', uri('spiffe://example.org/ns/a/b/sa/web')],
    ['with a URI that begins alike', uri('spiffe://example.org/ns/prod/sa/web2')],
    ['with a URI that ends like a DNS name', uri('spiffe://evil.web.example.com')],
    ['with one more name in front', dns('a.b.web.example.com')],
    ['with half of the subject', { subject: 'CN=batch-7' }],
    ['with all in one attribute', { subject: 'CN=batch-7\\,OU=Payments' }],
    ['with a subject that is there twice', { subject: 'CN=mallory, CN=batch-7, OU=Payments' }],
    [
      'with names inside of a name',
      { subject: 'CN=x', sans: [{ type: 'email', value: 'a, DNS:one.web.example.com, b' }] },
    ],
  ])('%s is refused', async (_, wishes) => {
    expect(await ask(transport, wishes)).toEqual(refused('UNAUTHENTICATED', /nobody is known/));
  });

  it('that is over, or of an authority that is not known, counts as none', async () => {
    for (const client of [await over(), await strangers.issue(WEB), undefined]) {
      expect(await ask(transport, WEB, { client })).toEqual(refused('UNAUTHENTICATED', /send a key/));
      const headers = { authorization: `Bearer ${ADMIN_KEY}` };
      expect(await ask(transport, WEB, { client, headers })).toEqual(asScopes(['OWNER']));
    }
  });

  it('that somebody forged ends the connection before anything is asked, also with a key', async () => {
    const client = await forgers.issue(WEB);
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    for (const more of [{}, { headers }])
      await expect(ask(transport, WEB, { client, ...more })).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  it('for a team that is not there lets nobody in', async () => {
    expect(await ask(transport, dns('nowhere.example.com'))).toEqual(refused('FORBIDDEN', /team_none/));
  });

  it('counts for nothing beside a key, right or wrong', async () => {
    const withKey = (key: string) => ask(transport, WEB, { headers: { authorization: `Bearer ${key}` } });
    expect(await withKey(ADMIN_KEY)).toEqual(asScopes(['OWNER']));
    expect(await withKey(`${ADMIN_KEY}x`)).toEqual(refused('UNAUTHENTICATED', /this key/));
    expect(await withKey('')).toEqual(refused('UNAUTHENTICATED', /send a key/));
  });

  it('in words of its own is nothing', async () => {
    const headers = {
      'x-forwarded-client-cert': 'URI=spiffe://example.org/ns/prod/sa/web',
      'x-ssl-client-cert': encodeURIComponent((await clients.issue(WEB)).cert),
    };
    expect(await ask(transport, WEB, { client: undefined, headers })).toEqual(
      refused('UNAUTHENTICATED', /send a key/),
    );
  });
});

describe('the holder of a certificate', () => {
  it('is a user by the name that matched, and can be disabled', async () => {
    const name = 'spiffe://example.org/ns/test/sa/web';
    expect(await ask('HTTP', uri(name))).toHaveProperty('data');
    expect(await knownUser(gateway(), name)).toMatchObject({ issuer: 'mtls', subject: name });
    await disable(gateway(), name);
    await expect.poll(() => ask('HTTP', uri(name))).toEqual(refused('UNAUTHENTICATED', /disabled/));
  });

  it('asks for its end user', async () => {
    const query =
      'mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { completion { endUserId } } }';
    const client = await clients.issue(dns('two.web.example.com'));
    const answer = await askSecurely('HTTP', gateway().url, { query }, { ca: servers.cert, client });
    expect(answer).toEqual({ data: { completionCreate: { completion: { endUserId: 'the-web' } } } });
  });

  it('is the same in a session that is resumed, and nobody is without a certificate in one', async () => {
    for (const [client, outcome] of [
      [await clients.issue(WEB), asScopes(['COMPLETIONS_WRITE', 'USAGE_READ', 'KEYS_WRITE'])],
      [await over(), refused('UNAUTHENTICATED', /send a key/)],
      [await strangers.issue(WEB), refused('UNAUTHENTICATED', /send a key/)],
    ] as const) {
      const { hostname, port } = new URL(gateway().url);
      const options = { host: hostname, port: Number(port), ca: servers.cert, ...client };
      const first = connectTls(options);
      const [session] = (await once(first, 'session')) as [Buffer];
      first.destroy();
      const agent = new Agent({ session });
      let resumed = false;
      agent.on('keylog', (_line, socket: TLSSocket) =>
        socket.once('secureConnect', () => (resumed = socket.isSessionReused())),
      );
      expect(
        await askSecurely('HTTP', gateway().url, { query: WHO }, { ca: servers.cert, client, agent }),
      ).toEqual(outcome);
      expect(resumed).toBe(true);
      agent.destroy();
    }
  });

  it('loses a connection that is older than the certificate', async () => {
    const client = await clients.issue({ ...WEB, notAfter: new Date(Date.now() + 3_000) });
    const socket = await connect(gateway().url, {}, { ca: servers.cert, ...client });
    socket.subscribe('1', { query: 'subscription { alertRaised { id } }' });
    const { payload } = await socket.next('1');
    expect([payload].flat()[0]).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    socket.subscribe('2', { query: WHO });
    expect(await socket.next('2')).toMatchObject({
      payload: [{ message: 'this client certificate has expired' }],
    });
    socket.ws.close();
  });
});

describe('a page in a browser that has a certificate', () => {
  const mutation =
    'mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { completion { id } } }';
  const from = async (headers: Record<string, string>, options: Partial<SecureOptions> = {}) =>
    send(
      gateway().url,
      { query: mutation },
      { ca: servers.cert, client: await clients.issue(WEB), headers, ...options },
    );

  it.each([
    ['of another origin', { origin: 'https://evil.example' }, {}, 403],
    ['without an origin', { origin: 'null' }, {}, 403],
    ['that only gets something', {}, { method: 'GET' as const }, 403],
    ['that sends a form', { 'content-type': 'text/plain' }, {}, 415],
    ['of an origin that is allowed', { origin: 'https://app.example.com' }, {}, 200],
  ])('%s is answered as it should be', async (_, headers, options, status) => {
    const response = await from(headers, options);
    expect(response.statusCode).toBe(status);
    expect(await json(response)).toHaveProperty(
      status === 200 ? 'data.completionCreate.completion.id' : 'errors.0.message',
    );
  });

  it('of another origin opens no socket', async () => {
    const client = await clients.issue(WEB);
    const opened = connect(
      gateway().url,
      {},
      { ca: servers.cert, ...client, origin: 'https://evil.example' },
    );
    await expect(opened).rejects.toThrow('403');
  });
});

describe('a server that requires certificates', () => {
  it('takes no connection without one', async () => {
    const strict = await bootGateway({ config: { ...config, tls: { ...files, clientAuth: 'require' } } });
    const options = { ca: servers.cert, client: await clients.issue(WEB) };
    expect(await askSecurely('HTTP', strict.url, { query: WHO }, options)).toHaveProperty('data');
    for (const client of [undefined, await over(), await strangers.issue(WEB), await forgers.issue(WEB)])
      await expect(askSecurely('HTTP', strict.url, { query: WHO }, { ...options, client })).rejects.toThrow(
        Error,
      );
    await strict.stop(0);
  });

  it('says which of its files it cannot use', async () => {
    const wrong = (tls: object) =>
      bootGateway({ config: { ...config, tls: { ...files, clientAuth: 'none', ...tls } } });
    await expect(wrong({ key: '/nonexistent/key.pem' })).rejects.toThrow(
      /server\.tls\.key .*ENOENT.*key\.pem/,
    );
    await expect(wrong({ key: files.cert })).rejects.toThrow(/the files of server\.tls cannot be used/);
  });
});
