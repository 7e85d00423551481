import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

/**
 * The PostgreSQL protocol over a message port, in the shape of the socket that postgres.js writes to. Nothing listens
 * anywhere: only the holder of the other port can speak to the database.
 * @param connect is asked for the port at once; what is written before it is there waits.
 */
export function openWire(connect: () => Promise<MessagePort>): Duplex {
  const connecting = connect().then(attach);
  let port: MessagePort | undefined;

  function attach(connected: MessagePort): MessagePort {
    port = connected.on('message', (bytes: Uint8Array) => wire.push(bytes)).on('close', () => wire.destroy());
    if (wire.destroyed) port.close();
    return port;
  }
  const wire = new Duplex({
    read() {},
    // A failure to connect shows only here: postgres.js takes one that comes before its first write for a lost
    // connection that can be tried again, and then never writes to it.
    write(chunk: Buffer, _encoding, callback) {
      if (port) callback(send(port, chunk));
      else connecting.then((connected) => callback(send(connected, chunk)), callback);
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
  connecting.catch(() => {});
  return Object.defineProperty(wire, 'readyState', { get: () => (wire.destroyed ? 'closed' : 'open') });
}

function send(port: MessagePort, chunk: Buffer): null {
  // A copy, because a small buffer is a view of a large shared one, all of which would be sent.
  const bytes = new Uint8Array(chunk);
  port.postMessage(bytes, [bytes.buffer]);
  return null;
}
