/**
 * Whether a request may come from a page in a browser. A page cannot keep its browser from sending these: `Origin` goes
 * with every POST and every WebSocket (Fetch, "append a request Origin header"; RFC 6455, 4.1), `Sec-Fetch-Site` with
 * every request to https or to this machine (Fetch Metadata). A GET over plain http may carry neither, so every GET
 * counts. `Sec-Fetch-Mode` says nothing: Node sends it too.
 */
export function isBrowser({ method, headers }: Request): boolean {
  return method !== 'POST' || WRITTEN_BY_BROWSERS.some((name) => headers.has(name));
}

/** Headers that no page can write, leave out or change. */
export const WRITTEN_BY_BROWSERS = ['origin', 'sec-fetch-site'];
