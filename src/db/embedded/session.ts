import type { MessagePort } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';

const CANCEL_REQUEST = 80_877_102;
const SYNC = Uint8Array.of(0x53, 0, 0, 0, 4);

/**
 * Answers the PostgreSQL protocol on a port. PGlite has one session for all its life, so a new connection begins by
 * forgetting whatever the last one left behind: an open transaction, prepared statements, settings.
 * A message is whole: postgres.js never splits one over two writes.
 */
export function serveSession(db: PGlite, port: MessagePort): void {
  let started = false;
  port.on('message', async (bytes: Uint8Array) => {
    if (!started && isCancelRequest(bytes)) return port.close();
    if (!started) {
      started = true;
      resetSession(db);
    }
    await db.execProtocolRawStream(bytes, {
      onRawData(answer) {
        // A view of the engine's memory, gone with the next answer.
        const copy = answer.slice();
        port.postMessage(copy, [copy.buffer]);
      },
    });
  });
}

function resetSession(db: PGlite): void {
  // Ends an error that the last connection left before it could say where its next statement begins.
  db.execProtocolRawSync(SYNC);
  if (db.isInTransaction()) db.execProtocolRawSync(simpleQuery('ROLLBACK'));
  db.execProtocolRawSync(simpleQuery('DISCARD ALL'));
}

function simpleQuery(text: string): Uint8Array {
  const message = Buffer.alloc(text.length + 6);
  message.write('Q');
  message.writeInt32BE(text.length + 5, 1);
  message.write(text, 5);
  return message;
}

/** It comes on a connection of its own, and nothing can be cancelled: while a statement runs, nobody listens. */
function isCancelRequest(bytes: Uint8Array): boolean {
  return bytes.byteLength === 16 && Buffer.from(bytes).readInt32BE(4) === CANCEL_REQUEST;
}
