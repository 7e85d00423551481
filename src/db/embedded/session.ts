import type { MessagePort } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';

const CANCEL_REQUEST = 80_877_102;
const SYNC = Uint8Array.of(0x53, 0, 0, 0, 4);
const READY = Uint8Array.of(0x5a, 0, 0, 0, 5);

/**
 * Answers the PostgreSQL protocol on a port. PGlite has one session for all its life, so a new connection begins by
 * forgetting whatever the last one left behind: an open transaction, prepared statements, settings.
 * What comes in is whole: postgres.js never splits a message over two writes.
 */
export function serveSession(db: PGlite, port: MessagePort): void {
  let started = false;
  port.on('message', (bytes: Uint8Array) => {
    if (!started && isCancelRequest(bytes)) return port.close();
    if (!started) resetSession(db);
    started = true;
    void answer(db, port, Buffer.from(bytes.buffer));
  });
}

/** @throws Error, which nobody catches so that it ends the thread, when the engine broke down over a statement. */
async function answer(db: PGlite, port: MessagePort, request: Buffer): Promise<void> {
  let end: Uint8Array = new Uint8Array();
  await db.execProtocolRawStream(request, {
    onRawData(data) {
      // `data` is a view of the engine's memory, gone with the next answer.
      const copy = data.slice();
      end = Buffer.concat([end, copy.subarray(-6)]).subarray(-6);
      port.postMessage(copy, [copy.buffer]);
    },
  });
  // PGlite takes no notice of a trap, such as a stack that overflows: the client would wait for ever.
  if (asksToEnd(request) && !READY.every((byte, at) => end[at] === byte)) {
    throw new Error('the engine broke down over a statement');
  }
}

/** Whether the last message is one that the server has to answer by saying that it is ready for the next. */
function asksToEnd(request: Buffer): boolean {
  let last = 0;
  // A connection begins with the one message that has no type.
  for (let at = 0; request[0] !== 0 && at < request.length; at += 1 + request.readInt32BE(at + 1)) {
    last = request[at] ?? 0;
  }
  return last === 0 || last === SYNC[0] || last === 'Q'.charCodeAt(0);
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
