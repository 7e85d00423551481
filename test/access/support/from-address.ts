import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { connect, type Operation, type Result, type Transport } from '../../server/support/client.ts';

/** A list is sent as a header that is there several times. */
export type Headers = Record<string, string | string[]>;

/** The answer to an operation that comes from this address of the machine. */
export async function sendFrom(
  localAddress: string,
  url: string,
  operation: Operation,
  headers: Headers = {},
): Promise<IncomingMessage> {
  const asked = request(url, {
    method: 'POST',
    localAddress,
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  asked.end(JSON.stringify(operation));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}

/** The first result of an operation that comes from this address, however it travels. */
export async function askFrom(
  localAddress: string,
  transport: Transport,
  url: string,
  operation: Operation,
  headers: Headers = {},
): Promise<Result> {
  if (transport === 'WS') {
    const client = await connect(url, {}, { localAddress, headers: headers as Record<string, string> });
    client.subscribe('1', operation);
    const { type, payload } = await client.next('1');
    client.ws.close();
    return type === 'error' ? { errors: payload as NonNullable<Result['errors']> } : (payload as Result);
  }
  const accept = transport === 'SSE' ? 'text/event-stream' : 'application/graphql-response+json';
  const body = await text(await sendFrom(localAddress, url, operation, { ...headers, accept }));
  return JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body) as Result;
}
