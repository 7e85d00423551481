import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { handleProtocols, makeServer } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import { retryAfterSeconds } from '../domain/refusal-facts.ts';
import { networkOf } from '../lib/ip-address.ts';
import { isOriginAllowed, isRefusal } from './caller.ts';
import type { Caller, FindCaller, Refusal } from './caller.ts';
import type { ErrorLog } from './errors.ts';
import { createCounts } from '../lib/counts.ts';
import { createRate } from './socket-limits.ts';
import { createSocketOperations, TRY_AGAIN_LATER } from './socket-operations.ts';
import type { SocketState } from './socket-operations.ts';
import type { FindShedding } from './shed.ts';
import type { StallWatch } from './stall.ts';
import { GRAPHQL_PATH } from './yoga.ts';
import type { GraphqlServer } from './yoga.ts';

const KEEP_ALIVE_MS = 12_000;
const GOING_AWAY = 1001;
/** A client that is told so does not come back. */
const POLICY_VIOLATION = 1008;
const GOODBYE_MS = 1_000;
/** Large messages come in some hundred pieces; each one is kept apart until the last. */
const MAX_FRAGMENTS = 1_024;
/** How often a socket is looked at within the time that it may be idle. */
const IDLE_LOOKS = 4;

export interface SocketServer {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Says goodbye to clients: to those without a running operation, or to all. */
  close(which: 'idle' | 'all'): void;
  /** Cuts whoever has not left by now. */
  terminate(): void;
}

interface SocketServerOptions {
  graphql: GraphqlServer;
  log: ErrorLog;
  stalls: StallWatch;
  corsOrigins: string[];
  limits: {
    bodyBytes: number;
    operationsPerSocket: number;
    messagesPerSecond: number;
    socketsPerAddress: number;
    socketsPerKey: number;
  };
  timeouts: { socketInitMs: number; idleSocketMs: number };
  findCaller: FindCaller;
  isDraining(): boolean;
  findShedding: FindShedding;
}

export function createSocketServer(options: SocketServerOptions): SocketServer {
  const clients = new Map<WebSocket, SocketState>();
  const { limits, timeouts } = options;
  const addresses = createCounts(limits.socketsPerAddress);
  const keys = createCounts(limits.socketsPerKey);
  const protocol = makeServer(createSocketOperations({ ...options, ...limits, ...timeouts, keys }));
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols,
    maxPayload: limits.bodyBytes,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false,
  });
  const stopPinging = keepAlive(sockets);
  const stopLooking = closeIdle(clients, timeouts.idleSocketMs);
  return {
    upgrade(request, socket, head) {
      const refusal = findRefusal(request, options);
      if (refusal) return refuseUpgrade(socket, refusal);
      const caller = options.findCaller(request);
      if (isRefusal(caller)) return refuseUpgrade(socket, STATUSES[caller.status], caller.message);
      const giveBack = addresses.take(networkOf(caller.ip));
      if (!giveBack) return refuseUpgrade(socket, '429 Too Many Requests');
      socket.once('close', giveBack);
      sockets.handleUpgrade(request, socket, head, (ws) => {
        clients.set(ws, serve(protocol, ws, { request, caller }, options));
        ws.once('close', () => clients.delete(ws));
        sockets.emit('connection', ws, request);
      });
    },
    close(which) {
      for (const { running, end } of clients.values()) {
        if (which === 'all' || running.size === 0) end(GOING_AWAY, 'the server is shutting down');
      }
    },
    terminate() {
      stopPinging();
      stopLooking();
      for (const ws of clients.keys()) ws.terminate();
    },
  };
}

function findRefusal(
  request: IncomingMessage,
  options: { corsOrigins: string[]; isDraining(): boolean; findShedding: FindShedding },
): string | undefined {
  if (request.url?.split('?')[0] !== GRAPHQL_PATH) return '404 Not Found';
  // A browser asks for a socket without CORS: this check stands in its place.
  if (!isOriginAllowed(request, options.corsOrigins)) return '403 Forbidden';
  if (options.isDraining()) return '503 Service Unavailable';
  const shed = options.findShedding();
  return shed && `503 Service Unavailable\r\nretry-after: ${retryAfterSeconds(shed)}`;
}

