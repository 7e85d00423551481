import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to the bytes of each answer. A place is a number of bytes, or the first text of its kind: just behind it. */
export interface Fault {
  /** Each piece comes this much later, and up to `jitterMs` more. */
  delayMs?: number;
  jitterMs?: number;
  bytesPerSecond?: number;
  /** One byte at a time, one in so many milliseconds. 0: as fast as that goes. */
  trickleMs?: number;
  /** The connection ends properly there (FIN). */
  cutAfter?: number | string;
  /** The connection is torn there (RST). */
  resetAfter?: number | string;
  /** Nothing more comes from there on, and the connection stays (half-open). 0: not even the question is passed on. */
  stallAfter?: number | string;
  /** The byte there is another one. */
  corruptAfter?: number | string;
}

/** A line to a server on which things go wrong. */
export interface ChaosProxy {
  port: number;
  url: string;
  /** What goes wrong with answers that begin from now on. */
  fault: Fault;
  /** Tears all connections and takes no more of them, as when a server dies. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** @param target port of the server on loopback. */
export async function startChaosProxy(target: number): Promise<ChaosProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    join(client, upstream, () => proxy.fault);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  async function stop(end: (socket: Socket) => void): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    sockets.forEach(end);
    await closed;
  }
  const proxy: ChaosProxy = {
    port,
    url: `http://127.0.0.1:${port}`,
    fault: {},
    kill: () => stop((socket) => void socket.resetAndDestroy()),
    close: () => stop((socket) => void socket.destroy()),
  };
  return proxy;
}

/** Both ways of a connection; each question begins a new answer. */
function join(client: Socket, upstream: Socket, faultNow: () => Fault): void {
  let answer = createAnswer(faultNow());
  let isNew = false;
  client.on('data', (bytes: Buffer) => {
    if (isNew) answer = createAnswer(faultNow());
    isNew = false;
    if (answer.fault.stallAfter !== 0) upstream.write(bytes);
  });
  const passOn = async () => {
    for await (const piece of upstream as AsyncIterable<Buffer>) {
      isNew = true;
      const { bytes, end } = answer.take(piece);
      await send(client, bytes, answer.fault);
      if (end === 'CUT') return void client.end();
      if (end === 'RESET') return void client.resetAndDestroy();
      if (end === 'STALL') return await once(client, 'close');
    }
    client.end();
  };
  // Whoever is at the one end notices what happens at the other.
  void passOn()
    .catch(() => {})
    .finally(() => upstream.destroy());
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => !answer.isStalled() && client.end());
}

type End = 'CUT' | 'RESET' | 'STALL' | undefined;

function createAnswer(fault: Fault) {
  let seen = Buffer.alloc(0);
  let stalled = fault.stallAfter === 0;
  /** How many bytes pass before the place; undefined: it has not come yet. */
  const placeOf = (place: number | string | undefined) => {
    if (typeof place === 'number') return seen.length >= place ? place : undefined;
    const at = place === undefined ? -1 : seen.indexOf(place);
    return at < 0 ? undefined : at + Buffer.byteLength(place!);
  };
  return {
    fault,
    isStalled: () => stalled,
    take(piece: Buffer): { bytes: Buffer; end: End } {
      const from = seen.length;
      seen = Buffer.concat([seen, piece]);
      const corrupt = placeOf(fault.corruptAfter);
      const bytes = Buffer.from(piece);
      if (corrupt !== undefined && corrupt >= from && corrupt < seen.length) bytes[corrupt - from]! ^= 0xff;
      const ends: [End, number | undefined][] = [
        ['CUT', placeOf(fault.cutAfter)],
        ['RESET', placeOf(fault.resetAfter)],
        ['STALL', placeOf(fault.stallAfter)],
      ];
      const [end, at] = ends.find(([, place]) => place !== undefined) ?? [undefined, undefined];
      stalled ||= end === 'STALL';
      return { bytes: at === undefined ? bytes : bytes.subarray(0, Math.max(0, at - from)), end };
    },
  };
}

async function send(client: Socket, bytes: Buffer, fault: Fault): Promise<void> {
  const { delayMs = 0, jitterMs = 0, bytesPerSecond, trickleMs } = fault;
  if (delayMs + jitterMs > 0) await sleep(delayMs + Math.random() * jitterMs);
  if (bytesPerSecond !== undefined) await sleep((bytes.length / bytesPerSecond) * 1_000);
  const size = trickleMs === undefined ? Math.max(1, bytes.length) : 1;
  for (let at = 0; at < bytes.length && !client.destroyed; at += size) {
    if (!client.write(bytes.subarray(at, at + size))) await once(client, 'drain');
    if (trickleMs !== undefined) await (trickleMs === 0 ? new Promise(setImmediate) : sleep(trickleMs));
  }
}
