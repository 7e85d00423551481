/**
 * Whether a request may come from a page in a browser. A page cannot keep its browser from sending these: `Origin` goes
 * with every POST and every WebSocket (Fetch, "append a request Origin header"; RFC 6455, 4.1), `Sec-Fetch-Site` with
 * every request to https or to this machine (Fetch Metadata). A GET over plain http may carry neither, so every GET
 * counts. `Sec-Fetch-Mode` says nothing: Node sends it too.
 * @param has whether the request has a header of this name.
 */
export function isBrowser(method: string, has: (name: string) => boolean): boolean {
  return method !== 'POST' || WRITTEN_BY_BROWSERS.some(has);
}

/** Headers that no page can write, leave out or change. */
export const WRITTEN_BY_BROWSERS = ['origin', 'sec-fetch-site'];
