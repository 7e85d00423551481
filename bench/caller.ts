import { once } from 'node:events';
import { Client } from 'undici';
import { WebSocket } from 'ws';
import type { Job } from './job.ts';

/** One connection. */
export interface Caller {
  /** Calls once and resolves at the end of the answer; `onData` gets what comes of it. One call at a time. */
  call(onData: (data: Buffer) => void): Promise<void>;
  close(): Promise<void>;
}

export function openCaller(job: Job): Promise<Caller> {
  return job.transport === 'ws' ? openSocketCaller(job) : Promise.resolve(openHttpCaller(job));
}

function openHttpCaller({ url, headers, body }: Job): Caller {
  const { origin, pathname } = new URL(url);
  const client = new Client(origin);
  return {
    call(onData) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      let status = 0;
      client.dispatch(
        { path: pathname, method: 'POST', headers, body },
        {
          onRequestStart: () => {},
          onResponseStart: (_controller, code) => void (status = code),
          onResponseData: (_controller, data) => onData(data),
          onResponseEnd: () => (status === 200 ? resolve() : reject(new Error(`status ${status}`))),
          onResponseError: (_controller, error) => reject(error),
        },
      );
      return promise;
    },
    close: () => client.close(),
  };
}

/** Speaks graphql-transport-ws, in which a message's type stands near its beginning. */
async function openSocketCaller({ url, headers, body }: Job): Promise<Caller> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: headers }));
  await once(socket, 'message');
  let calls = 0;
  return {
    call(onData) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      calls += 1;
      function listen(data: Buffer): void {
        const type = /"type":"(\w+)"/.exec(data.subarray(0, 60).toString('latin1'))?.[1];
        if (type === 'next') return onData(data);
        if (type === 'ping') return socket.send('{"type":"pong"}');
        end(type === 'complete' ? undefined : new Error(data.toString()));
      }
      function end(error: Error | undefined): void {
        socket.off('message', listen).off('close', onClose);
        if (error) reject(error);
        else resolve();
      }
      const onClose = (code: number, reason: Buffer) =>
        end(new Error(`closed: ${code} ${reason.toString()}`));
      socket.on('message', listen).on('close', onClose);
      socket.send(`{"id":"${calls}","type":"subscribe","payload":${body}}`);
      return promise;
    },
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
