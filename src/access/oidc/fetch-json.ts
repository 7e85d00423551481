import { fetch, type Dispatcher, type Response } from 'undici';

const BYTES_MAX = 500_000;

/**
 * The JSON at a URL. Redirects are not followed: what an issuer says of its keys stands where it said, or nowhere.
 * @throws Error, whose message may be logged.
 */
export async function fetchJson(
  url: string,
  { signal, dispatcher }: { signal: AbortSignal; dispatcher: Dispatcher },
): Promise<unknown> {
  const headers = { accept: 'application/json' };
  const response = await fetch(url, { redirect: 'manual', signal, dispatcher, headers });
  try {
    if (response.status !== 200) throw new Error(`it answers ${response.status}`);
    return JSON.parse(await readBounded(response)) as unknown;
  } finally {
    await response.body?.cancel().catch(() => {});
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
    bytes += read.value.byteLength;
    if (bytes > BYTES_MAX) {
      await reader?.cancel();
      throw new Error(`it is longer than ${BYTES_MAX} bytes`);
    }
    chunks.push(read.value);
  }
  return Buffer.concat(chunks).toString('utf8');
}
