import { readFileSync } from 'node:fs';
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costOf } from '../../src/catalog/cost.ts';
import { toDeclaredPrice } from '../../src/catalog/declared-price.ts';
import { createListedPrices } from '../../src/catalog/listed-price.ts';
import { PACKAGED_SOURCE, packagedPriceList } from '../../src/catalog/price-list.ts';
import type { DeclaredPrice } from '../../src/config/config.ts';
import type { Model, Price } from '../../src/domain/model.ts';
import { costNanos } from '../../src/lib/money.ts';

const AT = new Date('2026-11-23T12:00:00Z');
const CATALOGUE_IDS =
  'openai anthropic google azure aws mistral cohere groq x-ai deepseek together fireworks cerebras perplexity openrouter'.split(
    ' ',
  );
const packaged = createListedPrices(await packagedPriceList());
const listed = (catalogueId: string, modelId: string, at = AT) =>
  packaged.find(modelOf(catalogueId, modelId), catalogueId, at);
const declared = (price: DeclaredPrice) => toDeclaredPrice(modelOf('house', 'm'), price, 'config');
const tokens = (input: number, output = 0, cacheRead = 0, cacheWrite = 0) => ({
  input,
  output,
  cacheRead,
  cacheWrite,
});

function modelOf(provider: string, id: string): Model {
  return {
    name: `${provider}/${id}`,
    provider,
    id,
    displayName: id,
    capabilities: [],
    capabilitiesDeclared: false,
    contextWindow: undefined,
    maxOutputTokens: undefined,
    deprecated: false,
    continues: false,
    region: undefined,
  };
}

function ensurePrice(price: Price | undefined): Price {
  if (!price) throw new Error('expected a price');
  return price;
}

