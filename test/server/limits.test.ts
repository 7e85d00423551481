import { GraphQLBoolean, GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { describe, expect, test } from 'vitest';
import { useCostGuard } from '../../src/plugins/cost-guard.ts';
import { operationLimits } from '../../src/plugins/operation-limits.ts';
import { KINDS, TRANSPORTS, ask } from './support/client.ts';
import type { Operation } from './support/client.ts';
import { startTestServer } from './support/server.ts';

const LIMITS = { operationDepth: 3, operationAliases: 2, operationTokens: 50, operationDirectives: 2 };

describe.each(TRANSPORTS)('over %s', (transport) => {
  test.each([
    ['deep', '{ item { items { items { name } } } }', 'QUERY_TOO_DEEP'],
    [
      'deep by fragments',
      '{ item { ...A } } fragment A on Item { items { ...B } } fragment B on Item { items { name } }',
      'QUERY_TOO_DEEP',
    ],
    ['many aliases', '{ a: hello b: hello c: hello }', 'QUERY_TOO_MANY_ALIASES'],
    [
      'many directives',
      '{ hello @skip(if: false) @include(if: true) @skip(if: false) }',
      'QUERY_TOO_MANY_DIRECTIVES',
    ],
    ['long', `{ ${'hello '.repeat(60)} }`, 'QUERY_TOO_LARGE'],
    ['deep, as a mutation', 'mutation { touch { a { b { c } } } }', 'QUERY_TOO_DEEP'],
    ['deep, as a subscription', 'subscription { wait { a { b { c } } } }', 'QUERY_TOO_DEEP'],
  ])('what is too %s is refused, the first time and again', async (_, query, code) => {
    const { url } = await startTestServer({ plugins: operationLimits(LIMITS) });
    for (let time = 1; time <= 2; time += 1) {
      const { data, errors } = await ask(transport, url, { query });
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([{ extensions: { code, requestId: expect.any(String) } }]);
    }
  });

  test('what stays within every limit runs', async () => {
    const { url } = await startTestServer({ plugins: operationLimits(LIMITS) });
    const query = '{ item { ...A } a: hello } fragment A on Item { ... on Item { items { name } } }';
    expect(await ask(transport, url, { query })).toEqual({
      data: { item: { items: [] }, a: 'world' },
    });
  });

  describe('an operation costs what its variables make it cost', () => {
    const query = 'query ($first: Int) { items(first: $first) }';

    test.each(KINDS[transport])('a %s', async (kind) => {
      const text = query.replace('query', kind);
      const shop = createShop();
      const { url } = await startTestServer({ schema: shop.schema, plugins: [useCostGuard(100)] });
      const cheap = await ask(transport, url, { query: text, variables: { first: 10 } });
      expect(cheap).toEqual({ data: { items: 10 } });
      const dear = await ask(transport, url, { query: text, variables: { first: 1_000 } });
      expect(dear.errors).toMatchObject([
        {
          message: expect.stringMatching(/costs 1000 points and at most 100/),
          extensions: { code: 'QUERY_TOO_EXPENSIVE', cost: 1_000, maxCost: 100 },
        },
      ]);
      expect(shop.sold).toEqual([10]);
    });

    test.each([
      ['a literal', { query: '{ items(first: 1000) }' }],
      ['a default', { query: 'query ($first: Int = 1000) { items(first: $first) }' }],
      ['no number', { query: '{ items(first: 0, broken: true) }' }],
      [
        'not the first operation of the document',
        {
          query: 'query A { items(first: 1) } query B($n: Int) { items(first: $n) }',
          operationName: 'B',
          variables: { n: 1_000 },
        },
      ],
      ['in a fragment', { query: '{ ...A } fragment A on Query { items(first: 1000) }' }],
    ] satisfies [string, Operation][])('%s', async (_, operation) => {
      const shop = createShop();
      const { url } = await startTestServer({ schema: shop.schema, plugins: [useCostGuard(100)] });
      const { errors } = await ask(transport, url, operation);
      expect(errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_EXPENSIVE' } }]);
      expect(shop.sold).toEqual([]);
    });

    test('a variable that cannot be priced is an invalid input', async () => {
      const shop = createShop();
      const { url } = await startTestServer({ schema: shop.schema, plugins: [useCostGuard(100)] });
      const { errors } = await ask(transport, url, { query, variables: { first: 'x' } });
      expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['first'] } }]);
    });
  });
});

test('the price of an operation is asked once where its variables cannot change it', async () => {
  const shop = createShop();
  const { url } = await startTestServer({ schema: shop.schema, plugins: [useCostGuard(100)] });
  const fixed = 'query ($note: String) { items(first: 1) note(text: $note) }';
  for (const note of ['a', 'b']) await ask('HTTP', url, { query: fixed, variables: { note } });
  expect(shop.priced).toEqual([1]);
  const varying = 'query ($first: Int) { items(first: $first) }';
  for (const first of [2, 3]) await ask('HTTP', url, { query: varying, variables: { first } });
  expect(shop.priced).toEqual([1, 2, 3]);
});

/** A schema whose `items` cost a point each. */
function createShop() {
  const sold: number[] = [];
  const priced: number[] = [];
  const sell = (first = 0) => {
    sold.push(first);
    return first;
  };
  const items = {
    type: GraphQLInt,
    args: { first: { type: GraphQLInt }, broken: { type: GraphQLBoolean } },
    extensions: {
      complexity(args: { first?: number; broken?: boolean }) {
        priced.push(args.first ?? 0);
        return args.broken ? Number.NaN : (args.first ?? 0);
      },
    },
  };
  const note = { type: GraphQLString, args: { text: { type: GraphQLString } } };
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: { items: { ...items, resolve: (_, { first }) => sell(first) }, note },
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        items: {
          ...items,
          resolve: (sale) => sale,
          async *subscribe(_, { first }) {
            yield sell(first);
          },
        },
      },
    }),
  });
  return { schema, sold, priced };
}
