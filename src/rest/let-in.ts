import { isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { isBrowser, WRITTEN_BY_BROWSERS } from '../access/browsers.ts';
import type { ClientCertificate, Credentials, Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { Refused } from './errors.ts';

/** What a request shows of whoever sent it, as for the graph. */
export function credentialsOf(
  { headers }: IncomingMessage,
  { ip, certificate }: { ip: string; certificate: ClientCertificate | undefined },
): Credentials {
  const team = headers['x-sluice-team'];
  return {
    authorization: headers.authorization,
    ip,
    certificate,
    team: typeof team === 'string' && team !== '' ? team : undefined,
  };
}

/**
 * Where only trusted operations may be run, no other door stands open beside the graph: a publishable key comes in by none,
 * and a browser only where there is no such rule.
 * @throws Refused.
 */
export function ensureMayComeHere(
  { mode }: Gateway['config']['operations'],
  who: Principal,
  request: IncomingMessage,
): void {
  if (!who.publishable && !(mode === 'trusted' && isPage(request))) return;
  const message = 'only operations that are registered may be run here; send one to the graph';
  throw new Refused(403, 'OPERATION_NOT_TRUSTED', message);
}

/** Of a GET only what it says itself counts: there is nothing to run by one. */
function isPage({ method, headers }: IncomingMessage): boolean {
  const has = (name: string) => headers[name] !== undefined;
  return method === 'POST' ? isBrowser(method, has) : WRITTEN_BY_BROWSERS.some(has);
}

/**
 * Keeps out pages that got here by another name for this machine (DNS rebinding): to the browser, and by its headers, such
 * a page is of this very server. A name of somebody else's is needed for that, so one that nobody has allowed will not do.
 * https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
 * @throws Refused.
 */
export function ensureKnownPage({ headers }: IncomingMessage, corsOrigins: readonly string[]): void {
  const { origin, host } = headers;
  if (origin === undefined || corsOrigins.includes(origin)) return;
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (page?.host === host && isOfNobody(page?.hostname ?? '')) return;
  throw new Refused(403, 'FORBIDDEN', 'pages of this origin may not come here; see corsOrigins');
}

/** Such a host cannot be made to lead elsewhere. */
function isOfNobody(hostname: string): boolean {
  return hostname === 'localhost' || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
}
