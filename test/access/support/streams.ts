import { expect } from 'vitest';
import { connect, postForStream, readResults, type Result } from '../../server/support/client.ts';

/** Subscriptions that never have anything to tell in these tests. */
export const SILENT = {
  'usage ticks': 'subscription { usageTicks { cursor } }',
  alerts: 'subscription { alertRaised { id } }',
  'a model that says nothing':
    'subscription { completionStream(input: { model: "demo/silent", source: { text: "hi" } }) { __typename completionId } }',
};

/** The end of a subscription: its last result, or what it was refused with. */
export interface Open {
  ended: Promise<Result | undefined>;
}

export async function overSse(url: string, token: string, query: string): Promise<Open> {
  const headers = { authorization: `Bearer ${token}` };
  const results = readResults(await postForStream(url, { query }, { headers }));
  return { ended: Array.fromAsync(results).then((all) => all.at(-1)) };
}

export async function overWs(url: string, token: string, query: string): Promise<Open> {
  const client = await connect(url, { authorization: `Bearer ${token}` });
  client.subscribe('1', { query });
  async function readToEnd(): Promise<Result | undefined> {
    let last: Result | undefined;
    for (;;) {
      const { type, payload } = await client.next('1');
      if (type === 'error') return { errors: payload as NonNullable<Result['errors']> };
      if (type === 'complete') return last;
      last = payload as Result;
    }
  }
  return { ended: readToEnd().finally(() => client.ws.close()) };
}

/** Lets a subscription begin: there is no answer that says so, and what was to come is quiet. */
export const begun = () => new Promise((resolve) => setTimeout(resolve, 300));

export const errorOf = (code: string, message: RegExp) => ({
  errors: [{ message: expect.stringMatching(message), extensions: { code, requestId: expect.any(String) } }],
});
