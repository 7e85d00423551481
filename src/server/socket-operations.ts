import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { GraphQLError, parse } from 'graphql';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws';
import { isAsyncIterable } from 'graphql-yoga';
import { LABEL_HEADER } from '../domain/prompt.ts';
import { iterateUntilAborted } from '../lib/abort.ts';
import { newId } from '../lib/ids.ts';
import { WRITTEN_BY_BROWSERS } from '../access/browsers.ts';
import type { Caller } from './caller.ts';
import { maskError, presentResult } from './errors.ts';
import type { Counts } from '../lib/counts.ts';
import type { ErrorLog, Presentation } from './errors.ts';
import type { FindShedding } from './shed.ts';
import { GRAPHQL_PATH } from './yoga.ts';
import type { GraphqlServer, ServerContext } from './yoga.ts';

/** One client's socket: the request that opened it, and the operations that have not ended yet. */
export interface SocketState {
  request: IncomingMessage;
  caller: Caller;
  running: Set<AbortController>;
  /** When it last had an operation that ran, by `Date.now()`. */
  idleSinceMs: number;
  end(code: number, reason: string): void;
}

type SocketContext = Context<Record<string, unknown>, SocketState>;

interface OperationStart {
  context: SocketContext;
  params: SubscribePayload;
}

/** A first result without data: graphql-ws tells the client with an `error` message instead of a result. */
class Refused extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super('refused');
    this.errors = errors;
  }
}

/** A client that is told so comes back after a while. */
export const TRY_AGAIN_LATER = 1013;

/** graphql-ws only looks at the kind of an operation: a subscription may yield any number of results. */
const ANY_OPERATION = parse('subscription { any }');

/**
 * graphql-ws speaks the protocol and nothing more: every operation, of every kind, goes through Yoga as it would
 * over HTTP, so that no plugin, limit or error rule is missing here.
 */
export function createSocketOperations(options: {
  graphql: GraphqlServer;
  log: ErrorLog;
  operationsPerSocket: number;
  socketInitMs: number;
  /** Counts the sockets of each credential. */
  keys: Counts;
  isDraining(): boolean;
  findShedding: FindShedding;
}): ServerOptions<Record<string, unknown>, SocketState> {
  const givingBack = new WeakMap<SocketState, () => void>();
  return {
    connectionInitWaitTimeout: options.socketInitMs,
    onConnect(context) {
      const credential = findCredential(context);
      if (credential === undefined) return true;
      const giveBack = options.keys.take(hash('sha256', credential));
      if (giveBack) givingBack.set(context.extra, giveBack);
      else context.extra.end(TRY_AGAIN_LATER, 'this key has too many sockets');
      return giveBack !== undefined;
    },
    onDisconnect: ({ extra }) => givingBack.get(extra)?.(),
    onSubscribe(context, _id, params) {
      const open = Object.keys(context.subscriptions).length;
      if (open > options.operationsPerSocket) return [tooMany(options.operationsPerSocket)];
      if (options.isDraining()) return [shuttingDown()];
      const shed = options.findShedding();
      if (shed) return [refusal(shed.message, shed.code, { retryAfterMs: shed.retryAfterMs })];
      const rootValue: OperationStart = { context, params };
      return { document: ANY_OPERATION, rootValue } as Partial<ExecutionArgs> as ExecutionArgs;
    },
    subscribe(args) {
      const { context, params } = args.rootValue as OperationStart;
      return runCancellable((controller) => runOperation(options, context, params, controller));
    },
    onError(_context, _id, _params, errors) {
      const refused = errors[0] instanceof GraphQLError && errors[0].originalError;
      const told = refused instanceof Refused ? refused.errors : errors.map((error) => maskError(error));
      return told.map((error) => error.toJSON());
    },
  };
}

