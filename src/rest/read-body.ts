import type { IncomingMessage } from 'node:http';
import { findExcess } from '../lib/json-bounds.ts';
import { Refused } from './errors.ts';
import { parseJson } from './parse-json.ts';

interface BodyLimits {
  bodyBytes: number;
  variableDepth: number;
  variableValues: number;
}

/**
 * The JSON that a client sends. Only JSON: a browser sends forms and plain text to other sites without asking first.
 * @throws Refused for another type, for too much of it, and for what is no JSON.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  const { headers } = request;
  if (!isJson(headers['content-type']))
    throw new Refused(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      'send JSON in UTF-8, with content-type: application/json',
    );
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new Refused(415, 'UNSUPPORTED_MEDIA_TYPE', 'send the body as it is, without content-encoding');
  const value = parseJson(await readBounded(request, limits.bodyBytes));
  const bounds = { depth: limits.variableDepth, values: limits.variableValues };
  const excess = findExcess(value, bounds);
  if (excess === 'depth')
    throw new Refused(400, 'BODY_TOO_DEEP', `the body may be nested ${bounds.depth} levels deep at most`);
  if (excess) throw new Refused(400, 'BODY_TOO_LARGE', `the body may hold ${bounds.values} values at most`);
  return value;
}

/** Other character sets are read by some and not by others, and so get past whoever looks in between. */
function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i.test(contentType ?? '');
}

async function readBounded(request: IncomingMessage, bodyBytes: number): Promise<Buffer> {
  // Node holds a body to this, so that only one without it has to be counted.
  if (Number(request.headers['content-length']) > bodyBytes) throw tooLarge(bodyBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Not `for await`: leaving that loop early would cut the connection before the client could hear why.
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > bodyBytes) {
      request.pause();
      reject(tooLarge(bodyBytes));
    } else {
      chunks.push(chunk);
    }
  });
  request.once('end', resolve);
  request.once('error', reject);
  request.once('close', () => reject(new Refused(400, 'BAD_REQUEST', 'the body ended too soon')));
  await promise;
  return Buffer.concat(chunks);
}

/** What is left of the body is not read, so nothing more can come on this connection. */
function tooLarge(bodyBytes: number): Refused {
  const message = `a body may have at most ${bodyBytes} bytes`;
  return new Refused(413, 'REQUEST_ENTITY_TOO_LARGE', message, { connection: 'close' });
}
