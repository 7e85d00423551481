import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { AUDIENCE } from './issuer.ts';

/** Answers as an issuer, or not as one should. */
type Make = (url: string, jwks: object) => RequestListener;

export const BAD_ISSUERS: Record<string, Make> = {
  'sends us on to another place': (url, jwks) => (request, response) => {
    if (request.url === '/jwks') return answer(response, jwks);
    if (request.url === '/there') return answer(response, { issuer: url, jwks_uri: `${url}/jwks` });
    return response.writeHead(302, { location: `${url}/there` }).end();
  },
  'sends us on for its keys': (url, jwks) => (request, response) => {
    if (request.url === '/there') return answer(response, jwks);
    if (request.url === '/jwks') return response.writeHead(302, { location: `${url}/there` }).end();
    return answer(response, { issuer: url, jwks_uri: `${url}/jwks` });
  },
  'is another one': (url, jwks) => serve(jwks, { issuer: `${url}/other`, jwks_uri: `${url}/jwks` }),
  'has its keys where anybody could change them': (url, jwks) =>
    serve(jwks, { issuer: url, jwks_uri: 'http://192.0.2.1/jwks' }),
  'has its keys in a file': (url, jwks) => serve(jwks, { issuer: url, jwks_uri: 'file:///dev/null' }),
  'has no keys': (url) => serve({ keys: [] }, { issuer: url, jwks_uri: `${url}/jwks` }),
  'answers what is no JSON': () => (_, response) => response.end('<html>'),
  'answers nothing that says anything': () => (_, response) => answer(response, null),
  'answers an error': () => (_, response) => response.writeHead(500).end(),
  'answers without an end': () => (_, response) => {
    const timer = setInterval(() => response.write(' '.repeat(100_000)), 1);
    response.on('close', () => clearInterval(timer));
  },
  'never answers': () => () => {},
  'hangs up': () => (request) => request.socket.destroy(),
};

export interface OddIssuer {
  url: string;
  /** Signed with the key that it has, or would have. */
  token: string;
  stop(): Promise<void>;
}

/** To show that those above are refused for what they do, and for nothing else. */
export function startGoodIssuer(): Promise<OddIssuer> {
  return startOddIssuer((url, jwks) => serve(jwks, { issuer: url, jwks_uri: `${url}/jwks` }));
}

export async function startOddIssuer(make: Make): Promise<OddIssuer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
  server.on('request', make(url, { keys: [jwk] }));
  const token = await new SignJWT({ iss: url, aud: AUDIENCE, sub: 'somebody' })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setExpirationTime('10m')
    .sign(privateKey);
  return {
    url,
    token,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, body: unknown): void {
  response.end(JSON.stringify(body));
}

function serve(jwks: object, discovery: object): RequestListener {
  return (request, response) => answer(response, request.url === '/jwks' ? jwks : discovery);
}
