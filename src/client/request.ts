import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { authorize, type Connection } from './connection.ts';
import { toParams } from './document.ts';
import { dataOf, type Result } from './result.ts';
import { SluiceError } from './sluice-error.ts';

/**
 * Asks once, over HTTP.
 * @throws SluiceError, or the signal's reason.
 */
export async function request<Data, Variables>(
  connection: Connection,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const answer = await post(
    connection,
    JSON.stringify({ ...toParams(document, connection.documentsBy), variables }),
    signal,
  );
  return dataOf(parseResult(answer)) as Data;
}

interface Answer {
  status: number;
  text: string;
}

async function post(connection: Connection, body: string, signal?: AbortSignal): Promise<Answer> {
  const headers = {
    accept: 'application/graphql-response+json, application/json',
    'content-type': 'application/json',
    ...(await authorize(connection)),
  };
  const { fetch, url } = connection;
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: signal ?? null });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    signal?.throwIfAborted();
    throw new SluiceError([{ code: 'NETWORK', message: `no answer from ${url}` }], { cause });
  }
}

function parseResult({ status, text }: Answer): Result {
  try {
    const result = JSON.parse(text) as Result | null;
    if (result?.data || result?.errors) return result;
  } catch {
    // A proxy's page, not JSON.
  }
  // A proxy answers these for a gateway that is away.
  const code = status >= 500 ? 'UNAVAILABLE' : 'NO_GRAPHQL';
  throw new SluiceError([{ code, message: `the answer is no GraphQL: HTTP status ${status}` }]);
}