const STATUSES: Record<Refusal['status'], string> = { 400: '400 Bad Request', 403: '403 Forbidden' };

function refuseUpgrade(socket: Duplex, status: string, message = ''): void {
  socket.on('error', () => socket.destroy());
  const length = Buffer.byteLength(message);
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n${message}`,
  );
}

/** Binds one socket to the protocol. A result counts as sent once the system took it: that is the back-pressure. */
function serve(
  protocol: ReturnType<typeof makeServer<Record<string, unknown>, SocketState>>,
  ws: WebSocket,
  { request, caller }: { request: IncomingMessage; caller: Caller },
  { stalls, limits }: SocketServerOptions,
): SocketState {
  const mayPass = createRate(limits.messagesPerSecond);
  let closed: ReturnType<typeof protocol.opened> | undefined;
  function end(code: number, reason: string): void {
    ws.close(code, reason);
    // Not only when the client answers: from here on nothing is sent, so nothing would hold a source back.
    void closed?.(code, reason);
  }
  const state: SocketState = { request, caller, running: new Set(), idleSinceMs: Date.now(), end };
  /** Whether what came may be looked at. Nothing more is, once the client is told to leave. */
  function admits(): boolean {
    if (ws.readyState !== ws.OPEN) return false;
    if (mayPass()) return true;
    end(POLICY_VIOLATION, `more than ${limits.messagesPerSecond} messages a second`);
    setTimeout(() => ws.terminate(), GOODBYE_MS).unref();
    return false;
  }
  // Ends the socket before it returns when the client speaks another protocol.
  closed = protocol.opened(
    {
      protocol: ws.protocol,
      send: (data) => send(ws, data),
      close: (code, reason) => end(code ?? 1000, reason ?? ''),
      onMessage: (handle) =>
        ws.on('message', (data) => {
          if (!admits()) return;
          holdBack(ws, request.socket);
          handle(textOf(data)).catch(() => end(4400, 'Invalid message received'));
        }),
    },
    state,
  );
  // ws has told the client by the time this fires, and closes the socket itself.
  ws.on('error', () => {});
  ws.once('close', (code, reason) => void closed?.(code, String(reason)));
  ws.on('ping', () => admits() && holdBack(ws, request.socket));
  ws.on('pong', admits);
  stalls.watch(request.socket, () => {
    end(TRY_AGAIN_LATER, 'the client reads too slowly');
    stalls.watch(request.socket, () => ws.terminate());
  });
  return state;
}

function send(ws: WebSocket, data: string): Promise<void> {
  if (ws.readyState !== ws.OPEN) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  // A failed write means a dead socket, which closes by itself.
  ws.send(data, () => resolve());
  return promise;
}

/** Nothing is read from a client that does not take its answers: each question would leave one more in memory. */
function holdBack(ws: WebSocket, socket: Socket): void {
  if (ws.isPaused || !socket.writableNeedDrain) return;
  ws.pause();
  socket.once('drain', () => ws.resume());
}

/** Ends sockets whose client vanished. One that has something to take is left to the stall watch. */
function keepAlive(sockets: WebSocketServer): () => void {
  const silent = new WeakSet<WebSocket>();
  sockets.on('connection', (ws) => ws.on('pong', () => silent.delete(ws)));
  const timer = setInterval(() => {
    for (const ws of sockets.clients) {
      if (ws.bufferedAmount > 0) {
        silent.delete(ws);
      } else if (silent.has(ws)) {
        ws.terminate();
      } else {
        silent.add(ws);
        ws.ping();
      }
    }
  }, KEEP_ALIVE_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Closes sockets on which nothing has run for too long: each costs memory, here and in whatever stands in between. */
function closeIdle(clients: ReadonlyMap<WebSocket, SocketState>, idleSocketMs: number): () => void {
  const timer = setInterval(() => {
    for (const { running, idleSinceMs, end } of clients.values()) {
      if (running.size === 0 && Date.now() - idleSinceMs >= idleSocketMs) end(GOING_AWAY, 'nothing has run');
    }
  }, idleSocketMs / IDLE_LOOKS);
  timer.unref();
  return () => clearInterval(timer);
}

function textOf(data: RawData): string {
  return Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data as Buffer).toString();
}
