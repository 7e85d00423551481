import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { complete } from './complete.ts';
import type { Connection } from './connection.ts';
import type { DocumentsBy } from './document.ts';
import type { CompletionFieldsFragment, CompletionInput } from './generated/graphql.ts';
import { leavable } from './leavable.ts';
import { request } from './request.ts';
import { stream, type CompletionEvent } from './stream.ts';
import { subscribe } from './subscription.ts';

export type { CompletionFieldsFragment as Completion, CompletionInput } from './generated/graphql.ts';
export { SluiceError, type ErrorDetail, type SluiceErrorCode } from './sluice-error.ts';
export type { CompletionEvent } from './stream.ts';

export interface SluiceClientOptions {
  /** Where the graph is served, with http:// or https://. */
  url: string;
  /** An API key, or how to get one; asked for again with each request. */
  key: string | (() => string | Promise<string>);
  fetch?: typeof fetch;
  /** `hash`: operations are named by the hash that code generation gives them, where the gateway trusts them. */
  documentsBy?: DocumentsBy;
  /** For a runtime without a `WebSocket`, such as Node 20: the one of the package `ws`. */
  webSocketImpl?: unknown;
}

export interface RequestOptions {
  signal?: AbortSignal;
}

export interface CompleteOptions extends RequestOptions {
  /** Stands for this one completion; made up when none is given. */
  idempotencyKey?: string;
}

export type StreamOptions = RequestOptions & {
  /** Deltas are merged so that at most one comes in this time; 0 sends each as it comes. */
  coalesceMs?: number;
} & (
    | { idempotencyKey?: string; after?: undefined }
    | {
        idempotencyKey: string;
        /** The cursor of an event of the completion that the key stands for: goes on after it. */
        after: string | undefined;
      }
  );

/** Every method throws a `SluiceError`, or the reason of its signal. */
export interface SluiceClient {
  /** Any query or mutation, sent once. */
  request<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Data>;
  /** Any subscription. A lost connection ends it with an error. */
  subscribe<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): AsyncIterableIterator<Data>;
  /** One completion, once it is finished. Lost connections are made good. */
  complete(input: CompletionInput, options?: CompleteOptions): Promise<CompletionFieldsFragment>;
  /**
   * One completion while it comes. Lost connections are made good: nothing is lost or repeated. Ends after the one
   * CompletionFinished or CompletionFailed. To go on in another client, give the same `idempotencyKey` and `after`.
   */
  stream(input: CompletionInput, options?: StreamOptions): AsyncIterableIterator<CompletionEvent>;
}

/** A typed client of one gateway, for browsers and for Node. It holds nothing open while nothing runs. */
export function createSluiceClient(options: SluiceClientOptions): SluiceClient {
  const { url, key } = options;
  const connection: Connection = {
    url,
    readKey: typeof key === 'function' ? key : () => key,
    fetch: options.fetch ?? fetch,
    documentsBy: options.documentsBy ?? 'text',
    webSocketImpl: options.webSocketImpl,
  };
  return {
    request: (document, variables, { signal } = {}) => request(connection, document, variables, signal),
    subscribe: (document, variables, { signal } = {}) =>
      leavable((left) => subscribe(connection, document, variables, left), signal),
    complete: (input, { idempotencyKey = crypto.randomUUID(), signal } = {}) =>
      complete(connection, { input, idempotencyKey }, signal),
    stream: (input, { signal, idempotencyKey = crypto.randomUUID(), ...place } = {}) =>
      leavable((left) => stream(connection, { input, idempotencyKey, ...place }, left), signal),
  };
}
