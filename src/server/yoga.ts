import type { DocumentNode, GraphQLSchema } from 'graphql';
import { createGraphQLError, createYoga } from 'graphql-yoga';
import type { CORSOptions, Plugin, YogaInitialContext, YogaServerInstance } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { EXTRA_PARAMS } from '../plugins/trusted-documents.ts';
import { useInputErrors } from '../plugins/input-errors.ts';
import { useBodyLimit } from './body-limit.ts';
import { maskError, presentResult } from './errors.ts';
import type { Caller } from './caller.ts';
import { findCors, type Cors } from './cors.ts';
import type { ErrorLog } from './errors.ts';

/** What a transport knows of an operation before anything ran. */
export interface ServerContext extends Caller {
  requestId: string;
}

/** The same on every transport: `request` has the client's headers and a signal that aborts when it leaves. */
export type OperationContext = YogaInitialContext & ServerContext;

export interface GraphqlServerOptions {
  schema: GraphQLSchema;
  plugins: Plugin[];
  /** What resolvers get beside what the transport knows. */
  context(initial: OperationContext): Promise<object> | object;
  environment: 'development' | 'production';
  corsOrigins: string[];
  limits: { bodyBytes: number };
  log: ErrorLog;
}

export type GraphqlServer = YogaServerInstance<ServerContext, object>;

export const GRAPHQL_PATH = '/graphql';

/** The one way from an operation to its result; HTTP, SSE and WebSocket all lead here. */
export function createGraphqlServer(options: GraphqlServerOptions): GraphqlServer {
  return createYoga<ServerContext, object>({
    schema: options.schema,
    context: options.context,
    plugins: [
      // First, so that it sees the results of the plugins after it.
      useInputErrors({ hideSuggestions: options.environment === 'production' }),
      useRequestRules(),
      useBodyLimit(options.limits.bodyBytes),
      ...options.plugins,
      usePresentation(options.log),
    ],
    graphqlEndpoint: GRAPHQL_PATH,
    maskedErrors: { maskError },
    maxRequestBodySize: false,
    parserAndValidationCache: { documentCache: createDocumentCache(), errorCache: createErrorCache() },
    cors:
      options.corsOrigins.length > 0 &&
      ((request) => toYoga(findCors(request.headers.get('origin'), options.corsOrigins))),
    multipart: false,
    extraParamNames: EXTRA_PARAMS,
    graphiql: false,
    landingPage: false,
    // Yoga would print whole errors to the console; `presentResult` writes down what has to be known.
    logging: false,
  });
}

/**
 * Only JSON is read from a body: a browser sends forms and plain text to other sites without asking first. And a
 * subscription begins only where its results can be sent; Yoga would begin it and then answer 406.
 */
function useRequestRules(): Plugin {
  return {
    onRequestParse({ request, requestParser, setRequestParser }) {
      if (request.method === 'POST' && !isJson(request.headers.get('content-type'))) {
        throw badRequest(415, 'send the operation as JSON in UTF-8, with content-type: application/json');
      }
      if (request.method === 'GET' && !ASKED_FOR.some((name) => request.headers.has(name)))
        throw badRequest(400, `a GET needs one of the headers ${ASKED_FOR.join(', ')}`, 'CSRF_PREVENTED');
      if (request.method !== 'GET' || !requestParser) return;
      setRequestParser((get) => {
        try {
          return requestParser(get);
        } catch {
          throw badRequest(400, '"variables" and "extensions" must be JSON');
        }
      });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      if (acceptsStream(args.contextValue.request)) return;
      const message = 'a subscription is a stream: send accept: text/event-stream, or use a WebSocket';
      setResultAndStopExecution({ errors: [badRequest(406, message)] });
    },
  };
}

function acceptsStream(request: Request): boolean {
  return /text\/event-stream|text\/\*|\*\/\*/.test(request.headers.get('accept') ?? '*/*');
}

/** Other character sets are read by some and not by others, and so get past whoever looks in between. */
function isJson(contentType: string | null): boolean {
  return (
    contentType !== null && /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i.test(contentType)
  );
}

/**
 * No page may send these to another site without that site's leave. A GET without them may come from any page, with
 * what the browser adds by itself, such as a client certificate.
 */
const ASKED_FOR = ['authorization', 'x-request-id', 'x-sluice-preflight', 'apollo-require-preflight'];

function badRequest(status: number, message: string, code = 'BAD_REQUEST') {
  return createGraphQLError(message, { extensions: { code, http: { status } } });
}

function usePresentation(log: ErrorLog): Plugin<object, ServerContext> {
  return {
    onResultProcess({ request, result, setResult, serverContext }) {
      if (Array.isArray(result)) return;
      const { requestId } = serverContext;
      setResult(presentResult(result, { requestId, signal: request.signal, log, hasStatus: true }));
    },
  };
}

/** Yoga answers a foreign origin with `null`, which a sandboxed frame may claim to be; so it never hears of one. */
function toYoga(cors: Cors | undefined): CORSOptions {
  return cors ? { ...cors, origin: [cors.origin], credentials: false } : false;
}

/** Bounded by bytes of text and not only by number: operations with a prompt written into them can be large. */
function createDocumentCache() {
  return new LRUCache<string, DocumentNode>({
    ...CACHE_BOUNDS,
    sizeCalculation: (_, text) => text.length + 1,
  });
}

function createErrorCache() {
  return new LRUCache<string, Error>({ ...CACHE_BOUNDS, sizeCalculation: (_, text) => text.length + 1 });
}

const CACHE_BOUNDS = { max: 1_000, maxSize: 4_000_000, maxEntrySize: 40_000 };
