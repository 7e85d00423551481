import type { ServerResponse } from 'node:http';
import type { ServerEvent, Whole } from './endpoint.ts';

/** What stands between may hang up on a connection that is silent for longer. */
const KEEP_ALIVE_MS = 12_000;

/** What is not for a library to say: how long the connection lasts, and that answers are kept nowhere. */
const OURS = ['cache-control', 'connection'];

export function writeWhole(response: ServerResponse, { status, headers = {}, body }: Whole): void {
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const about =
    text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  response.writeHead(status, { ...about, ...headers }).end(text);
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function writeEvents(
  response: ServerResponse,
  headers: Record<string, string>,
  next: () => Promise<ServerEvent | undefined>,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no', ...headers });
  const timer = setInterval(() => response.write(':\n\n'), KEEP_ALIVE_MS);
  try {
    for (let event = await next(); event; event = event.isLast ? undefined : await next())
      await write(response, format(event));
    response.end();
  } finally {
    clearInterval(timer);
  }
}

/** Passes on what a library answers. */
export async function writeResponse(
  response: ServerResponse,
  headers: Record<string, string>,
  { status, headers: given, body }: Response,
): Promise<void> {
  const passed = [...given].filter(([name]) => !OURS.includes(name));
  response.writeHead(status, { ...Object.fromEntries(passed), ...headers });
  const reader = body?.getReader();
  const leave = () => void reader?.cancel().catch(() => {});
  response.once('close', leave);
  for (let read = await reader?.read(); read?.value; read = await reader?.read())
    await write(response, read.value);
  response.off('close', leave);
  response.end();
}

function format({ event, id, data }: ServerEvent): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  const place = id === undefined ? '' : `id: ${id}\n`;
  return `${name}${place}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

/** Resolves once more may be written, or nobody is there to write to. */
async function write(response: ServerResponse, chunk: string | Uint8Array): Promise<void> {
  if (response.write(chunk) || response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve);
  response.once('close', resolve);
  await promise;
  response.off('drain', resolve);
  response.off('close', resolve);
}
