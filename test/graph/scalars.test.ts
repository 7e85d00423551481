import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startUpstream, type Upstream } from '../providers/support/upstream.ts';
import { useGateway } from '../support/gateway.ts';

/** More than 32 bits hold, and a price that gives an amount with nine decimals. */
const HUGE = { prompt_tokens: 3_000_000_001, completion_tokens: 5_000_000_000 };

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
    completion { id createdAt usage { input output total source } cost { amount currency } } errors { message }
  }
}`;

describe('SafeInt', () => {
  it('carries token counts beyond 32 bits as exact JSON numbers', async () => {
    const { data } = await gateway().ask(create('huge/m'));
    expect(data.completionCreate.errors).toEqual([]);
    expect(data.completionCreate.completion.usage).toEqual({
      input: 3_000_000_001,
      output: 5_000_000_000,
      total: 8_000_000_001,
    });
  });

  it('carries their sums', async () => {
    await gateway().ask(create('huge/m'));
    const query = `{ usage(range: { from: "2020-01-01T00:00:00Z" }, filter: { model: { eq: "huge/m" } }) {
      total { requests tokens { input total } }
    } }`;
    const { total } = (await gateway().ask(query)).data.usage;
    expect(total.tokens.input).toBe(total.requests * 3_000_000_001);
    expect(total.tokens.total).toBe(total.requests * 8_000_000_001);
  });
});

describe('Decimal', () => {
  it('goes out as an exact decimal string', async () => {
    const { data } = await gateway().ask(create('huge/m'));
    // 3,000,000,001 tokens at 10⁻⁹ USD per million and 5,000 million at 1 USD; the last nano-dollar is rounded up.
    expect(data.completionCreate.completion.cost).toEqual({ amount: '5000.000003001', currency: 'USD' });
  });

  it('comes in as an exact decimal string, in the text and in a variable', async () => {
    await gateway().ask(create('huge/m'));
    const count = async (minCost: string) => {
      const inText = await gateway().ask(`{ completions(filter: { minCost: "${minCost}" }) { totalCount } }`);
      const query = 'query ($least: Decimal) { completions(filter: { minCost: $least }) { totalCount } }';
      const inVariable = await gateway().ask(query, { least: minCost });
      expect(inVariable).toEqual(inText);
      return inText.data.completions.totalCount;
    };
    expect(await count('5000.000003001')).toBeGreaterThan(0);
    expect(await count('5000.000003002')).toBe(0);
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
    '1000000000',
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
    const query = `subscription ($id: ID!, $after: Cursor) { completionEvents(id: $id, after: $after, coalesceMs: 0) {
      __typename cursor ... on CompletionFailed { errors { code path } }
    } }`;
    const { id } = (await gateway().ask(create('demo/echo'))).data.completionCreate.completion;
    const read = async (after?: unknown) => {
      const client = gateway().socket();
      const results = await Array.fromAsync(client.iterate({ query, variables: { id, after } }));
      return results.map(({ data }) => data?.['completionEvents'] as { __typename: string; cursor: string });
    };
    const all = await read();
    expect(all.length).toBeGreaterThan(2);
    expect(await read(all[0]?.cursor)).toEqual(all.slice(1));
    expect(await read('elsewhere')).toEqual([
      { __typename: 'CompletionFailed', cursor: '', errors: [{ code: 'INVALID_INPUT', path: ['after'] }] },
    ]);
    await expect(read(5)).rejects.toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['after'] } }]);
  });
});
