import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../domain/principal.ts';
import { toAddressRanges } from '../lib/address-ranges.ts';
import {
  findClientAddress,
  plainAddress,
  readCertificate,
  readForwardedCertificate,
  readRegion,
} from './forwarded.ts';

/** What the connection itself tells of a client, by its own proof or by the word of a proxy that is trusted. */
export interface Caller {
  /** IPv4 addresses stand in their own form, not as IPv6. */
  ip: string;
  /** Verified, but perhaps over by now: a connection can outlive it. */
  certificate: ClientCertificate | undefined;
  /** Where it is, by a trusted proxy's word; undefined: nobody has said. */
  region: string | undefined;
}

/** Why a request is not taken, as an HTTP status and words for the client. */
export interface Refusal {
  status: 400 | 403;
  message: string;
}

/** Finds out who sends a request, or why it cannot be told. */
export type FindCaller = (request: IncomingMessage) => Caller | Refusal;

export interface CallerOptions {
  corsOrigins: string[];
  trustedProxies: string[];
  certificateHeader: string | undefined;
  /** The header in which trusted proxies tell where a client is. */
  regionHeader: string | undefined;
}

/** Of these each reader might take another one when there are several. */
const SINGLE = ['authorization', 'x-sluice-team'];
/** Certificates that were read, so that each is for one time only. */
const read = new WeakMap<TLSSocket, ClientCertificate>();
const FORWARDED_FOR = 'x-forwarded-for';

export function createCallerFinder(options: CallerOptions): FindCaller {
  const { corsOrigins, trustedProxies, certificateHeader, regionHeader } = options;
  const ofProxies = [
    FORWARDED_FOR,
    ...[certificateHeader, regionHeader].filter((name) => name !== undefined),
  ];
  const proxies = toAddressRanges(trustedProxies);
  return (request) => {
    const { socket, headersDistinct } = request;
    // A socket that is closed already has no address any more.
    const peer = plainAddress(socket.remoteAddress ?? '0.0.0.0');
    const isProxy = proxies.has(peer);
    const repeated = [...SINGLE, ...(isProxy ? ofProxies : [])].find(
      (name) => (headersDistinct[name]?.length ?? 0) > 1,
    );
    if (repeated !== undefined)
      return { status: 400, message: `the header ${repeated} is there more than once` };
    const forwardedFor = isProxy ? headersDistinct[FORWARDED_FOR]?.[0] : undefined;
    const caller = {
      ip: forwardedFor === undefined ? peer : findClientAddress(forwardedFor, peer, proxies),
      certificate:
        // The certificate of a proxy's own is not its clients'.
        isProxy ? forwardedCertificate(request, certificateHeader) : ownCertificate(request),
      region:
        isProxy && regionHeader !== undefined ? readRegion(headersDistinct[regionHeader]?.[0]) : undefined,
    };
    return (caller.certificate && findForeignPage(request, corsOrigins)) ?? caller;
  };
}

export function isRefusal(found: Caller | Refusal): found is Refusal {
  return 'status' in found;
}

/** A browser always names the page that it asks for where that is another one, unless it only gets something. */
export function isOriginAllowed({ headers }: IncomingMessage, allowed: string[]): boolean {
  const { origin, host } = headers;
  return origin === undefined || allowed.includes(origin) || hostOf(origin) === host;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function forwardedCertificate(
  { headersDistinct }: IncomingMessage,
  header: string | undefined,
): ClientCertificate | undefined {
  const value = header === undefined ? undefined : headersDistinct[header]?.[0];
  return value === undefined ? undefined : readForwardedCertificate(header!, value);
}

/** A session that is resumed has the certificate of its first connection, and what was found of it. */
function ownCertificate({ socket }: IncomingMessage): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const known = read.get(socket);
  if (known) return known;
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  const made = readCertificate(certificate);
  read.set(socket, made);
  return made;
}

/**
 * A browser shows the certificate by itself, whichever page asks. So where it alone says who asks, only a page of ours,
 * or one that is allowed, may: nothing that a browser would send for others without asking.
 */
function findForeignPage(request: IncomingMessage, corsOrigins: string[]): Refusal | undefined {
  if (request.headers.authorization !== undefined) return undefined;
  if (!isOriginAllowed(request, corsOrigins)) {
    return {
      status: 403,
      message: 'a page of another origin may not use a client certificate; see corsOrigins',
    };
  }
  const isUpgrade = request.headers.upgrade !== undefined;
  if (request.method !== 'GET' || isUpgrade) return undefined;
  return { status: 403, message: 'a client certificate alone opens no GET: send the operation with POST' };
}
