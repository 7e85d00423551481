import fc from 'fast-check';
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
} from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../server/support/client.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { useGateway } from '../support/gateway.ts';
import { AUDIENCE, startIssuer } from './support/issuer.ts';
import { askAs } from './support/keys.ts';
import { findUser, WHO } from './support/signed-in.ts';

const issuer = await startIssuer();
const foreign = await startIssuer();
/** Signs in a way that it is not configured for. */
const outdated = await startIssuer();
const gateway = useGateway({
  config: {
    // All of them come from one address.
    limits: { ...DEFAULTS.limits, failedCredentialsPerMinute: 1_000_000 },
    identity: {
      certificates: [],
      issuers: [issuer.config(), outdated.config({ algorithms: ['ES256', 'PS256'] })],
    },
  },
});
afterAll(() => Promise.all([issuer.stop(), foreign.stop(), outdated.stop()]));

const now = () => Math.floor(Date.now() / 1_000);
const usual = () => ({ iss: issuer.url, aud: AUDIENCE, sub: 'mallory', iat: now(), exp: now() + 600 });
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const kid = () => issuer.publicJwk().kid!;

/** Signed by a key of whoever attacks, under the name of the issuer's. */
async function forge(header: object = {}, claims: object = {}): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return new SignJWT({ ...usual(), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: kid(), ...header })
    .sign(privateKey);
}

async function signWithPublicKey(): Promise<string> {
  const pem = await exportSPKI((await importJWK(issuer.publicJwk(), 'RS256')) as CryptoKey);
  return new SignJWT(usual()).setProtectedHeader({ alg: 'HS256', kid: kid() }).sign(Buffer.from(pem));
}

async function changed(change: (parts: string[]) => string[]): Promise<string> {
  return change((await issuer.sign()).split('.')).join('.');
}

const NOT_ACCEPTED: Record<string, () => string | Promise<string>> = {
  'of another issuer': () => foreign.sign(),
  'of another issuer that says it is ours': () => foreign.sign({ iss: issuer.url }),
  'of an issuer with a slash more': () => issuer.sign({ iss: `${issuer.url}/` }),
  'of no issuer': () => issuer.sign({ iss: undefined }),
  'of a list of issuers': () => issuer.sign({ iss: [issuer.url] as never }),
  'for somebody else': () => issuer.sign({ aud: 'urn:somebody-else' }),
  'for nobody': () => issuer.sign({ aud: undefined }),
  'for everybody': () => issuer.sign({ aud: '*' }),
  'without an end': () => issuer.sign({ exp: undefined }),
  'with an end in words': () => issuer.sign({ exp: '9999999999' as never }),
  'of nobody': () => issuer.sign({ sub: undefined }),
  'of somebody without a name': () => issuer.sign({ sub: '' }),
  'of a list of people': () => issuer.sign({ sub: ['mallory'] as never }),
  'of somebody whose name cannot be kept': () => issuer.sign({ sub: 'mallory\0' }),
  'of somebody with half a character': () => issuer.sign({ sub: 'mallory\ud800' }),
  'without a signature (alg none)': () => new UnsecuredJWT(usual()).encode(),
  'without a signature (alg NONE)': () => `${part({ alg: 'NONE' })}.${part(usual())}.`,
  'without a signature, its own one cut off': () => changed(([head, body]) => [head!, body!, '']),
  'that a shared secret signs: the public key': signWithPublicKey,
  'of an algorithm that is not allowed': () => outdated.sign(),
  'signed by another key': () => forge(),
  'that brings its key along': async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    return new SignJWT(usual())
      .setProtectedHeader({ alg: 'ES256', jwk: await exportJWK(publicKey) })
      .sign(privateKey);
  },
  'that names where its key is': () => forge({ jku: `${foreign.url}/jwks`, x5u: `${foreign.url}/x5u` }),
  'whose key id is a path': () => forge({ kid: '../../../../dev/null' }),
  'whose key id is SQL': () => forge({ kid: "x' UNION SELECT 'key" }),
  'whose key id is a name of objects': () => forge({ kid: '__proto__' }),
  'whose key id is no text': () => issuer.signParts({ kid: { a: 1 } }, usual()),
  'whose key id nobody knows': () => forge({ kid: 'unknown' }),
  'that asks for what nobody understands': () => issuer.signParts({ crit: ['x'], x: 1 }, usual()),
  'with an unencoded payload': () => issuer.signParts({ b64: false, crit: ['b64'] }, usual()),
  'with another body': () =>
    changed(([head, , signature]) => [head!, part({ ...usual(), sub: 'admin' }), signature!]),
  'with another head': () =>
    changed(([, body, signature]) => [part({ alg: 'PS256', kid: kid() }), body!, signature!]),
  'with a longer signature': () => changed(([head, body, signature]) => [head!, body!, `${signature!}AAAA`]),
  'with a body that is a list': () => issuer.signParts({}, [usual()]),
  'with a body that is nothing': () => issuer.signParts({}, null),
  'with a body that is no JSON': () => `${part({ alg: 'RS256' })}.e30x.AAAA`,
  encrypted: () => `${part({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`,
};

