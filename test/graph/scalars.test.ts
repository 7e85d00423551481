import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startUpstream, type Upstream } from '../providers/support/upstream.ts';
import { useGateway } from '../support/gateway.ts';

/** Three of these sum to more than 32 bits hold. */
const HUGE = { prompt_tokens: 998_000_001, completion_tokens: 1_000_000_000 };

let upstream: Upstream;
const provider = { name: 'huge', type: 'openai-compatible', headers: {}, settings: {} };
const models = [{ id: 'm', price: { input: '0.000000001', output: '1' } }];
const config = { providers: [{ ...provider, models, baseURL: '' }] };

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => {
    const usage = { ...HUGE, total_tokens: HUGE.prompt_tokens + HUGE.completion_tokens };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const part of [
      { choices: [{ index: 0, delta: { role: 'assistant', content: 'ok' } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { choices: [], usage },
    ])
      response.write(
        `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', ...part })}\n\n`,
      );
    response.end('data: [DONE]\n\n');
  });
  config.providers[0]!.baseURL = `${upstream.url}/v1`;
});
const gateway = useGateway({ config });
afterAll(() => upstream.close());

const create = (model: string) => `mutation {
  completionCreate(input: { model: "${model}", source: { text: "hi" } }) {
    completion { id createdAt usage { input output total } cost { amount currency } } errors { message }
  }
}`;

describe('SafeInt', () => {
  it('carries sums of tokens beyond 32 bits as exact JSON numbers', async () => {
    for (const _ of [1, 2, 3]) {
      const { data } = await gateway().ask(create('huge/m'));
      const { completion, errors } = data.completionCreate;
      expect(errors).toEqual([]);
      expect(completion.usage).toEqual({ input: 998_000_001, output: 1_000_000_000, total: 1_998_000_001 });
    }
    const query = `{ usage(range: { from: "2020-01-01T00:00:00Z" }, filter: { model: { eq: "huge/m" } }) {
      total { requests tokens { input output total } cost { amount } }
    } }`;
    expect((await gateway().ask(query)).data.usage.total).toEqual({
      requests: 3,
      tokens: { input: 2_994_000_003, output: 3_000_000_000, total: 5_994_000_003 },
      cost: { amount: '3000.000002997' },
    });
  });
});

describe('Decimal', () => {
  it('goes out as an exact decimal string', async () => {
    const { data } = await gateway().ask(create('huge/m'));
    // 998.000001 million tokens at a nano-dollar and 1000 million at a dollar, rounded up to a whole nano-dollar.
    expect(data.completionCreate.completion.cost).toEqual({ amount: '1000.000000999', currency: 'USD' });
  });

  it('comes in as an exact decimal string, in the text and in a variable', async () => {
    await gateway().ask(create('huge/m'));
    const count = async (minCost: string) => {
      const inText = await gateway().ask(`{ completions(filter: { minCost: "${minCost}" }) { totalCount } }`);
      const query = 'query ($least: Decimal) { completions(filter: { minCost: $least }) { totalCount } }';
      expect(await gateway().ask(query, { least: minCost })).toEqual(inText);
      return inText.data.completions.totalCount;
    };
    expect(await count('1000.000000999')).toBeGreaterThan(0);
    expect(await count('1000.000001')).toBe(0);
  });

  it.each([
    5,
    0.1,
    true,
    '1e3',
    '0x10',
    '1,5',
    '.5',
    '',
    ' 1',
    '1.0000000001',
    '1000000000000000',
    'NaN',
    'abc',
    [],
    {},
  ])('refuses %j', async (least) => {
    const query = 'query ($least: Decimal) { completions(filter: { minCost: $least }) { totalCount } }';
    const { data, errors } = await gateway().ask(query, { least });
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['least'] } }]);
  });
});

describe('DateTime', () => {
  it('goes out in UTC, to the millisecond', async () => {
    const { data } = await gateway().ask(create('demo/echo'));
    expect(data.completionCreate.completion.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('means an instant, in whatever zone it comes in', async () => {
    const { data } = await gateway().ask(create('demo/echo'));
    const { createdAt } = data.completionCreate.completion;
    const elsewhere = `${new Date(Date.parse(createdAt) + 5.5 * 3600_000).toISOString().slice(0, -1)}+05:30`;
    const count = async (from: string) => {
      const query =
        'query ($from: DateTime!) { completions(filter: { range: { from: $from } }) { totalCount } }';
      return (await gateway().ask(query, { from })).data.completions.totalCount;
    };
    expect(await count(elsewhere)).toBe(await count(createdAt));
    expect(await count(elsewhere)).toBeGreaterThan(0);
  });

  it.each([
    '2026-11-23',
    'yesterday',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-11-23T12:00:00',
    '',
    {},
    true,
  ])('refuses %j', async (from) => {
    const query =
      'query ($from: DateTime!) { completions(filter: { range: { from: $from } }) { totalCount } }';
    const { errors } = await gateway().ask(query, { from });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['from'] } }]);
  });
});

describe('Cursor', () => {
  it('is what an event carried, and nothing else', async () => {
    const query = `subscription ($key: String, $after: Cursor) {
      completionStream(
        input: { model: "demo/echo", source: { text: "one two three" } }
        idempotencyKey: $key, after: $after, coalesceMs: 0
      ) { __typename cursor ... on CompletionFailed { errors { code path } } }
    }`;
    const read = async (after?: unknown) => {
      const results = gateway()
        .socket()
        .iterate({ query, variables: { key: 'cursors', after } });
      return (await Array.fromAsync(results)).map(({ data }) => data?.['completionStream']);
    };
    const all = (await read()) as { cursor: string }[];
    expect(all.length).toBeGreaterThan(3);
    for (const seen of [1, 2, 3]) expect(await read(all[seen - 1]?.cursor)).toEqual(all.slice(seen));
    expect(await read('elsewhere')).toEqual([
      { __typename: 'CompletionFailed', cursor: '', errors: [{ code: 'INVALID_INPUT', path: ['after'] }] },
    ]);
    await expect(read(5)).rejects.toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['after'] } }]);
  });
});
