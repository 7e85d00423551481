import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

/**
 * The PostgreSQL protocol over a message port, in the shape of the socket that postgres.js writes to. Nothing listens
 * anywhere: only the holder of the other port can speak to the database.
 * @param connect is asked for the port at once; what is written before it is there waits.
 */
export function openWire(connect: () => Promise<MessagePort>): Duplex {
  let port: MessagePort | undefined;
  const wire = new Duplex({
    construct(callback) {
      connect().then((connected) => {
        port = connected;
        port.on('message', (bytes: Uint8Array) => wire.push(bytes));
        port.on('close', () => wire.destroy());
        callback();
      }, callback);
    },
    read() {},
    write(chunk: Buffer, _encoding, callback) {
      // A buffer may be a view of a large shared pool, all of which would be sent.
      const bytes = new Uint8Array(chunk);
      port?.postMessage(bytes, [bytes.buffer]);
      callback();
    },
    final(callback) {
      callback();
      wire.destroy();
    },
    destroy(error, callback) {
      port?.close();
      callback(error);
    },
  });
  return Object.defineProperty(wire, 'readyState', { get: () => (wire.destroyed ? 'closed' : 'open') });
}
