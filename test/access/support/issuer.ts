import { createPrivateKey, hash, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { Provider } from 'oidc-provider';
import type { IssuerConfig } from '../../../src/config/config.ts';

/** What tokens of the tests are for. */
export const AUDIENCE = 'urn:sluice';
const CLIENT = { id: 'app', secret: randomBytes(32).toString('hex') };
const REDIRECT = 'https://app.example.com/signed-in';

export interface SignedIn {
  accessToken: string;
  idToken: string;
}

/** A real OpenID provider in this process, with its own sign-in pages. */
export interface Issuer {
  url: string;
  config(changes?: IssuerChanges): IssuerConfig;
  /** Signs somebody in as a browser and an app would: pages, consent, code, tokens. */
  signIn(login: string): Promise<SignedIn>;
  /** A token by the issuer's own key, of which anything can be other than usual. */
  sign(claims?: JWTPayload, header?: object): Promise<string>;
  /** The same of parts that no library would sign. */
  signParts(header: object, payload: unknown): string;
  /** The public key, as everybody can read it. */
  publicJwk(): JWK;
  /** From now on it signs with another key, and names only that one. */
  rotate(): Promise<void>;
  /** How often its keys were read. */
  keysRead(): number;
  stop(): Promise<void>;
  /** Listens again, where it did. */
  restart(): Promise<void>;
}

/** @param claimsOf what tokens of an account say beside who it is. */
export async function startIssuer(claimsOf: (login: string) => object = () => ({})): Promise<Issuer> {
  let handle: RequestListener;
  let key: SigningKey;
  let keysRead = 0;
  const server = createServer((request, response) => {
    if (request.url === '/jwks') keysRead += 1;
    return handle(request, response);
  });
  async function listen(port: number): Promise<void> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  }
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  async function rotate(): Promise<void> {
    key = await makeKey();
    handle = createProvider(url, key.privateJwk, claimsOf).callback();
  }
  await rotate();
  return {
    url,
    rotate,
    config: (changes) => toIssuerConfig(url, changes),
    signIn: (login) => signIn(url, login),
    async sign(claims, header) {
      const now = Math.floor(Date.now() / 1_000);
      const usual = { iss: url, aud: AUDIENCE, sub: 'somebody', iat: now, exp: now + 600 };
      const payload = {
        ...claims,
        ...Object.fromEntries(Object.entries(usual).filter(([name]) => !claims || !(name in claims))),
      };
      const { kid } = key.privateJwk;
      return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(key.privateKey);
    },
    signParts(header, payload) {
      const head = { alg: 'RS256', kid: key.privateJwk.kid, ...header };
      const input = [head, payload]
        .map((each) => Buffer.from(JSON.stringify(each)).toString('base64url'))
        .join('.');
      const privateKey = createPrivateKey({ key: key.privateJwk as never, format: 'jwk' });
      return `${input}.${sign('RSA-SHA256', Buffer.from(input), privateKey).toString('base64url')}`;
    },
    publicJwk: () => key.publicJwk,
    keysRead: () => keysRead,
    async stop() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
    restart: () => listen(port),
  };
}

type Claims = Partial<IssuerConfig['claims']>;
export type IssuerChanges = Partial<Omit<IssuerConfig, 'claims'>> & { claims?: Claims };

const DEFAULT_CLAIMS: Claims = { team: { default: 'team_default' }, role: { default: 'CALLER' } };

/** The configuration of an issuer, with the defaults of the config file for what a test does not say. */
export function toIssuerConfig(
  issuer: string,
  { claims = DEFAULT_CLAIMS, ...changes }: IssuerChanges = {},
): IssuerConfig {
  return {
    issuer,
    audience: [AUDIENCE],
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    leewaySeconds: 5,
    ...changes,
    claims: {
      organisation: { default: 'org_default' },
      name: { claim: 'name' },
      email: { claim: 'email' },
      ...claims,
    },
  };
}

interface SigningKey {
  privateKey: CryptoKey;
  privateJwk: JWK;
  publicJwk: JWK;
}

async function makeKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const names = { kid: randomBytes(6).toString('hex'), alg: 'RS256', use: 'sig' };
  return {
    privateKey,
    privateJwk: { ...(await exportJWK(privateKey)), ...names },
    publicJwk: { ...(await exportJWK(publicKey)), ...names },
  };
}

function createProvider(url: string, jwk: JWK, claimsOf: (login: string) => object): Provider {
  return new Provider(url, {
    jwks: { keys: [jwk] },
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [REDIRECT] }],
    cookies: { keys: [randomBytes(16).toString('hex')] },
    findAccount: (_ctx: unknown, login: string) => ({
      accountId: login,
      claims: () => ({ sub: login, name: `The ${login}`, email: `${login}@example.com`, ...claimsOf(login) }),
    }),
    claims: { openid: ['sub', 'groups'], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false,
    extraTokenClaims: (_ctx: unknown, token: { accountId: string }) => claimsOf(token.accountId),
    ttl: { AccessToken: 600, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
    features: {
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'openid',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
}

async function signIn(issuer: string, login: string): Promise<SignedIn> {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: CLIENT.id,
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid profile email',
    resource: AUDIENCE,
    code_challenge: hash('sha256', verifier, 'base64url'),
    code_challenge_method: 'S256',
  });
  return redeem(issuer, await walkThroughPages(`${issuer}/auth?${query}`, login), verifier);
}

/** @returns the code that the app is sent. */
async function walkThroughPages(start: string, login: string): Promise<string> {
  const cookies = new Map<string, string>();
  let url = start;
  let form: URLSearchParams | undefined;
  for (;;) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form && { method: 'POST', body: form }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [name = '', value = ''] = set.split(';')[0]!.split('=');
      cookies.set(name, value);
    }
    const page = await response.text();
    const location = response.headers.get('location');
    if (location?.startsWith(REDIRECT)) return new URL(location).searchParams.get('code') ?? '';
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    if (!location && !prompt) throw new Error(`no page to go on from: ${response.status} ${page}`);
    form = location ? undefined : new URLSearchParams({ prompt: prompt!, login, password: 'any' });
    if (location) url = new URL(location, url).href;
  }
}

async function redeem(issuer: string, code: string, verifier: string): Promise<SignedIn> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${CLIENT.id}:${CLIENT.secret}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT,
      code_verifier: verifier,
      resource: AUDIENCE,
    }),
  });
  const { access_token: accessToken, id_token: idToken } = (await response.json()) as Record<string, string>;
  if (!accessToken || !idToken) throw new Error(`no tokens for the code ${code}: ${response.status}`);
  return { accessToken, idToken };
}
