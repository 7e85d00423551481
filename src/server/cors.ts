import type { IncomingMessage, ServerResponse } from 'node:http';
import { LABEL_HEADER } from '../domain/prompt.ts';
import { LIMIT_HEADERS } from '../limits/headers.ts';

/** What a page of another origin may send, and what it may read of the answer. */
export interface Cors {
  origin: string;
  methods: string[];
  allowedHeaders: string[];
  exposedHeaders: string[];
  /** Seconds for which a browser need not ask again. */
  maxAge: number;
}

const METHODS = ['GET', 'POST'];
const SENT = ['authorization', 'content-type', 'x-request-id', 'x-sluice-team', LABEL_HEADER];
/** What the doors beside the graph read. */
const SENT_TO_REST = [
  'idempotency-key',
  'last-event-id',
  'if-none-match',
  'mcp-protocol-version',
  'mcp-session-id',
  'mcp-method',
  'mcp-name',
];
const READ = ['x-request-id', ...LIMIT_HEADERS];
const READ_OF_REST = ['etag', 'mcp-session-id'];

/** @returns undefined for an origin that nothing is allowed, and for a request that names none. */
export function findCors(origin: string | null | undefined, allowed: readonly string[]): Cors | undefined {
  if (typeof origin !== 'string' || !allowed.includes(origin)) return undefined;
  return { origin, methods: METHODS, allowedHeaders: SENT, exposedHeaders: READ, maxAge: 600 };
}

/**
 * Tells a browser what its page may do at the doors beside the graph.
 * @returns whether that was all it asked: a preflight, which is answered.
 */
export function answerCors(
  request: IncomingMessage,
  response: ServerResponse,
  allowed: readonly string[],
): boolean {
  const cors = findCors(request.headers.origin, allowed);
  if (cors) {
    response.setHeader('access-control-allow-origin', cors.origin);
    response.setHeader('access-control-expose-headers', [...cors.exposedHeaders, ...READ_OF_REST].join(', '));
  }
  if (request.method !== 'OPTIONS') return false;
  if (cors) {
    response.setHeader('access-control-allow-methods', cors.methods.join(', '));
    response.setHeader('access-control-allow-headers', [...cors.allowedHeaders, ...SENT_TO_REST].join(', '));
    response.setHeader('access-control-max-age', String(cors.maxAge));
  }
  response.writeHead(204, { 'content-length': 0 }).end();
  return true;
}
