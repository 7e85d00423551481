import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { TlsConfig } from '../config/config.ts';
import type { Rest } from '../rest/rest.ts';
import { createCallerFinder, type CallerOptions } from './caller.ts';
import type { ErrorLog } from './errors.ts';
import { createRequestHandler } from './http.ts';
import type { RequestHandler } from './http.ts';
import type { ReadyCheck } from './health.ts';
import type { FindShedding } from './shed.ts';
import { createStallWatch } from './stall.ts';
import { hangUpOnForgery, readTls } from './tls.ts';
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

export interface ServerOptions extends CallerOptions {
  graphql: GraphqlServer;
  rest: Rest;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Speaks https and wss where it is set. */
  tls: TlsConfig | undefined;
  environment: 'development' | 'production';
  ready: ReadyCheck;
  limits: Parameters<typeof createSocketServer>[0]['limits'];
  timeouts: Parameters<typeof createSocketServer>[0]['timeouts'] & {
    /** How long a client may take to send its headers, and its whole request. */
    headersMs: number;
    requestMs: number;
    stalledReaderMs: number;
  };
  log: ErrorLog;
  findShedding: FindShedding;
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
  const parts = { ...options, findCaller: createCallerFinder(options), isDraining };
  const { server, connected } = await createHttpServer(createRequestHandler(parts), options);
  const stalls = createStallWatch(options.timeouts.stalledReaderMs);
  server.on(connected, (socket: Socket) => stalls.watch(socket, () => socket.destroy()));
  const sockets = createSocketServer({ ...parts, stalls });
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
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
      // Also those that never got as far as a request, for which the server itself would wait.
      for (const socket of connections) socket.destroy();
      stalls.stop();
    }
    await closed;
  }
  return { url: urlOf(options, port), port, drain, close: () => drain(0) };
}

/** Also the event that tells of a connection on which requests come. */
async function createHttpServer(
  handle: RequestHandler,
  { tls, log, timeouts: { headersMs, requestMs } }: ServerOptions,
): Promise<{ server: Server; connected: 'connection' | 'secureConnection' }> {
  const timeouts = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: Math.min(headersMs, requestMs),
    requestTimeout: requestMs,
    connectionsCheckingInterval: headersMs / HEADER_LOOKS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  };
  const listener: RequestListener = (request, response) => {
    handle(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'a request failed');
      response.destroy();
    });
  };
  if (!tls) return { server: createServer(timeouts, listener), connected: 'connection' };
  const server = createTlsServer({ ...timeouts, ...(await readTls(tls)) }, listener);
  server.on('secureConnection', hangUpOnForgery);
  return { server, connected: 'secureConnection' };
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

function urlOf({ host, tls }: ServerOptions, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `${tls ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}${GRAPHQL_PATH}`;
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
}
