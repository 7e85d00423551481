import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const EXAMPLE = `subscription Example {
  completionStream(
    input: { model: "demo/assistant", source: { text: "Say hello in one sentence." } }
  ) {
    __typename
    cursor
    ... on CompletionTextDelta {
      text
    }
    ... on CompletionFinished {
      completion {
        text
        usage {
          input
          output
        }
        cost {
          amount
          currency
        }
      }
    }
    ... on CompletionFailed {
      reason
      errors {
        code
        message
      }
    }
  }
}
`;

const HEADERS = JSON.stringify({ Authorization: 'Bearer <your key>' }, null, 2);

/** Nothing but this server may be asked for anything: the page works offline or not at all. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
  'worker-src blob:',
  'img-src data:',
  'font-src data:',
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Slower settings save less than a tenth of the two megabytes and cost a second of the first visitor's time. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

const ENCODERS = {
  br: (html: string) => promisify(brotliCompress)(html, BROTLI),
  gzip: (html: string) => promisify(gzip)(html),
  identity: async (html: string) => Buffer.from(html),
};

type Encoding = keyof typeof ENCODERS;

/**
 * The GraphiQL page, nine megabytes in one file. It is made when first asked for, kept compressed, and answered
 * with 304 to a browser that has it.
 */
export function createGraphiqlPage(): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const bodies = new Map<Encoding, Promise<{ body: Buffer; etag: string }>>();
  return async (request, response) => {
    const encoding = chooseEncoding(request.headers['accept-encoding']);
    const made = bodies.get(encoding) ?? makeBody(encoding);
    bodies.set(encoding, made);
    const { body, etag } = await made;
    response.setHeaders(
      new Map([
        ['content-type', 'text/html; charset=utf-8'],
        ['content-security-policy', CONTENT_POLICY],
        ['cache-control', 'no-cache'],
        ['vary', 'accept, accept-encoding'],
        ['etag', etag],
      ]),
    );
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end();
      return;
    }
    if (encoding !== 'identity') response.setHeader('content-encoding', encoding);
    response.writeHead(200, { 'content-length': body.byteLength }).end(body);
  };
}

async function makeBody(encoding: Encoding) {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'Sluice',
    subscriptionsProtocol: 'WS',
    defaultTabs: [{ query: EXAMPLE, headers: HEADERS }],
    defaultHeaders: HEADERS,
  });
  const digest = createHash('sha256').update(html).digest('base64url').slice(0, 22);
  return { body: await ENCODERS[encoding](html), etag: `"${digest}-${encoding}"` };
}

function chooseEncoding(accepted: string | string[] | undefined): Encoding {
  const names = String(accepted ?? '')
    .split(',')
    .filter((part) => !/;\s*q=0(\.0+)?\s*$/.test(part))
    .map((part) => part.split(';')[0]?.trim());
  if (names.includes('br')) return 'br';
  return names.includes('gzip') ? 'gzip' : 'identity';
}