const ofTime = (message: string) => ({
  errors: [{ message, extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) } }],
});
const NOT_TOLD = ofTime(
  expect.stringMatching(/^(this token is not accepted|this key is unknown|send a key)/),
);
const ask = (token: string, transport: (typeof TRANSPORTS)[number] = 'HTTP') =>
  askAs(`Bearer ${token}`, transport, gateway().url, { query: WHO });

describe('a token', () => {
  it.each(TRANSPORTS)(
    'is accepted over %s as it should be, so that what follows shows something',
    async (transport) => {
      for (const token of [await issuer.sign(), issuer.signParts({}, { ...usual(), sub: 'somebody' })])
        expect(await ask(token, transport)).toHaveProperty('data.viewer.scopes', ['COMPLETIONS_WRITE']);
    },
  );

  describe.each(TRANSPORTS)('over %s', (transport) => {
    it.each(Object.entries(NOT_ACCEPTED))('%s is refused, and why is not told', async (_, make) => {
      expect(await ask(await make(), transport)).toEqual(NOT_TOLD);
    });

    it('whose time is over, or has not come, is told so only when it is signed as it should be', async () => {
      const over = { exp: now() - 60 };
      const early = { nbf: now() + 60 };
      expect(await ask(await issuer.sign(over), transport)).toEqual(
        ofTime('this token has expired; get a new one'),
      );
      for (const claims of [early, { iat: now() + 60 }])
        expect(await ask(await issuer.sign(claims), transport)).toEqual(
          ofTime('this token is not valid yet; check the clocks'),
        );
      for (const claims of [over, early])
        expect(await ask(await forge({}, claims), transport)).toEqual(NOT_TOLD);
    });

    it('that is too long is not looked at', async () => {
      const long = await issuer.sign({ padding: 'x'.repeat(8_000) });
      expect(await ask(long, transport)).toEqual(NOT_TOLD);
    });
  });

  it('lives a little longer than it says, for clocks that differ', async () => {
    expect(await ask(await issuer.sign({ exp: now() - 2 }))).toHaveProperty('data.viewer');
    expect(await ask(await issuer.sign({ nbf: now() + 2 }))).toHaveProperty('data.viewer');
  });

  it('that ends after the last day of all is no problem', async () => {
    for (const exp of [1e15, Number.MAX_SAFE_INTEGER, 1e300])
      expect(await ask(await issuer.sign({ exp }))).toHaveProperty('data.viewer');
  });

  it('that was refused made nobody a user', async () => {
    expect(await findUser(gateway(), 'mallory')).toBeUndefined();
    expect(await findUser(gateway(), 'admin')).toBeUndefined();
  });

  it('and another one that begins alike are two', async () => {
    const padding = 'x'.repeat(400);
    // Claims in this order, so that what differs comes last.
    const [one, other] = await Promise.all(
      ['first', 'second'].map((sub) => issuer.sign({ padding, sub, name: sub })),
    );
    expect(one!.slice(0, 200)).toBe(other!.slice(0, 200));
    for (const [token, name] of [
      [one, 'first'],
      [other, 'second'],
      [one, 'first'],
    ] as const) {
      expect(await ask(token!)).toHaveProperty('data');
      expect(await findUser(gateway(), name)).toMatchObject({ name });
    }
    const users = await gateway().gateway.database
      .sql`SELECT id FROM users WHERE subject IN ('first', 'second')`;
    expect(users).toHaveLength(2);
  });

  it('of any bytes is refused, and the process lives', async () => {
    const piece = fc.oneof(
      fc.base64String({ maxLength: 60 }).map((text) => text.replace(/[=+/]/g, '_')),
      fc.json({ maxDepth: 2 }).map((text) => Buffer.from(text).toString('base64url')),
      fc
        .record({
          alg: fc.constantFrom('RS256', 'ES256', 'none', 'HS256', 'EdDSA', ''),
          kid: fc.oneof(fc.string(), fc.constant(kid())),
        })
        .map(part),
      fc
        .record({
          iss: fc.constantFrom(issuer.url, ''),
          aud: fc.constant(AUDIENCE),
          exp: fc.oneof(fc.double(), fc.integer()),
          sub: fc.string(),
        })
        .map(part),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 3, maxLength: 3 }), async (parts) => {
        expect(await ask(`e${parts.join('.').slice(1)}`)).toEqual(NOT_TOLD);
      }),
      { numRuns: 300 },
    );
  });

  it('stands in no line of the log, and the reason of a refusal does', async () => {
    const forged = await forge({ kid: kid() }, { sub: 'logged' });
    await ask(forged);
    const lines = gateway().logs.join('');
    expect(lines).toContain('ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
    expect(lines).not.toContain(forged.split('.')[1]);
    expect(lines).not.toContain(forged.split('.')[2]);
  });
});
