import type { Socket } from 'node:net';

/** How often a socket is looked at within the time it may stand still. */
const LOOKS = 4;

interface Watched {
  flushedBytes: number;
  movedAt: number;
  onStall(): void;
}

export interface StallWatch {
  /** `onStall` runs each time the socket took nothing for the whole time while something waited for it. */
  watch(socket: Socket, onStall: () => void): void;
  stop(): void;
}

/**
 * Finds readers that stopped reading. Node has no timeout for this: writes count as activity, so a stream that
 * sends keep-alives to a client that reads nothing would stay open, with its buffers, for ever.
 */
export function createStallWatch(stalledReaderMs: number): StallWatch {
  const sockets = new Map<Socket, Watched>();
  const timer = setInterval(() => {
    for (const [socket, watched] of sockets) look(socket, watched, stalledReaderMs);
  }, stalledReaderMs / LOOKS);
  timer.unref();
  return {
    watch(socket, onStall) {
      if (!sockets.has(socket)) socket.once('close', () => sockets.delete(socket));
      sockets.set(socket, { flushedBytes: flushedBytesOf(socket), movedAt: Date.now(), onStall });
    },
    stop: () => clearInterval(timer),
  };
}

function look(socket: Socket, watched: Watched, stalledReaderMs: number): void {
  const flushedBytes = flushedBytesOf(socket);
  if (socket.writableLength === 0 || flushedBytes !== watched.flushedBytes) {
    watched.flushedBytes = flushedBytes;
    watched.movedAt = Date.now();
  } else if (Date.now() - watched.movedAt >= stalledReaderMs) {
    watched.movedAt = Date.now();
    watched.onStall();
  }
}

/** `bytesWritten` also counts what is still buffered. */
function flushedBytesOf(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}
