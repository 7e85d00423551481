import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect, type Operation, type Result, type Transport } from '../../server/support/client.ts';
import type { KeyAndCertificate } from './certificates.ts';

export interface SecureOptions {
  ca: string;
  client?: KeyAndCertificate | undefined;
  headers?: Record<string, string | string[]>;
  agent?: Agent;
  method?: 'GET' | 'POST';
}

/** The answer to an operation over https, as the server sent it. */
export async function send(
  url: string,
  operation: Operation,
  options: SecureOptions,
): Promise<IncomingMessage> {
  const { ca, client, headers, agent, method = 'POST' } = options;
  const target = method === 'GET' ? `${url}?query=${encodeURIComponent(operation.query)}` : url;
  const asked = request(target, {
    ca,
    ...client,
    method,
    agent: agent ?? new Agent(),
    headers: { 'content-type': 'application/json', ...headers },
  });
  asked.end(method === 'POST' ? JSON.stringify(operation) : undefined);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}

/** The first result, however it travels. */
export async function askSecurely(
  transport: Transport,
  url: string,
  operation: Operation,
  options: SecureOptions,
): Promise<Result> {
  if (transport === 'WS') {
    const { ca, client, headers } = options;
    const socket = await connect(url, {}, { ca, ...client, headers: headers as Record<string, string> });
    socket.subscribe('1', operation);
    const { type, payload } = await socket.next('1');
    socket.ws.close();
    return type === 'error' ? { errors: payload as NonNullable<Result['errors']> } : (payload as Result);
  }
  const accept = transport === 'SSE' ? 'text/event-stream' : 'application/graphql-response+json';
  const response = await send(url, operation, { ...options, headers: { ...options.headers, accept } });
  const body = await text(response);
  return JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body) as Result;
}