describe('a price from the price list', () => {
  it('names the data it came from, in the version that is installed', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(PACKAGED_SOURCE).toBe(`genai-prices ${dependencies['@pydantic/genai-prices']}`);
    expect(listed('openai', 'gpt-4o')).toMatchObject({ source: PACKAGED_SOURCE, effectiveFrom: undefined });
  });

  it('has a rate for each unit that the vendor prices', () => {
    expect(ensurePrice(listed('openai', 'gpt-4o')).rates).toEqual([
      { unit: 'MTOK_INPUT', fromTokens: 0, nanos: 2_500_000_000n },
      { unit: 'MTOK_OUTPUT', fromTokens: 0, nanos: 10_000_000_000n },
      { unit: 'MTOK_CACHE_READ', fromTokens: 0, nanos: 1_250_000_000n },
    ]);
  });

  it('reads names that the list does not spell out, such as dated snapshots', () => {
    const { rates } = ensurePrice(listed('openai', 'gpt-5.4'));
    expect(listed('openai', 'gpt-5.4-2026-03-05')).toMatchObject({
      model: 'openai/gpt-5.4-2026-03-05',
      rates,
    });
  });

  it('starts a tier at the first token after the listed one', () => {
    const price = ensurePrice(listed('anthropic', 'claude-sonnet-4-5'));
    const outputs = price.rates.filter((rate) => rate.unit === 'MTOK_OUTPUT');
    expect(outputs.map(({ fromTokens, nanos }) => [fromTokens, nanos])).toEqual([
      [0, 15_000_000_000n],
      [200_001, 22_500_000_000n],
    ]);
    expect(costOf(price, tokens(200_000, 1_000))).toBe(600_000_000n + 15_000_000n);
    expect(costOf(price, tokens(200_001, 1_000))).toBe(1_200_006_000n + 22_500_000n);
  });

  it('follows the date, and says since when the price holds', () => {
    const before = ensurePrice(listed('deepseek', 'deepseek-v4-pro', new Date('2026-08-01T12:00:00Z')));
    const after = ensurePrice(listed('deepseek', 'deepseek-v4-pro', new Date('2026-08-20T12:00:00Z')));
    expect(before.effectiveFrom).toBeUndefined();
    expect(after.effectiveFrom).toEqual(new Date('2026-08-17'));
    expect(after.rates).not.toEqual(before.rates);
  });

  it('follows the time of day to the minute, where the vendor does', () => {
    const normal = listed('deepseek', 'deepseek-v4-pro', new Date('2026-11-23T00:59:59.999Z'));
    const busy = listed('deepseek', 'deepseek-v4-pro', new Date('2026-11-23T01:00:00Z'));
    expect(ensurePrice(busy).rates).not.toEqual(ensurePrice(normal).rates);
  });

  it.each([
    ['a model that the list does not know', 'openai', 'gpt-nonexistent'],
    ['a provider that the list does not know', 'nobody', 'gpt-4o'],
    ['a model without rates', 'google', 'gemma-3'],
    ['a model priced by the hour', 'openai', 'whisper-1'],
    ['a model that charges for what no answer counts', 'perplexity', 'sonar-deep-research'],
    ['a name that is far too long', 'openai', `gpt-4o-${'x'.repeat(1_000)}`],
  ])('is unknown, not zero, for %s', (_, catalogueId, modelId) => {
    expect(listed(catalogueId, modelId)).toBeUndefined();
  });

  it('counts the fee for each request that some vendors take beside the tokens', () => {
    const price = ensurePrice(listed('perplexity', 'sonar-pro'));
    expect(price.rates).toContainEqual({ unit: 'REQUEST', fromTokens: 0, nanos: 14_000_000n });
    expect(costOf(price, tokens(1_000, 100))).toBe(3_000_000n + 1_500_000n + 14_000_000n);
  });

  it('has the id of its content: the same at every moment and in every process, another for another price', () => {
    const at = (text: string) => ensurePrice(listed('openai', 'gpt-4o', new Date(text))).id;
    expect(at('2026-11-23T12:00:00Z')).toBe(at('2026-11-23T13:00:00Z'));
    expect(at('2026-11-23T12:00:00Z')).toMatch(/^price_[0-9a-z]{26}$/);
    const ids = [
      listed('openai', 'gpt-4o'),
      listed('openai', 'gpt-4o-2024-08-06'),
      listed('azure', 'gpt-4o'),
      listed('deepseek', 'deepseek-v4-pro', new Date('2026-08-01T12:00:00Z')),
      listed('deepseek', 'deepseek-v4-pro', new Date('2026-08-20T12:00:00Z')),
    ].map((price) => ensurePrice(price).id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a declared price', () => {
  it('is exact, and knows every unit and tier', () => {
    const price = declared({
      input: '2.5',
      output: '0.000000001',
      cacheRead: '0.25',
      reasoning: '7',
      request: '0.005',
      image: '0.04',
      audioSecond: '0.0001',
      mchar: '15',
      tiers: [{ fromInputTokens: 200_001, input: '5' }],
    });
    expect(price).toEqual({
      id: expect.stringMatching(/^price_/),
      organisationId: undefined,
      provider: 'house',
      model: 'house/m',
      source: 'config',
      effectiveFrom: undefined,
      rates: [
        { unit: 'MTOK_INPUT', fromTokens: 0, nanos: 2_500_000_000n },
        { unit: 'MTOK_INPUT', fromTokens: 200_001, nanos: 5_000_000_000n },
        { unit: 'MTOK_OUTPUT', fromTokens: 0, nanos: 1n },
        { unit: 'MTOK_CACHE_READ', fromTokens: 0, nanos: 250_000_000n },
        { unit: 'MTOK_REASONING', fromTokens: 0, nanos: 7_000_000_000n },
        { unit: 'MCHAR', fromTokens: 0, nanos: 15_000_000_000n },
        { unit: 'REQUEST', fromTokens: 0, nanos: 5_000_000n },
        { unit: 'IMAGE', fromTokens: 0, nanos: 40_000_000n },
        { unit: 'AUDIO_SECOND', fromTokens: 0, nanos: 100_000n },
      ],
    });
  });
});

describe('a cost', () => {
  const metered = declared({ input: '2', output: '8', cacheRead: '0.2', cacheWrite: '2.5' });

  it('bills cached tokens at their own rates, as part of the input', () => {
    expect(costOf(metered, tokens(1_000, 100, 600, 300))).toBe(200_000n + 120_000n + 750_000n + 800_000n);
  });

  it('bills cached tokens like input where they have no rate', () => {
    const plain = declared({ input: '2', output: '8' });
    expect(costOf(plain, tokens(1_000, 0, 600, 300))).toBe(costOf(plain, tokens(1_000)));
  });

  it('cannot be told for a price without a rate for input or requests', () => {
    const rates = [{ unit: 'MTOK_OUTPUT' as const, fromTokens: 0, nanos: 1n }];
    expect(() => costOf({ ...metered, rates }, tokens(1))).toThrow(/MTOK_INPUT/);
  });

  it('rounds up once, not line by line', () => {
    expect(costOf(declared({ input: '0.0000001', output: '0.0000001' }), tokens(1, 1))).toBe(1n);
  });

  it('agrees with the price list for every model of every provider, to within rounding', () => {
    const usages = [
      tokens(1_000, 500),
      tokens(199_999, 10),
      tokens(200_001, 10_000, 50_000),
      tokens(900_000, 7, 3, 5),
    ];
    const priced = CATALOGUE_IDS.flatMap((providerId) =>
      (findProvider({ providerId })?.models ?? []).flatMap(({ id }) => {
        const price = listed(providerId, id);
        return price ? [{ providerId, id, price }] : [];
      }),
    );
    expect(priced.length).toBeGreaterThan(900);
    const differences = priced.flatMap(({ providerId, id, price }) => {
      const sellsOutput = price.rates.some((rate) => rate.unit === 'MTOK_OUTPUT');
      return usages
        .map((usage) => (sellsOutput ? usage : { ...usage, output: 0 }))
        .flatMap((usage) => listDifferences(providerId, id, price, usage));
    });
    expect(differences).toEqual([]);
  });

  it('agrees with the price list for any usage', () => {
    const models = fc.constantFrom(
      ...['gpt-5.4', 'gpt-4o', 'gpt-5.6-sol', 'o3'].map((id) => ['openai', id] as const),
      ['anthropic', 'claude-sonnet-4-5'] as const,
      ['google', 'gemini-2.5-pro'] as const,
    );
    fc.assert(
      fc.property(models, anyUsage(), ([providerId, id], usage) => {
        const price = ensurePrice(listed(providerId, id));
        expect(listDifferences(providerId, id, price, usage)).toEqual([]);
      }),
    );
  });

  it('never shrinks when there are more tokens, and is zero only for none', () => {
    const sonnet = ensurePrice(listed('anthropic', 'claude-sonnet-4-5'));
    fc.assert(
      fc.property(anyUsage(), fc.nat(1_000_000), (usage, more) => {
        const cost = costOf(sonnet, usage);
        expect(costOf(sonnet, { ...usage, input: usage.input + more })).toBeGreaterThanOrEqual(cost);
        expect(costOf(sonnet, { ...usage, output: usage.output + more })).toBeGreaterThanOrEqual(cost);
        expect(cost === 0n).toBe(usage.input + usage.output === 0);
      }),
    );
  });

  it('is what money makes of the same lines, for any declared price', () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 12n });
    fc.assert(
      fc.property(amount, amount, anyUsage(), (input, output, usage) => {
        const rates = [
          { unit: 'MTOK_INPUT' as const, fromTokens: 0, nanos: input },
          { unit: 'MTOK_OUTPUT' as const, fromTokens: 0, nanos: output },
        ];
        const lines = [
          { millionths: usage.input, nanos: input },
          { millionths: usage.output, nanos: output },
        ];
        expect(costOf({ ...metered, rates }, usage)).toBe(costNanos(lines));
      }),
    );
  });
});

function anyUsage() {
  const count = fc.nat(400_000);
  return fc
    .tuple(count, count, count, count)
    .map(([uncached, cacheRead, cacheWrite, output]) =>
      tokens(uncached + cacheRead + cacheWrite, output, cacheRead, cacheWrite),
    );
}

/** Where our exact cost differs from the price list's, which counts in floats, by more than rounding. */
function listDifferences(providerId: string, id: string, price: Price, usage: ReturnType<typeof tokens>) {
  const theirs = calcPrice(
    {
      input_tokens: usage.input,
      output_tokens: usage.output,
      cache_read_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite,
    },
    id,
    { providerId, timestamp: AT },
  );
  const theirNanos = (theirs?.total_price ?? Number.NaN) * 1e9;
  const off = Math.abs(Number(costOf(price, usage)) - theirNanos);
  return off <= 1 + theirNanos * 1e-9 ? [] : [`${providerId}/${id} is ${off} nano-USD off`];
}
