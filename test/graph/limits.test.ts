import { describe, expect, it } from 'vitest';
import { askAs } from '../access/support/keys.ts';
import { TRANSPORTS, type Operation, type Transport } from '../server/support/client.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const operationCost = 1_000;
const gateway = useGateway({ config: { limits: { ...DEFAULTS.limits, operationCost } } });

const ask = (transport: Transport, operation: Operation) =>
  askAs(`Bearer ${ADMIN_KEY}`, transport, gateway().url, operation);
const codeOf = async (transport: Transport, operation: Operation) => {
  const { errors } = await ask(transport, operation);
  return errors?.map(({ extensions }) => extensions['code']);
};

const TEAM = { __typename: 'Team', id: 'team_default' };
const nested = (levels: number) =>
  `{ viewer { ${'team { keys(first: 1) { nodes { '.repeat(levels)} id ${'} } }'.repeat(levels)} } }`;
const create = (alias: string) =>
  `${alias}: completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { completion { id } }`;
const aliases = (count: number) => Array.from({ length: count }, (_, at) => `a${at}`);
const countCompletions = async () =>
  (await gateway().ask('{ completions { totalCount } }')).data.completions.totalCount;

const LIST = `query ($n: Int) { completions(first: $n) { nodes { team { keys(first: $n) { nodes { id } } } } } }`;
const STREAM = `subscription ($n: Int) {
  completionStream(input: { model: "demo/echo", source: { text: "hi" } }) {
    ... on CompletionStarted { completion { team { keys(first: $n) { nodes { team { keys(first: $n) { nodes { id } } } } } } } }
  }
}`;

describe.each(TRANSPORTS)('over %s', (transport) => {
  it.each([
    ['deep', nested(5), 'QUERY_TOO_DEEP'],
    ['long', `{ ${'viewer { scopes } '.repeat(1_100)} }`, 'QUERY_TOO_LARGE'],
    [
      'many aliases',
      `{ ${aliases(31)
        .map((name) => `${name}: viewer { scopes }`)
        .join(' ')} }`,
      'QUERY_TOO_MANY_ALIASES',
    ],
    [
      'many directives',
      `{ viewer ${'@include(if: true) '.repeat(31)} { scopes } }`,
      'QUERY_TOO_MANY_DIRECTIVES',
    ],
    [
      'dear',
      '{ completions(first: 200) { nodes { key { team { keys { nodes { id } } } } } } }',
      'QUERY_TOO_EXPENSIVE',
    ],
  ])('what is too %s is refused', async (_, query, code) => {
    expect(await codeOf(transport, { query })).toEqual([code]);
  });

  it('many ids or references cost what their nodes cost', async () => {
    const nodes = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const entities = 'query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }';
    const codesFor = async (count: number) => [
      await codeOf(transport, { query: nodes, variables: { ids: Array(count).fill('x') } }),
      await codeOf(transport, {
        query: entities,
        variables: { of: Array.from({ length: count }, () => TEAM) },
      }),
    ];
    expect(await codesFor(600)).toEqual([['QUERY_TOO_EXPENSIVE'], ['QUERY_TOO_EXPENSIVE']]);
    expect(await codesFor(100)).toEqual([undefined, undefined]);
  });

  it('what is within the limits runs', async () => {
    for (const query of [
      nested(3),
      `{ ${aliases(30)
        .map((name) => `${name}: viewer { scopes }`)
        .join(' ')} }`,
    ])
      expect(await ask(transport, { query })).not.toHaveProperty('errors');
  });

  it('a list inside a list costs what its variables make it cost', async () => {
    expect(await ask(transport, { query: LIST, variables: { n: 5 } })).not.toHaveProperty('errors');
    for (const n of [100, 1_000_000]) {
      const { errors } = await ask(transport, { query: LIST, variables: { n } });
      expect(errors).toMatchObject([
        {
          message: expect.stringContaining('at most 1000'),
          extensions: { code: 'QUERY_TOO_EXPENSIVE', maxCost: 1_000 },
        },
      ]);
    }
  });

  it('a negative number of rows makes nothing cheaper', async () => {
    const query = `query ($n: Int) {
      a: completions(first: $n) { nodes { id } }
      b: completions(first: 200) { nodes { key { team { name } } team { name } } }
    }`;
    expect(await codeOf(transport, { query, variables: { n: -2_000_000_000 } })).toEqual([
      'QUERY_TOO_EXPENSIVE',
    ]);
  });

  it('ten completions in one operation cost ten times as much, and none of them is begun', async () => {
    const before = await countCompletions();
    const many = await ask(transport, { query: `mutation { ${aliases(20).map(create).join(' ')} }` });
    expect(many.errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_EXPENSIVE' } }]);
    expect(Number(many.errors?.[0]?.extensions['cost'])).toBeGreaterThan(20 * 50);
    expect(await countCompletions()).toBe(before);
    const ten = await ask(transport, { query: `mutation { ${aliases(10).map(create).join(' ')} }` });
    expect(ten).not.toHaveProperty('errors');
    expect(await countCompletions()).toBe(before + 10);
  });
});

describe.each(['SSE', 'WS'] as const)('a subscription over %s', (transport) => {
  it('is refused for its cost before its source begins', async () => {
    const before = await countCompletions();
    expect(await codeOf(transport, { query: STREAM, variables: { n: 200 } })).toEqual([
      'QUERY_TOO_EXPENSIVE',
    ]);
    expect(await countCompletions()).toBe(before);
    expect(await ask(transport, { query: STREAM, variables: { n: 2 } })).not.toHaveProperty('errors');
    expect(await countCompletions()).toBe(before + 1);
  });
});
