import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';

const price = { input: '2.5', output: '15', cacheRead: '0.000000001' };
const gateway = useGateway({
  config: {
    providers: [
      {
        name: 'house',
        type: 'openai-compatible',
        baseURL: 'http://127.0.0.1:9/v1',
        headers: {},
        settings: {},
        models: [
          { id: 'small', displayName: 'Small', capabilities: ['TEXT'], contextWindow: 8_192, price },
          { id: 'org/large:latest', capabilities: ['TEXT', 'VISION'] },
        ],
      },
    ],
  },
});

const names = async (filter: object, first = 200): Promise<string[]> => {
  const query = `query ($filter: ModelFilter, $first: Int) {
    models(filter: $filter, first: $first) { nodes { name } totalCount }
  }`;
  const { data } = await gateway().ask(query, { filter, first });
  expect(data.models.totalCount).toBeGreaterThanOrEqual(data.models.nodes.length);
  return data.models.nodes.map(({ name }: { name: string }) => name);
};

describe('models', () => {
  it('are those of the configured providers, by name', async () => {
    const all = await names({});
    expect(all).toEqual(all.toSorted());
    expect(all).toContain('demo/echo');
    expect(all).toContain('house/small');
    expect(all).toContain('house/org/large:latest');
    expect(all.filter((name) => !/^(demo|house)\//.test(name))).toEqual([]);
  });

  it('are filtered by name, provider and capability, all at once', async () => {
    expect(await names({ name: { eq: 'house/small' } })).toEqual(['house/small']);
    expect(await names({ name: { in: ['house/small', 'demo/echo', 'none'] } })).toEqual([
      'demo/echo',
      'house/small',
    ]);
    expect(await names({ name: { contains: 'large' } })).toEqual(['house/org/large:latest']);
    expect(await names({ provider: { eq: 'house' } })).toEqual(['house/org/large:latest', 'house/small']);
    expect(await names({ provider: { eq: 'house' }, capabilities: ['VISION', 'TEXT'] })).toEqual([
      'house/org/large:latest',
    ]);
    expect(await names({ name: { eq: 'house/small', contains: 'large' } })).toEqual([]);
    expect(await names({ name: null, provider: { eq: 'house', in: null } })).toHaveLength(2);
    expect(await names({ callable: false })).toEqual([]);
  });

  it('come in pages that the filter applies to', async () => {
    const query = `query ($after: String) { models(first: 1, after: $after, filter: { provider: { eq: "house" } }) {
      nodes { name } totalCount pageInfo { hasNextPage endCursor }
    } }`;
    const first = (await gateway().ask(query)).data.models;
    expect(first).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
    const second = (await gateway().ask(query, { after: first.pageInfo.endCursor })).data.models;
    expect(second).toMatchObject({ nodes: [{ name: 'house/small' }], pageInfo: { hasNextPage: false } });
  });

  it('say what they can do and what they cost', async () => {
    const query = `{ model(name: "house/small") {
      id name displayName provider { name kind configured } capabilities contextWindow deprecated
      prices { unit amount { amount currency } fromTokens source effectiveFrom } access { allowed }
    } }`;
    const rate = (unit: string, amount: string) => ({
      unit,
      amount: { amount, currency: 'USD' },
      fromTokens: 0,
      source: 'config',
      effectiveFrom: null,
    });
    const { model } = (await gateway().ask(query)).data;
    expect(model).toEqual({
      id: 'mdl_house/small',
      name: 'house/small',
      displayName: 'Small',
      provider: { name: 'house', kind: 'COMPATIBLE', configured: true },
      capabilities: ['TEXT'],
      contextWindow: 8_192,
      deprecated: false,
      prices: expect.arrayContaining([
        rate('MTOK_INPUT', '2.5'),
        rate('MTOK_OUTPUT', '15'),
        rate('MTOK_CACHE_READ', '0.000000001'),
      ]),
      access: { allowed: true },
    });
  });

  it('without a known price have none, which is not a price of zero', async () => {
    const { data } = await gateway().ask(
      '{ unpriced: model(name: "demo/unpriced") { prices { unit } } free: model(name: "demo/echo") { prices { amount { amount } } } }',
    );
    expect(data.unpriced.prices).toEqual([]);
    expect(data.free.prices).not.toEqual([]);
    for (const { amount } of data.free.prices) expect(amount).toEqual({ amount: '0' });
  });

  it.each(['', 'none', 'demo/none', 'demo', '__proto__', 'demo/\0', 'x'.repeat(10_000)])(
    'are not found by the name %j',
    async (name) => {
      const { data } = await gateway().ask('query ($name: String!) { model(name: $name) { name } }', {
        name,
      });
      expect(data).toEqual({ model: null });
    },
  );
});

describe('providers', () => {
  it('are listed also when they cannot be called yet, with what they need', async () => {
    const { data } = await gateway().ask('{ providers { id name displayName kind configured needs } }');
    const byName = new Map<string, Record<string, unknown>>(
      data.providers.map((provider: { name: string }) => [provider.name, provider]),
    );
    expect(byName.get('demo')).toMatchObject({
      id: 'prov_demo',
      kind: 'DEMO',
      configured: true,
      needs: null,
    });
    expect(byName.get('house')).toMatchObject({ kind: 'COMPATIBLE', configured: true, needs: null });
    for (const [name, variable] of [
      ['openai', 'OPENAI_API_KEY'],
      ['anthropic', 'ANTHROPIC_API_KEY'],
      ['google', 'GOOGLE_GENERATIVE_AI_API_KEY'],
    ] as const) {
      expect(byName.get(name)).toMatchObject({
        kind: 'CLOUD',
        configured: false,
        needs: expect.stringContaining(variable),
      });
    }
  });
});
