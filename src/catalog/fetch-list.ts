import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Agent, fetch, type Response } from 'undici';
import { createAddressGuard } from '../lib/safe-address.ts';
import { AddressRefused, createSafeConnector } from '../lib/safe-connect.ts';
import { isSafeUrl, isUrl } from '../lib/safe-url.ts';

const BYTES_MAX = 20_000_000;
const WITHIN_MS = 30_000;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const ACCEPT = { accept: 'application/json' };

/** What may be told of a source: a file's name, or a URL without its credentials. */
export function describeSource(source: string): string {
  if (!isUrl(source)) return basename(source);
  const { origin, pathname } = URL.parse(source) ?? { origin: 'a URL', pathname: '' };
  return `${origin}${pathname}`;
}

/**
 * The text of a price list.
 * @param source a file, or a URL; its user and password are sent as a header.
 * @param allowPrivate networks that it may come from although they are private.
 * @throws Error, which shows no credentials.
 */
export async function fetchList(
  source: string,
  signal: AbortSignal,
  allowPrivate: readonly string[],
): Promise<string> {
  return isUrl(source) ? download(source, signal, allowPrivate) : readBounded(source, signal);
}

async function readBounded(path: string, signal: AbortSignal): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > BYTES_MAX) throw tooLong();
    return await readFile(path, { encoding: 'utf8', signal });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new Error(`it cannot be read (${code})`, { cause: error });
  }
}

async function download(source: string, signal: AbortSignal, networks: readonly string[]): Promise<string> {
  if (!isSafeUrl(source)) throw new Error('a URL must begin with https://; http:// only on this machine');
  const guard = createAddressGuard({ networks, urls: [source] });
  const dispatcher = new Agent({ connect: createSafeConnector(guard, { timeout: 5_000 }) });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]);
  try {
    return await readBody(await follow(source, dispatcher, limit), limit);
  } finally {
    await dispatcher.destroy();
  }
}

/** By hand, so that each place on the way is looked at before it is asked, and only the first one sees the password. */
async function follow(source: string, dispatcher: Agent, signal: AbortSignal): Promise<Response> {
  let { url, headers } = splitCredentials(source);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const response = await fetch(url, { headers, signal, dispatcher, redirect: 'manual' }).catch(
      (error: unknown) => {
        throw new Error(signal.aborted ? 'it did not come in time' : describeFailure(error), {
          cause: error,
        });
      },
    );
    const location = response.headers.get('location');
    if (response.ok) return response;
    await response.body?.cancel();
    if (!REDIRECTS.has(response.status) || location === null)
      throw new Error(`the answer is HTTP ${response.status}`);
    const next = URL.parse(location, url);
    if (!next || !isSafeUrl(next.href)) throw new Error('it is sent on to a place that is not https://');
    if (next.origin !== url.origin) headers = ACCEPT;
    url = next;
  }
  throw new Error('it is sent on and on');
}

function splitCredentials(source: string): { url: URL; headers: Record<string, string> } {
  const url = new URL(source);
  if (url.username === '' && url.password === '') return { url, headers: ACCEPT };
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url, headers: { ...ACCEPT, authorization: `Basic ${Buffer.from(login).toString('base64')}` } };
}

function describeFailure(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause instanceof AddressRefused ? cause.message : 'it cannot be reached';
}

async function readBody(response: Response, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > BYTES_MAX) throw tooLong();
      chunks.push(chunk);
    }
  } catch (error) {
    if (bytes > BYTES_MAX) throw error;
    throw new Error(signal.aborted ? 'it did not come in time' : 'it broke off', { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLong(): Error {
  return new Error(`it is longer than ${BYTES_MAX / 1_000_000} MB`);
}
