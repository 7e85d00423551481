import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { createClient } from 'graphql-ws/client';
import { authorize, type Connection } from './connection.ts';
import { toParams } from './document.ts';
import { createInbox } from './inbox.ts';
import { dataOf, toSluiceError, type Result } from './result.ts';
import { SluiceError } from './sluice-error.ts';

const PING_EVERY_MS = 5_000;
/** How long to wait for the answer to a ping, or for a connection. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * The results of one subscription, over a WebSocket of its own. A lost connection is an error: graphql-ws would
 * subscribe again as if nothing had been received.
 * @throws SluiceError, or the signal's reason.
 */
export async function* subscribe<Data, Variables>(
  connection: Connection,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  signal: AbortSignal,
): AsyncGenerator<Data, void> {
  const connectionParams = await authorize(connection);
  const inbox = createInbox<Result>(signal);
  const lose = (cause: unknown) => inbox.end(lost(cause));
  let unanswered: ReturnType<typeof setTimeout>;
  function expectAnswer(): void {
    clearTimeout(unanswered);
    unanswered = setTimeout(lose, ANSWER_WITHIN_MS, 'no answer');
  }
  const client = createClient({
    url: connection.url.replace(/^http/, 'ws'),
    webSocketImpl: connection.webSocketImpl,
    connectionParams,
    retryAttempts: 0,
    keepAlive: PING_EVERY_MS,
    on: {
      ping: (received) => received || expectAnswer(),
      message: () => clearTimeout(unanswered),
      closed(event) {
        lose(event);
        // After a normal closure by the other side graphql-ws would connect again for whoever has not left.
        leave();
      },
    },
  });
  const leave = client.subscribe(
    { ...toParams(document, connection.documentsBy), variables: variables as Record<string, unknown> },
    {
      next: (result) => inbox.put(result as Result),
      error: (error) => inbox.end(Array.isArray(error) ? toSluiceError(error) : lost(error)),
      complete: () => inbox.end(),
    },
  );
  expectAnswer();
  try {
    for await (const result of inbox.read()) yield dataOf(result) as Data;
  } finally {
    clearTimeout(unanswered!);
    leave();
  }
}

function lost(cause: unknown): SluiceError {
  const { code, reason = '' } = Object(cause) as { code?: number; reason?: string };
  const why = code === undefined ? '' : `: ${code} ${reason}`.trimEnd();
  return new SluiceError([{ code: 'NETWORK', message: `the connection was lost${why}` }], { cause });
}
