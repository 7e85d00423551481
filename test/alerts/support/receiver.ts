import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { WebhookConfig } from '../../../src/config/config.ts';
import { readBody, startUpstream } from '../../providers/support/upstream.ts';

/** Of the reference implementations of Standard Webhooks. */
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** One request as a receiver got it. */
export interface Received {
  id: string;
  sentAt: number;
  headers: IncomingHttpHeaders;
  /** Whether its signature is right, by the specification. */
  genuine: boolean;
  payload: { type: string; timestamp: string; data: Record<string, unknown> };
}

export interface Receiver {
  url: string;
  received: Received[];
  /** The next request that has not been taken yet. */
  next(): Promise<Received>;
  /** As a webhook of the config. */
  as(name: string, changes?: Partial<WebhookConfig>): WebhookConfig;
  close(): Promise<void>;
}

/** A receiver of webhooks over HTTP. What it answers is up to the test; 204 by default. */
export async function startReceiver(
  answer: (response: ServerResponse, received: Received, count: number) => void = (response) =>
    void response.writeHead(204).end(),
): Promise<Receiver> {
  const received: Received[] = [];
  const arrived: Received[] = [];
  const waiting: ((one: Received) => void)[] = [];
  const upstream = await startUpstream((request, response) => {
    void readBody(request).then((body) => {
      const one = toReceived(request.headers, body);
      received.push(one);
      const taker = waiting.shift();
      if (taker) taker(one);
      else arrived.push(one);
      answer(response, one, received.length);
    });
  });
  return {
    url: upstream.url,
    received,
    next() {
      const one = arrived.shift();
      return one ? Promise.resolve(one) : new Promise((resolve) => waiting.push(resolve));
    },
    as: (name, changes) => ({
      name,
      url: `${upstream.url}/hook`,
      secret: SECRET,
      events: ['BUDGET_THRESHOLD', 'BUDGET_EXCEEDED', 'ANOMALY'],
      ...changes,
    }),
    close: upstream.close,
  };
}

function toReceived(headers: IncomingHttpHeaders, body: string): Received {
  const id = String(headers['webhook-id']);
  const timestamp = String(headers['webhook-timestamp']);
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const genuine = String(headers['webhook-signature'])
    .split(' ')
    .map((each) => each.split(','))
    .some(([version, given = '']) => {
      const bytes = Buffer.from(given, 'base64');
      return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
    });
  return {
    id,
    sentAt: Number(timestamp),
    headers,
    genuine,
    payload: JSON.parse(body) as Received['payload'],
  };
}
