import type { FetchFunction } from '@ai-sdk/provider-utils';
import { Agent, fetch, type RequestInit } from 'undici';

/** More than any answer holds; it bounds what a broken or hostile server can make the gateway read. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
/** The pipeline's own time limits are shorter and come first; this is the last resort. */
const SILENCE_MS = 30 * 60_000;

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
export function createVendorHttp(): VendorHttp {
  const dispatcher = new Agent({
    connect: { timeout: 5_000 },
    connections: 256,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 30_000,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    maxResponseSize: MAX_RESPONSE_BYTES,
  });
  // undici's fetch goes with undici's Agent: Node's built-in one refuses the dispatcher of another version.
  const vendorFetch = (url: string | URL, init: RequestInit) =>
    fetch(url, { ...init, dispatcher, redirect: 'manual' });
  return {
    fetch: vendorFetch as unknown as FetchFunction,
    close: () => dispatcher.destroy(),
  };
}
