/** More than any answer holds; it bounds what a broken or hostile server can make the gateway read. */
const MAX_BYTES = 64 * 1024 * 1024;
/** An event is kept in memory until it is whole. The largest ones hold a picture. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/** Whoever refuses does so in few words; what comes behind these is not read. */
const MAX_REFUSAL_BYTES = 256 * 1024;
const BLANK = /\n\r?\n|\r\r/;

/** The code of an error that says so. */
export const TOO_LARGE = 'ANSWER_TOO_LARGE';

/** A server sends more than any answer holds. */
class AnswerTooLarge extends Error {
  override name = 'AnswerTooLarge';
  readonly code = TOO_LARGE;
}

/** Watches the bytes of one answer go by. `false`: this was the last that is of interest. */
export type Bound = (chunk: Uint8Array) => boolean;

/** @throws AnswerTooLarge, of the bound, when the answer goes on and on. */
export function boundOf(status: number, contentType: string | undefined): Bound {
  const isEvents = contentType?.includes('text/event-stream') ?? false;
  const event = isEvents ? createEventCounter() : () => 0;
  let bytes = 0;
  return (chunk) => {
    bytes += chunk.length;
    if (status >= 400) return bytes < MAX_REFUSAL_BYTES;
    if (bytes > MAX_BYTES) throw new AnswerTooLarge(`the answer exceeded ${MAX_BYTES} bytes`);
    if (event(chunk) > MAX_EVENT_BYTES)
      throw new AnswerTooLarge(`an event exceeded ${MAX_EVENT_BYTES} bytes`);
    return true;
  };
}

/** Counts the bytes since the last blank line, which ends an event. */
function createEventCounter(): (chunk: Uint8Array) => number {
  let bytes = 0;
  /** A blank line may be split over two chunks. */
  let tail = '';
  return (chunk) => {
    const { buffer, byteOffset, length } = chunk;
    const text = Buffer.from(buffer, byteOffset, length);
    const isSplit = BLANK.test(tail + text.toString('latin1', 0, 2));
    const end = Math.max(...['\n\n', '\n\r\n', '\r\r'].map((blank) => text.lastIndexOf(blank)));
    if (end >= 0) bytes = length - end;
    else bytes = (isSplit ? 0 : bytes) + length;
    tail = (tail + text.toString('latin1', Math.max(0, length - 2))).slice(-2);
    return bytes;
  };
}
