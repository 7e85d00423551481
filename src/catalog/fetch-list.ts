import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isSafeUrl, isUrl } from '../lib/safe-url.ts';

const BYTES_MAX = 20_000_000;
const WITHIN_MS = 30_000;

/** What may be told of a source: a file's name, or a URL without its credentials. */
export function describeSource(source: string): string {
  if (!isUrl(source)) return basename(source);
  const { origin, pathname } = URL.parse(source) ?? { origin: 'a URL', pathname: '' };
  return `${origin}${pathname}`;
}

/**
 * The text of a price list.
 * @param source a file, or a URL; its user and password are sent as a header.
 * @throws Error, which shows no credentials.
 */
export async function fetchList(source: string, signal: AbortSignal): Promise<string> {
  return isUrl(source) ? download(source, signal) : readBounded(source, signal);
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

async function download(source: string, signal: AbortSignal): Promise<string> {
  if (!isSafeUrl(source)) throw new Error('a URL must begin with https://; http:// only on this machine');
  const limit = AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]);
  const url = new URL(source);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (url.username !== '' || url.password !== '') {
    const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(login).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  const response = await fetch(url, { headers, signal: limit }).catch((error: unknown) => {
    throw new Error(limit.aborted ? 'it did not come in time' : 'it cannot be reached', {
      cause: error,
    });
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the answer is HTTP ${response.status}`);
  }
  if (!isSafeUrl(response.url)) {
    await response.body?.cancel();
    throw new Error('it is sent on to a place that is not https://');
  }
  return readBody(response, limit);
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
