import { beforeAll, describe, expect, it } from 'vitest';
import { askFrom, sendFrom, type Headers } from '../access/support/from-address.ts';
import { say } from '../completion/support/completions.ts';
import { TRANSPORTS } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { setRoute } from './support.ts';

/** Of this machine too, so that a test can come from them. */
const PROXY = '127.0.0.2';
const ELSEWHERE = '127.0.0.3';
const REGION = 'x-client-region';

const gateway = useGateway({ config: { trustedProxies: [PROXY], regionHeader: REGION } });
const withoutHeader = useGateway({ config: { trustedProxies: [PROXY] } });

beforeAll(async () => {
  const targets = [
    { model: 'demo/assistant', condition: 'region == "eu"' },
    { model: 'demo/slow', condition: 'region == ""' },
    { model: 'demo/echo' },
  ];
  for (const each of [gateway(), withoutHeader()]) await setRoute(each, { name: 'near', targets });
});

const variables = { input: say('near', 'hi') };
const EXPLAIN = 'query ($input: CompletionInput!) { explainRoute(input: $input) { chosen { name } } }';
const key = { authorization: `Bearer ${ADMIN_KEY}` };
const chose = (name: string) => ({ data: { explainRoute: { chosen: { name } } } });

describe.each(TRANSPORTS)('over %s the region of a caller', (transport) => {
  const from = (peer: string, headers: Headers, url = gateway().url) =>
    askFrom(peer, transport, url, { query: EXPLAIN, variables }, { ...key, ...headers });

  it.each([
    ['is what a trusted proxy says', 'eu', 'demo/assistant'],
    ['is in small letters, without spaces', ' EU ', 'demo/assistant'],
    ['may be another one', 'us-east-1', 'demo/echo'],
    ['is not known where the proxy says nothing', '', 'demo/slow'],
    ['is not known by a word that is no name of a region', 'eu; drop', 'demo/slow'],
    ['is not known by a word that is too long', 'e'.repeat(65), 'demo/slow'],
  ])('%s', async (_, region, model) => {
    expect(await from(PROXY, { [REGION]: region })).toEqual(chose(model));
  });

  it('is not known where there is no such header', async () => {
    expect(await from(PROXY, {})).toEqual(chose('demo/slow'));
  });

  it('is never what somebody says who is no trusted proxy', async () => {
    expect(await from(ELSEWHERE, { [REGION]: 'eu' })).toEqual(chose('demo/slow'));
  });

  it('is not believed where the configuration names no header', async () => {
    expect(await from(PROXY, { [REGION]: 'eu' }, withoutHeader().url)).toEqual(chose('demo/slow'));
  });
});

describe('the region of a caller', () => {
  it('decides on the model of a completion, however it is asked for, and of its estimate', async () => {
    const headers = { ...key, [REGION]: 'eu' };
    const query = `query ($input: CompletionInput!) {
      complete(input: $input) { completion { model { name } } } estimate(input: $input) { model { name } }
    }`;
    const asked = await askFrom(PROXY, 'HTTP', gateway().url, { query, variables }, headers);
    expect(asked.data).toEqual({
      complete: { completion: { model: { name: 'demo/assistant' } } },
      estimate: { model: { name: 'demo/assistant' } },
    });
    const stream = `subscription ($input: CompletionInput!) {
      completionStream(input: $input) { ... on CompletionStarted { completion { model { name } } } }
    }`;
    const first = await askFrom(PROXY, 'SSE', gateway().url, { query: stream, variables }, headers);
    expect(first.data).toEqual({
      completionStream: { completion: { model: { name: 'demo/assistant' } } },
    });
  });

  it('is not chosen among several that a proxy passes on', async () => {
    const operation = { query: EXPLAIN, variables };
    const response = await sendFrom(PROXY, gateway().url, operation, { ...key, [REGION]: ['eu', 'us'] });
    expect(response.statusCode).toBe(400);
    response.resume();
  });
});
