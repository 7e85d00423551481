/** The least that a gateway can be: bytes in, bytes out. */
import { Agent, createServer, request } from 'node:http';
import { announce } from './announce.ts';

const [upstream = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });

const server = createServer((incoming, response) => {
  const { method, url, headers } = incoming;
  const outgoing = request(new URL(url ?? '/', upstream), { method, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
});
announce(server);