/** Ends at once on `return()`, also while nothing comes; the operation then hears it by its signal. */
function runCancellable(
  run: (controller: AbortController) => AsyncIterable<ExecutionResult>,
): AsyncGenerator<ExecutionResult, void> {
  const controller = new AbortController();
  const results = iterateUntilAborted(run(controller), controller.signal);
  const cancellable: AsyncIterableIterator<ExecutionResult> = {
    ...results,
    async return() {
      const end = results.return?.();
      controller.abort(new DOMException('the client left', 'AbortError'));
      await end;
      return { value: undefined, done: true };
    },
  };
  // graphql-ws asks for a generator, but only ever calls `next` and `return`.
  return cancellable as AsyncGenerator<ExecutionResult, void>;
}

async function* runOperation(
  { graphql, log }: { graphql: GraphqlServer; log: ErrorLog },
  context: SocketContext,
  params: SubscribePayload,
  controller: AbortController,
): AsyncGenerator<ExecutionResult, void> {
  const { running } = context.extra;
  const by: Presentation = { requestId: newId('req'), signal: controller.signal, log, hasStatus: false };
  running.add(controller);
  try {
    const request = createRequest(graphql, context, params, by);
    const serverContext = { requestId: by.requestId, ...context.extra.caller };
    const result = await execute(graphql, params, request, serverContext, by);
    if (isAsyncIterable<ExecutionResult>(result)) {
      for await (const each of iterateUntilAborted(result, by.signal)) yield each;
    } else {
      yield ensureBegun(result);
    }
  } finally {
    running.delete(controller);
    context.extra.idleSinceMs = Date.now();
  }
}

function ensureBegun(result: ExecutionResult): ExecutionResult {
  if (result.errors && !('data' in result)) throw new Refused(result.errors);
  return result;
}

async function execute(
  graphql: GraphqlServer,
  params: SubscribePayload,
  request: Request,
  serverContext: ServerContext,
  by: Presentation,
): Promise<ExecutionResult | AsyncIterable<ExecutionResult>> {
  try {
    const result = await graphql.getResultForParams({ params: params as never, request }, serverContext);
    return presentResult(result ?? {}, by);
  } catch (error) {
    return presentResult({ errors: [maskError(error)] }, by);
  }
}

/** What the operation would be as an HTTP request, so that resolvers read headers and signal in one way. */
function createRequest(
  graphql: GraphqlServer,
  { connectionParams, extra }: SocketContext,
  params: SubscribePayload,
  { requestId, signal }: Presentation,
): Request {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'x-request-id': requestId };
  for (const name of ['authorization', 'x-sluice-team', LABEL_HEADER]) {
    const value =
      findParameter(connectionParams, name) ??
      // GraphiQL sends the headers of its editor here, and no connection parameters at all.
      findParameter(params.extensions?.['headers'], name) ??
      extra.request.headersDistinct[name]?.[0];
    if (value !== undefined) headers[name] = value;
  }
  // What tells a browser from a program.
  for (const name of WRITTEN_BY_BROWSERS) {
    const value = extra.request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return new graphql.fetchAPI.Request(`http://localhost${GRAPHQL_PATH}`, { method: 'POST', headers, signal });
}

/** What the whole socket shows, as its operations do unless they show another. */
function findCredential({ connectionParams, extra }: SocketContext): string | undefined {
  return listParameters(connectionParams, 'authorization')[0] ?? extra.request.headers.authorization;
}

/** @throws Refused where it is there twice: it is not for us to choose one. */
function findParameter(source: unknown, name: string): string | undefined {
  const found = listParameters(source, name);
  if (found.length > 1) throw new Refused([refusal(`${name} is there more than once`, 'BAD_REQUEST')]);
  return found[0];
}

/** In any letters, as headers are. */
function listParameters(source: unknown, name: string): string[] {
  if (typeof source !== 'object' || source === null) return [];
  const found = Object.entries(source).filter(([key]) => key.toLowerCase() === name);
  return found.map(([, value]: [string, unknown]) => value).filter((value) => typeof value === 'string');
}

function tooMany(operationsPerSocket: number): GraphQLError {
  const message = `one socket may have ${operationsPerSocket} operations open at a time`;
  return refusal(message, 'TOO_MANY_OPERATIONS');
}

function shuttingDown(): GraphQLError {
  return refusal('this server is shutting down; connect again', 'UNAVAILABLE');
}

function refusal(message: string, code: string, more: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, requestId: newId('req'), ...more } });
}
