import type { FetchFunction } from '@ai-sdk/provider-utils';
import { Agent, request, type Dispatcher } from 'undici';
import type { AddressGuard } from '../lib/safe-address.ts';
import { findConnectionWatch } from '../lib/connection-watch.ts';
import { createSafeConnector } from '../lib/safe-connect.ts';
import { boundOf, type Bound } from './bounded-body.ts';

/** The pipeline's own time limits are shorter and come first; this is the last resort. */
const SILENCE_MS = 30 * 60_000;
/** Statuses that have no body, and may not get one (WHATWG Fetch, null body status). */
const BODYLESS = new Set([204, 205, 304]);

/** The connections to vendors; whoever creates them closes them. */
export interface VendorHttp {
  fetch: FetchFunction;
  /** Breaks off what is still open. */
  close(): Promise<void>;
}

/**
 * HTTP/1.1 with bounded, kept connections. Redirects are not followed: one to an address inside the owner's
 * network would be answered with the vendor's key attached (CVE-2025-62155 of another gateway).
 */
export function createVendorHttp(guard: AddressGuard): VendorHttp {
  const dispatcher = new Agent({
    connect: createSafeConnector(guard, { timeout: 5_000, allowH2: false }),
    connections: 256,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 30_000,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  }).compose(tellConnected);
  return {
    fetch: ((url: string, init?: FetchInit) => send(dispatcher, url, init)) as FetchFunction,
    close: () => dispatcher.destroy(),
  };
}

/** A request is begun when there is a connection for it. */
const tellConnected: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const onConnected = findConnectionWatch();
  if (!onConnected) return dispatch(options, handler);
  return dispatch(options, {
    onRequestStart(controller, context) {
      onConnected();
      handler.onRequestStart?.(controller, context);
    },
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  });
};

/** The part of `RequestInit` that the AI SDK uses; all its packages give headers as a plain record. */
interface FetchInit {
  method?: Dispatcher.HttpMethod;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
}

/** undici's `request` behind the face of `fetch`: a short answer takes about half the CPU time of undici's own `fetch`. */
async function send(dispatcher: Dispatcher, url: string, init: FetchInit = {}): Promise<Response> {
  const { method = 'GET', body, signal } = init;
  const headers = { ...init.headers, 'accept-encoding': 'identity' };
  const answer = await request(url, { method, headers, body, signal, dispatcher });
  const { statusCode: status, statusText } = answer;
  if (BODYLESS.has(status)) await answer.body.dump();
  const read = new Headers(readHeaders(answer.headers));
  const bound = boundOf(status, read.get('content-type') ?? undefined);
  const stream = BODYLESS.has(status) ? null : toWebStream(answer.body, bound);
  return new Response(stream, { status, statusText, headers: read });
}

function readHeaders(headers: Dispatcher.ResponseData['headers']): [string, string][] {
  return Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
}

/** Unlike `ReadableStream.from`, this can be cancelled while the server is silent. */
function toWebStream(body: Dispatcher.ResponseData['body'], goesOn: Bound): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) return controller.close();
      try {
        const isLast = !goesOn(value);
        controller.enqueue(value);
        if (!isLast) return;
        controller.close();
        body.destroy();
      } catch (error) {
        body.destroy();
        throw error;
      }
    },
    cancel: (reason) => void body.destroy(reason instanceof Error ? reason : undefined),
  });
}
