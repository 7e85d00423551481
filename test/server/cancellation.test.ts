import { describe, expect, test } from 'vitest';
import { connect, post, postForStream } from './support/client.ts';
import type { Operation, SocketClient } from './support/client.ts';
import { startTestServer } from './support/server.ts';

type Leave = () => void;
type Start = (url: string, operation: Operation) => Promise<Leave>;

function fetching(request: typeof post): Start {
  return async (url, operation) => {
    const controller = new AbortController();
    request(url, operation, { signal: controller.signal }).catch(() => {});
    return () => controller.abort();
  };
}

function overSocket(leave: (client: SocketClient) => void): Start {
  return async (url, operation) => {
    const client = await connect(url);
    client.subscribe('1', operation);
    return () => leave(client);
  };
}

const WAYS: [string, Start][] = [
  ['HTTP request aborted', fetching(post)],
  ['SSE request aborted', fetching(postForStream)],
  ['WS complete', overSocket((client) => client.send({ id: '1', type: 'complete' }))],
  ['WS close', overSocket((client) => client.ws.close())],
  ['WS terminate', overSocket((client) => client.ws.terminate())],
];
const KINDS = ['query', 'mutation', 'subscription'];
const MATRIX = WAYS.flatMap(([way, start]) => KINDS.map((kind) => ({ way, start, kind }))).filter(
  ({ way, kind }) => !(way.startsWith('HTTP') && kind === 'subscription'),
);

describe('who leaves is heard at once', () => {
  test.each(MATRIX)('$way: the signal of a silent $kind aborts', async ({ start, kind }) => {
    const { url, toy, logged } = await startTestServer();
    const leave = await start(url, { query: `${kind} { wait }` });
    await toy.begun();
    leave();
    expect(await toy.aborted()).toMatchObject({ name: 'AbortError' });
    expect(logged).toEqual([]);
  });

  test.each(WAYS.filter(([way]) => !way.startsWith('HTTP')))(
    '%s: a silent source that hears no signals is told to return',
    async (_, start) => {
      const { url, toy } = await startTestServer();
      const leave = await start(url, { query: 'subscription { deaf }' });
      await toy.begun();
      leave();
      await expect(toy.returned()).resolves.toBeUndefined();
    },
  );
});

test('the end of one operation leaves the others of the socket alone', async () => {
  const { url, toy } = await startTestServer();
  const client = await connect(url);
  client.subscribe('slow', { query: 'subscription { slow }' });
  client.subscribe('wait', { query: '{ wait }' });
  await client.next('slow');
  client.send({ id: 'wait', type: 'complete' });
  await toy.aborted();
  toy.release();
  expect(await client.next('slow')).toMatchObject({ payload: { data: { slow: 'done at last' } } });
});

test('a source that begins only after its client left is told to return', async () => {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<object>();
  const { url, toy } = await startTestServer({
    context() {
      entered.resolve();
      return gate.promise;
    },
  });
  const client = await connect(url);
  client.subscribe('1', { query: 'subscription { deaf }' });
  await entered.promise;
  client.send({ id: '1', type: 'complete' });
  client.send({ type: 'ping' });
  await client.next('pong');
  gate.resolve({});
  await toy.begun();
  await expect(toy.returned()).resolves.toBeUndefined();
});
