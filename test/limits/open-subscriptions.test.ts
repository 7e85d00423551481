import { expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { connect } from '../server/support/client.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { useGateway } from '../support/gateway.ts';

const gateway = useGateway({ config: { limits: { ...DEFAULTS.limits, subscriptionsPerKey: 2 } } });

const SILENT = 'subscription { alertRaised { id } }';
const ANSWERED = {
  query:
    'subscription { completionStream(input: { model: "demo/echo", source: { text: "hi" } }) { __typename } }',
};

/** Opens a stream over server-sent events; the answer of one that is refused is whole at once. */
async function openSse(secret: string) {
  const stop = new AbortController();
  const response = await fetch(gateway().url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
    },
    body: JSON.stringify({ query: SILENT }),
    signal: stop.signal,
  });
  return { response, leave: () => stop.abort() };
}

/** What a stream of a demo model begins with. */
async function begin(client: Awaited<ReturnType<typeof connect>>, id: string): Promise<unknown> {
  client.subscribe(id, ANSWERED);
  return (await client.next(id)).payload;
}

const REFUSED = {
  message: 'one key may have 2 subscriptions open at a time',
  extensions: { code: 'TOO_MANY_OPERATIONS' },
};

it('a key has as many subscriptions open as it may, over all transports together, and others have their own', async () => {
  const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
  const other = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
  const first = await openSse(secret);
  expect(first.response.status).toBe(200);
  const client = await connect(gateway().url, { authorization: `Bearer ${secret}` });
  client.subscribe('silent', { query: SILENT });
  // The first message of a socket is handled before the second: by the answer to this one, the other is open.
  expect(await begin(client, 'one too many')).toMatchObject([REFUSED]);
  const refused = await openSse(secret);
  expect(await refused.response.text()).toContain(REFUSED.message);
  const elsewhere = await openSse(other.secret);
  expect(elsewhere.response.status).toBe(200);

  first.leave();
  await expect
    .poll(() => begin(client, `again ${Math.random()}`))
    .toMatchObject({
      data: { completionStream: { __typename: 'CompletionStarted' } },
    });
  elsewhere.leave();
  client.ws.close();
  await client.closed;
});
