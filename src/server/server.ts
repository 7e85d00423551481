import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { ErrorLog } from './errors.ts';
import { createRequestHandler } from './http.ts';
import type { RequestHandler } from './http.ts';
import type { ReadyCheck } from './health.ts';
import { createStallWatch } from './stall.ts';
import { createSocketServer } from './websocket.ts';
import type { SocketServer } from './websocket.ts';
import { GRAPHQL_PATH } from './yoga.ts';
import type { GraphqlServer } from './yoga.ts';

/** Of all headers of a request together; more is a 431. */
const MAX_HEADER_BYTES = 16_384;
/** How often connections are looked at within the time that their headers may take. */
const HEADER_LOOKS = 2;
/** Longer than the idle timeout of common load balancers, which must be the ones to hang up (60 s mostly). */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** How long a client may take to answer our goodbye. */
const GOODBYE_MS = 500;
const DRAIN_CHECK_MS = 25;

export interface ServerOptions {
  graphql: GraphqlServer;
  host: string;
  /** 0 takes any free port. */
  port: number;
  environment: 'development' | 'production';
  ready: ReadyCheck;
  corsOrigins: string[];
  limits: Parameters<typeof createSocketServer>[0]['limits'];
  timeouts: Parameters<typeof createSocketServer>[0]['timeouts'] & {
    /** How long a client may take to send its headers, and its whole request. */
    headersMs: number;
    requestMs: number;
    stalledReaderMs: number;
  };
  log: ErrorLog;
}

export interface RunningServer {
  /** Where GraphQL is served. */
  url: string;
  port: number;
  /** Takes nothing new, lets running work end within the time, then cuts what is left. */
  drain(timeoutMs: number): Promise<void>;
  /** Cuts everything now. */
  close(): Promise<void>;
}

/** Listens on one port for every transport. Rejects with what to do when the port cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  let draining = false;
  const isDraining = () => draining;
  const server = createHttpServer(createRequestHandler({ ...options, isDraining }), options);
  const stalls = createStallWatch(options.timeouts.stalledReaderMs);
  server.on('connection', (socket) => stalls.watch(socket, () => socket.destroy()));
  const sockets = createSocketServer({ ...options, stalls, isDraining });
  server.on('upgrade', sockets.upgrade);
  await listen(server, options);
  const port = portOf(server);
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  let endsAt = Number.POSITIVE_INFINITY;
  async function drain(timeoutMs: number): Promise<void> {
    endsAt = Math.min(endsAt, Date.now() + timeoutMs);
    if (!draining) {
      draining = true;
      server.close();
      await finishWork(server, sockets, () => endsAt);
      stalls.stop();
    }
    await closed;
  }
  return { url: urlOf(options.host, port), port, drain, close: () => drain(0) };
}

function createHttpServer(
  handle: RequestHandler,
  { timeouts: { headersMs, requestMs }, log }: ServerOptions,
): Server {
  const timeouts = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: Math.min(headersMs, requestMs),
    requestTimeout: requestMs,
    connectionsCheckingInterval: headersMs / HEADER_LOOKS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  };
  return createServer(timeouts, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'a request failed');
      response.destroy();
    });
  });
}

async function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw explainListenError(error as NodeJS.ErrnoException, host, port);
  }
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') return new Error(`port ${port} is taken; set PORT to another`);
  if (error.code === 'EACCES') return new Error(`port ${port} needs privileges; set PORT to one above 1023`);
  return new Error(`cannot listen on ${host}: ${error.message}; set HOST to an address of this machine`);
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}${GRAPHQL_PATH}`;
}

/** Looks again and again rather than following each connection's fate; idle ones leave at each look. */
async function finishWork(server: Server, sockets: SocketServer, endsAt: () => number): Promise<void> {
  let open = true;
  server.once('close', () => (open = false));
  while (open && Date.now() < endsAt()) {
    server.closeIdleConnections();
    sockets.close('idle');
    await wait(DRAIN_CHECK_MS);
  }
  sockets.close('all');
  for (const goodbyeEndsAt = Date.now() + GOODBYE_MS; open && Date.now() < goodbyeEndsAt;) {
    server.closeIdleConnections();
    await wait(DRAIN_CHECK_MS);
  }
  sockets.terminate();
  server.closeAllConnections();
}
