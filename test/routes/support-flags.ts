import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface FlagQuestion {
  flag: string;
  context: Record<string, unknown>;
  headers: IncomingHttpHeaders;
}

/** How a flag is answered: with its value, or with whatever a service gone wrong says. */
export type FlagAnswer = boolean | ((response: ServerResponse) => void);

/** A flag service on a real socket, which speaks the OpenFeature Remote Evaluation Protocol. */
export async function startFlagService() {
  const answers = new Map<string, FlagAnswer>();
  const asked: FlagQuestion[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const flag = /^\/base\/ofrep\/v1\/evaluate\/flags\/([^/?]+)$/.exec(request.url ?? '')?.[1] ?? '';
      const { context } = body as { context: Record<string, unknown> };
      asked.push({ flag, context, headers: request.headers });
      const answer = answers.get(flag);
      if (typeof answer === 'function') return answer(response);
      if (answer === undefined) return say(response, 404, { key: flag, errorCode: 'FLAG_NOT_FOUND' });
      say(response, 200, { key: flag, value: answer, reason: 'STATIC', variant: 'a' });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`,
    answers,
    asked: (flag: string) => asked.filter((question) => question.flag === flag),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export function say(response: ServerResponse, status: number, body: unknown, type = 'application/json') {
  response.writeHead(status, { 'content-type': type });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
