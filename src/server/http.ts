import type { IncomingMessage, ServerResponse } from 'node:http';
import { newId } from '../lib/ids.ts';
import type { Rest } from '../rest/rest.ts';
import { isRefusal, type FindCaller, type Refusal } from './caller.ts';
import { answerCors } from './cors.ts';
import type { ErrorLog } from './errors.ts';
import { createGraphiqlPage } from './graphiql.ts';
import { findUnreadiness } from './health.ts';
import type { ReadyCheck } from './health.ts';
import { answerShed, type FindShedding } from './shed.ts';
import { GRAPHQL_PATH } from './yoga.ts';
import type { GraphqlServer } from './yoga.ts';

const SECURITY_HEADERS = new Map([
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cache-control', 'no-store'],
]);

export interface RequestHandlerOptions {
  graphql: GraphqlServer;
  rest: Rest;
  corsOrigins: string[];
  environment: 'development' | 'production';
  ready: ReadyCheck;
  log: ErrorLog;
  findCaller: FindCaller;
  isDraining(): boolean;
  findShedding: FindShedding;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Every path the gateway answers. Every answer has an `x-request-id`, the client's own where it sent a sane one. */
export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const showGraphiql = options.environment === 'development' ? createGraphiqlPage() : undefined;
  return async (request, response) => {
    const requestId = findRequestId(request) ?? newId('req');
    response.setHeaders(SECURITY_HEADERS);
    response.setHeader('x-request-id', requestId);
    if (options.isDraining()) response.setHeader('connection', 'close');
    const path = request.url?.split('?')[0] ?? '/';
    if (path === GRAPHQL_PATH) {
      if (showGraphiql && wantsPage(request)) return showGraphiql(request, response);
      const shed = options.findShedding();
      if (shed) return answerShed(response, shed, requestId);
      response.setHeader('vary', 'origin, accept');
      const caller = options.findCaller(request);
      if (isRefusal(caller)) answerRefusal(response, caller, requestId);
      else await options.graphql(request, response, { requestId, ...caller });
    } else if (options.rest.has(path)) {
      response.setHeader('vary', 'origin');
      if (answerCors(request, response, options.corsOrigins)) return;
      const caller = options.findCaller(request);
      if (isRefusal(caller)) answerRestRefusal(response, caller, requestId);
      else await options.rest.answer(request, response, { requestId, ...caller });
    } else if (path === '/healthz') {
      answerJson(response, 200, { status: 'alive' });
    } else if (path === '/readyz') {
      await answerReadiness(response, options);
    } else {
      const message = `there is nothing at ${JSON.stringify(path)}; GraphQL is served at ${GRAPHQL_PATH}`;
      answerRefusal(response, { status: 404, message }, requestId);
    }
  };
}

function findRequestId({ headers }: IncomingMessage): string | undefined {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(given) ? given : undefined;
}

function wantsPage({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && (headers.accept ?? '').includes('text/html');
}

async function answerReadiness(response: ServerResponse, options: RequestHandlerOptions): Promise<void> {
  const reason = options.isDraining()
    ? 'the server is shutting down'
    : await findUnreadiness(options.ready, options.log);
  if (reason === undefined) answerJson(response, 200, { status: 'ready' });
  else answerJson(response, 503, { status: 'not ready', reason });
}

const CODES = { 400: 'BAD_REQUEST', 403: 'FORBIDDEN', 404: 'NOT_FOUND' };

function answerRefusal(
  response: ServerResponse,
  { status, message }: { status: keyof typeof CODES; message: string },
  requestId: string,
): void {
  answerJson(response, status, { errors: [{ message, extensions: { code: CODES[status], requestId } }] });
}

/** In the form of the doors beside the graph. */
function answerRestRefusal(response: ServerResponse, { status, message }: Refusal, requestId: string): void {
  answerJson(response, status, { errors: [{ code: CODES[status], message }], requestId });
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}
