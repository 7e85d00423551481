import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costOf, worstCostOf, type Used } from '../../src/catalog/cost.ts';
import { makePrice } from '../../src/catalog/make-price.ts';
import { PRICE_UNITS, type Price, type PriceUnit, type Rate } from '../../src/domain/model.ts';

function priceOf(
  ...rates: readonly (readonly [unit: PriceUnit, nanos: bigint, fromTokens?: number])[]
): Price {
  return makePrice({
    organisationId: undefined,
    provider: 'house',
    model: 'house/m',
    source: 'config',
    effectiveFrom: undefined,
    rates: rates.map(([unit, nanos, fromTokens = 0]): Rate => ({ unit, nanos, fromTokens })),
  });
}

const used = (changes: Partial<Used> = {}): Used => ({
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  ...changes,
});

/** A nano-USD for one token. */
const EACH = 1_000_000n;
const TOKENS = [
  ['MTOK_INPUT', 2n * EACH],
  ['MTOK_OUTPUT', 10n * EACH],
] as const;
const TIERED = priceOf(
  ...TOKENS,
  ['MTOK_INPUT', 4n * EACH, 1_001],
  ['MTOK_OUTPUT', 15n * EACH, 1_001],
  ['MTOK_CACHE_READ', EACH],
  ['REQUEST', 100n],
  ['REQUEST', 900n, 1_001],
);

describe('the cost of one call', () => {
  it.each<[what: string, price: Price, used: Used, nanos: bigint]>([
    ['input and output', priceOf(...TOKENS), used({ input: 3, output: 5 }), 6n + 50n],
    ['output like input without a rate of its own', priceOf(TOKENS[0]), used({ input: 3, output: 5 }), 16n],
    [
      'cache reads',
      priceOf(...TOKENS, ['MTOK_CACHE_READ', EACH]),
      used({ input: 9, cacheRead: 4 }),
      10n + 4n,
    ],
    [
      'cache writes',
      priceOf(...TOKENS, ['MTOK_CACHE_WRITE', 3n * EACH]),
      used({ input: 9, cacheWrite: 4 }),
      10n + 12n,
    ],
    [
      'both like input without rates',
      priceOf(...TOKENS),
      used({ input: 9, cacheRead: 4, cacheWrite: 4 }),
      18n,
    ],
    ['reasoning as output', priceOf(...TOKENS), used({ output: 5, reasoning: 3 }), 50n],
    [
      'reasoning apart',
      priceOf(...TOKENS, ['MTOK_REASONING', 7n * EACH]),
      used({ output: 5, reasoning: 3 }),
      20n + 21n,
    ],
    [
      'no more reasoning than output',
      priceOf(...TOKENS, ['MTOK_REASONING', EACH]),
      used({ output: 5, reasoning: 9 }),
      5n,
    ],
    ['each request', priceOf(...TOKENS, ['REQUEST', 100n]), used({ input: 3 }), 106n],
    ['a request alone, tokens free', priceOf(['REQUEST', 100n]), used({ input: 3, output: 5 }), 100n],
    [
      'a request, and output beside it',
      priceOf(['REQUEST', 100n], TOKENS[1]),
      used({ input: 3, output: 5 }),
      150n,
    ],
    ['images', priceOf(...TOKENS, ['IMAGE', 40n]), used({ input: 1, images: 3 }), 122n],
    ['seconds of audio', priceOf(...TOKENS, ['AUDIO_SECOND', 8n]), used({ audioSeconds: 2.5 }), 20n],
    [
      'a part of a second, rounded up',
      priceOf(...TOKENS, ['AUDIO_SECOND', 8n]),
      used({ audioSeconds: 0.1 }),
      1n,
    ],
    ['characters', priceOf(...TOKENS, ['MCHAR', 3n * EACH]), used({ characters: 7 }), 21n],
    [
      'what is not sold by itself at nothing',
      priceOf(...TOKENS),
      used({ images: 3, audioSeconds: 9, characters: 7 }),
      0n,
    ],
    ['the first tier up to its end', TIERED, used({ input: 1_000, output: 10 }), 2_000n + 100n + 100n],
    ['the next from its first token on', TIERED, used({ input: 1_001, output: 10 }), 4_004n + 150n + 900n],
    [
      'tiers by all of the input, cached too',
      TIERED,
      used({ input: 1_001, cacheRead: 1_000 }),
      4n + 1_000n + 900n,
    ],
    [
      'everything rounded up together',
      priceOf(['MTOK_INPUT', 1n], ['MTOK_OUTPUT', 1n], ['REQUEST', 5n]),
      used({ input: 1, output: 1 }),
      6n,
    ],
    ['nothing for nothing', priceOf(...TOKENS), used(), 0n],
    ['a price of zero', priceOf(['MTOK_INPUT', 0n]), used({ input: 9, output: 9 }), 0n],
    [
      'no loss in large amounts',
      priceOf(['MTOK_INPUT', 10n ** 15n]),
      used({ input: 2 ** 40 }),
      2n ** 40n * 10n ** 9n,
    ],
  ])('counts %s', (_what, price, of, nanos) => {
    expect(costOf(price, of)).toBe(nanos);
  });

  it.each([
    { images: -1 },
    { images: 0.5e-9 },
    { audioSeconds: -1 },
    { characters: 0.5 },
    { input: Number.NaN },
  ])('refuses %j', (changes) => {
    expect(() => costOf(priceOf(...TOKENS), used(changes))).toThrow('is no number of tokens');
  });
});

describe('the worst case', () => {
  const rates = fc.array(
    fc.record({
      unit: fc.constantFrom(...PRICE_UNITS.slice(0, 5), 'REQUEST' as const),
      nanos: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      fromTokens: fc.constantFrom(0, 100, 10_000),
    }),
    { maxLength: 8 },
  );
  const count = fc.nat(20_000);

  it('is never less than any call of so many tokens or fewer, however they are split', () => {
    fc.assert(
      fc.property(
        rates,
        count,
        count,
        count,
        count,
        count,
        (list, uncached, read, write, output, reasoning) => {
          const price = priceOf(
            ['MTOK_INPUT', 5n],
            ...list.map(
              ({ unit, nanos, fromTokens }) => [unit, nanos, fromTokens] as [PriceUnit, bigint, number],
            ),
          );
          const call = used({
            input: uncached + read + write,
            output,
            cacheRead: read,
            cacheWrite: write,
            reasoning,
          });
          for (const more of [0, 1, 50_000]) {
            const most = worstCostOf(price, { input: call.input + more, output: output + more });
            expect(most).toBeGreaterThanOrEqual(costOf(price, call));
          }
        },
      ),
    );
  });

  it('is the cost itself where nothing is dearer than the plain rates', () => {
    expect(worstCostOf(TIERED, { input: 1_000, output: 10 })).toBe(
      costOf(TIERED, used({ input: 1_000, output: 10 })),
    );
    expect(worstCostOf(priceOf(['REQUEST', 100n]), { input: 9, output: 9 })).toBe(100n);
  });
});
