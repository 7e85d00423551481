import { ADMIN_KEY } from '../../support/gateway.ts';
import type { TestGateway } from '../../support/gateway.ts';
import { connect, postForStream, readResults } from '../../server/support/client.ts';
import type { Operation, Result } from '../../server/support/client.ts';
import type { EventData } from './completions.ts';

export const STREAMING = ['SSE', 'WS'] as const;

/** A subscription to completion events, as a client holds it. */
export interface Subscription {
  /** The next event, or undefined once the server has ended the stream. */
  next(): Promise<EventData | undefined>;
  /** All that is still to come. */
  rest(): Promise<EventData[]>;
  /** Hangs up in the way of the transport. */
  leave(): void;
}

/** How a client can leave in the middle. */
export type WayToLeave = 'SSE aborted' | 'WS complete' | 'WS close' | 'WS terminate';

export async function subscribe(
  transport: (typeof STREAMING)[number],
  gateway: Pick<TestGateway, 'url'>,
  operation: Operation,
  options: { key?: string; leaveBy?: WayToLeave } = {},
): Promise<Subscription> {
  const authorization = `Bearer ${options.key ?? ADMIN_KEY}`;
  const results =
    transport === 'SSE'
      ? await overSse(gateway.url, operation, authorization)
      : await overSocket(gateway.url, operation, authorization, options.leaveBy ?? 'WS close');
  const next = async () => {
    const { value, done } = await results.next();
    if (done) return undefined;
    if (!value.data) throw new Error(`no event: ${JSON.stringify(value.errors)}`);
    return value.data['event'] as EventData;
  };
  return {
    next,
    leave: results.leave,
    async rest() {
      const events: EventData[] = [];
      for (let event = await next(); event; event = await next()) events.push(event);
      return events;
    },
  };
}

interface Results {
  next(): Promise<IteratorResult<Result, undefined>>;
  leave(): void;
}

async function overSse(url: string, operation: Operation, authorization: string): Promise<Results> {
  const controller = new AbortController();
  const init = { headers: { authorization }, signal: controller.signal };
  const response = await postForStream(url, operation, init);
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    throw new Error(`no stream: ${await response.text()}`);
  const results = readResults(response);
  return {
    next: () => results.next() as Promise<IteratorResult<Result, undefined>>,
    leave: () => controller.abort(),
  };
}

async function overSocket(
  url: string,
  operation: Operation,
  authorization: string,
  leaveBy: WayToLeave,
): Promise<Results> {
  const client = await connect(url, { authorization });
  client.subscribe('1', operation);
  const lost = client.closed.then(({ code, reason }): never => {
    throw new Error(`the socket was closed: ${code} ${reason}`);
  });
  lost.catch(() => {});
  return {
    async next() {
      const { type, payload } = await Promise.race([client.next('1'), lost]);
      if (type === 'next') return { value: payload as Result, done: false };
      client.ws.close();
      if (type === 'complete') return { value: undefined, done: true };
      throw new Error(`refused: ${JSON.stringify(payload)}`);
    },
    leave() {
      if (leaveBy === 'WS complete') client.send({ id: '1', type: 'complete' });
      else if (leaveBy === 'WS terminate') client.ws.terminate();
      else client.ws.close();
    },
  };
}

export const typeOf = (event: EventData | undefined): string | undefined => {
  const { __typename } = event ?? {};
  return __typename;
};

export const isTerminal = ({ __typename }: EventData): boolean =>
  __typename === 'CompletionFinished' || __typename === 'CompletionFailed';

/** What the text deltas of a stream say together. */
export function textOf(events: EventData[]): string {
  return events
    .filter(({ __typename }) => __typename === 'CompletionTextDelta')
    .map(({ text }) => text)
    .join('');
}
