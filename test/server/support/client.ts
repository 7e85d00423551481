import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';

export interface Operation {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
  extensions?: Record<string, unknown>;
}

export interface GraphqlError {
  message: string;
  path?: (string | number)[];
  extensions: Record<string, unknown>;
}

export interface Result {
  data?: Record<string, unknown> | null;
  errors?: GraphqlError[];
  extensions?: Record<string, unknown>;
}

export function post(url: string, operation: Operation, init: Init = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: JSON.stringify(operation),
    ...init,
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...init.headers,
    },
  });
}

export function postForStream(url: string, operation: Operation, init: Init = {}): Promise<Response> {
  return post(url, operation, { ...init, headers: { accept: 'text/event-stream', ...init.headers } });
}

/** The results in an event stream, up to its `complete`. */
export async function* readResults(response: Response): AsyncGenerator<Result> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      if (event.startsWith('event: complete')) return;
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (event.startsWith('event: next') && data) yield JSON.parse(data) as Result;
    }
  }
}

/** Headers by name, so that they can be added to. */
export type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

export interface Message {
  id?: string;
  type: string;
  payload?: unknown;
}

export interface SocketClient {
  ws: WebSocket;
  send(message: object): void;
  subscribe(id: string, operation: Operation): void;
  /** The next message with this id, or of this type. */
  next(idOrType: string): Promise<Message>;
  closed: Promise<{ code: number; reason: string }>;
}

/** Speaks graphql-transport-ws by hand, so that a test can also misbehave. */
export async function connect(
  url: string,
  connectionParams?: object,
  options: ClientOptions = {},
): Promise<SocketClient> {
  const ws = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', options);
  const inbox: Message[] = [];
  const waiting: { key: string; resolve: (message: Message) => void }[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  const matches = (message: Message, key: string) => message.id === key || message.type === key;
  ws.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString()) as Message;
    const index = waiting.findIndex(({ key }) => matches(message, key));
    if (index === -1) inbox.push(message);
    else waiting.splice(index, 1)[0]?.resolve(message);
  });
  const client: SocketClient = {
    ws,
    closed,
    send: (message) => ws.send(JSON.stringify(message)),
    subscribe: (id, payload) => client.send({ id, type: 'subscribe', payload }),
    next(key) {
      const index = inbox.findIndex((message) => matches(message, key));
      const [message] = index === -1 ? [] : inbox.splice(index, 1);
      return message ? Promise.resolve(message) : new Promise((resolve) => waiting.push({ key, resolve }));
    },
  };
  await once(ws, 'open');
  client.send({ type: 'connection_init', payload: connectionParams });
  await client.next('connection_ack');
  return client;
}

export const TRANSPORTS = ['HTTP', 'SSE', 'WS'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** The kinds of operations that a transport carries beside mutations. */
export const KINDS = { HTTP: ['query'], SSE: ['query', 'subscription'], WS: ['query', 'subscription'] };

/** The first result of an operation, however it travels. */
export async function ask(transport: Transport, url: string, operation: Operation): Promise<Result> {
  if (transport === 'HTTP') return (await (await post(url, operation)).json()) as Result;
  if (transport === 'SSE') {
    for await (const result of readResults(await postForStream(url, operation))) return result;
    throw new Error('the stream ended without a result');
  }
  const client = await connect(url);
  client.subscribe('1', operation);
  const { type, payload } = await client.next('1');
  client.ws.close();
  return type === 'error' ? { errors: payload as GraphqlError[] } : (payload as Result);
}
