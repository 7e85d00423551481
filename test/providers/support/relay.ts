import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody, startUpstream } from './upstream.ts';

/** What the relay does with an answer once the marker has passed. */
export type Fate =
  /** Passes everything on. */
  | 'pass'
  /** Breaks the connection. */
  | 'cut'
  /** Ends the body properly, as if that were all. */
  | 'end'
  /** Sends nothing more and keeps the connection open. */
  | 'hold';

export interface Relay {
  url: string;
  fate: Fate;
  /** Body of the last request, as it went over the wire. */
  lastBody: string;
  /** Resolves when the gateway closes the connection of the answer that is held. */
  closed: Promise<void>;
  close(): Promise<void>;
}

/**
 * Stands between the gateway and a vendor and lets an answer go wrong after the event that holds `marker`.
 * @param mend puts right what the mock vendor sends differently from the real one.
 */
export async function startRelay(
  targetUrl: string,
  marker: string,
  mend: (body: string) => string = (body) => body,
): Promise<Relay> {
  let onClosed = Promise.withResolvers<void>();
  const upstream = await startUpstream((request, response) => void forward(request, response));
  const relay: Relay = {
    url: upstream.url,
    fate: 'pass',
    lastBody: '',
    get closed() {
      return onClosed.promise;
    },
    close: upstream.close,
  };

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    onClosed = Promise.withResolvers();
    relay.lastBody = await readBody(request);
    const answer = await fetch(`${targetUrl}${request.url}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test' },
      body: relay.lastBody,
    });
    const type = answer.headers.get('content-type') ?? '';
    const bytes = Buffer.from(await answer.arrayBuffer());
    const body = type.includes('eventstream') ? bytes : Buffer.from(mend(bytes.toString()));
    const retryAfter = answer.headers.get('retry-after');
    response.writeHead(answer.status, {
      'content-type': type,
      ...(retryAfter && { 'retry-after': retryAfter }),
    });
    if (relay.fate === 'pass') return void response.end(body);
    const sent = body.subarray(
      0,
      type.includes('eventstream') ? afterFrame(body, marker) : afterEvent(body, marker),
    );
    response.on('close', onClosed.resolve);
    response.write(sent, () => {
      if (relay.fate === 'cut') response.destroy();
      if (relay.fate === 'end') response.end();
    });
  }
  return relay;
}

/** End of the server-sent event that holds the marker. */
function afterEvent(body: Buffer, marker: string): number {
  const separator = body.includes('\r\n\r\n') ? '\r\n\r\n' : '\n\n';
  return body.indexOf(separator, body.indexOf(marker)) + separator.length;
}

/** End of the frame of `application/vnd.amazon.eventstream` that holds the marker; a frame begins with its length. */
function afterFrame(body: Buffer, marker: string): number {
  const at = body.indexOf(marker);
  let end = 0;
  while (end <= at) end += body.readUInt32BE(end);
  return end;
}
