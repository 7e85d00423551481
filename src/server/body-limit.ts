import { createGraphQLError } from 'graphql-yoga';
import type { FetchAPI, Plugin } from 'graphql-yoga';

/**
 * Refuses larger bodies. Yoga's own limit sends every body through a second stream, which costs close to half of
 * all requests a second; Node already holds a body to its `content-length`, so only those without one are counted.
 */
export function useBodyLimit(bodyBytes: number): Plugin {
  return {
    onRequestParse({ request, requestParser, setRequestParser, fetchAPI }) {
      const length = request.headers.get('content-length');
      if (Number(length) > bodyBytes) throw tooLarge(bodyBytes);
      if (length !== null || request.body === null || !requestParser) return;
      setRequestParser(async (chunked) => requestParser(await readBounded(chunked, bodyBytes, fetchAPI)));
    },
  };
}

async function readBounded(request: Request, bodyBytes: number, fetchAPI: FetchAPI): Promise<Request> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Not `for await`: leaving that loop early would cut the connection before the client could hear why.
  const reader = request.body?.getReader();
  for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
    bytes += read.value.byteLength;
    if (bytes > bodyBytes) throw tooLarge(bodyBytes);
    chunks.push(read.value);
  }
  const { url, method, headers, signal } = request;
  return new fetchAPI.Request(url, { method, headers, signal, body: Buffer.concat(chunks) });
}

function tooLarge(bodyBytes: number) {
  return createGraphQLError(`a body may have at most ${bodyBytes} bytes`, {
    extensions: { code: 'REQUEST_ENTITY_TOO_LARGE', http: { status: 413 } },
  });
}
