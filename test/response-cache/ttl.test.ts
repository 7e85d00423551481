import { isCompositeType, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { listRootFields, operationOf, ROOT_FIELDS } from '../access/support/root-fields.ts';
import { schema } from '../../src/graph/schema.ts';
import { ROOT_TTLS, ttlsOf } from '../../src/plugins/response-cache/ttl.ts';
import { useGateway } from '../support/gateway.ts';
import { toldIn } from './support/reads.ts';

const gateway = useGateway();
const META = ['Query.__schema', 'Query.__type'];
const queries = listRootFields().filter((name) => name.startsWith('Query.'));
const others = listRootFields().filter((name) => name.startsWith('Mutation.'));
const KEPT = ['Query.model', 'Query.models', 'Query.providers'];

describe('the table of times', () => {
  it('has a line for every root field, and for nothing else', () => {
    expect(Object.keys(ROOT_TTLS).toSorted()).toEqual([...META, ...queries, 'Query.ai'].toSorted());
  });

  it('keeps nothing but the catalogue, completions by wish, and prompts whose version says so', () => {
    const kept = Object.keys(ROOT_TTLS).filter((name) => ROOT_TTLS[name] !== 0);
    expect(kept).toEqual(['Query.ai', 'Query.complete', ...KEPT]);
  });

  it('gives a type that it does not know no time, wherever it stands', () => {
    const ttls = ttlsOf(schema);
    expect(ttls).toMatchObject({ Budget: 0, Viewer: 0, LedgerEntry: 0, UsageReport: 0, 'Query.viewer': 0 });
    expect(ttls).not.toHaveProperty('Model');
  });

  it('knows the fields that it names', () => {
    const fields = Object.keys(ttlsOf(schema))
      // Where an organisation has prompts.
      .filter((name) => name !== 'Query.ai')
      .map((name) => name.split('.'));
    const unknown = fields.filter(([type, field]) => {
      const found = schema.getType(type!);
      if (!isObjectType(found)) return !isCompositeType(found);
      return field !== undefined && !field.startsWith('__') && !(field in found.getFields());
    });
    expect(unknown).toEqual([]);
  });
});

describe('an operation that is asked twice', () => {
  it('is answered anew where something in it changes by itself', async () => {
    const query = '{ model(name: "demo/echo") { priceHistory { id } } }';
    for (let time = 0; time < 2; time++) {
      expect(toldIn(await gateway().ask(query))).toEqual({ hit: false, didCache: false });
    }
  });

  it.each(queries.filter((name) => !KEPT.includes(name)))('is answered anew: %s', async (name) => {
    for (let time = 0; time < 2; time++) {
      expect(toldIn(await gateway().ask(operationOf(ROOT_FIELDS[name]!).query))).toBeUndefined();
    }
  });

  it.each(others)('is answered anew: %s', async (name) => {
    expect(toldIn(await gateway().ask(operationOf(ROOT_FIELDS[name]!).query))).toBeUndefined();
  });

  it.each(KEPT)('is answered from the cache: %s', async (name) => {
    const { query } = operationOf(ROOT_FIELDS[name]!);
    const first = await gateway().ask(query);
    const second = await gateway().ask(query);
    expect(toldIn(first)).toEqual({ hit: false, didCache: true, ttl: ROOT_TTLS[name] });
    expect(toldIn(second)).toEqual({ hit: true, ageMs: expect.any(Number) });
    expect(second.data).toEqual(first.data);
  });

  it.each([
    '{ providers { name } viewer { scopes } }',
    '{ ...F } fragment F on Query { providers { name } budgets { totalCount } }',
    '{ __schema { queryType { name } } }',
    '{ __typename }',
    '{ providers { name } __type(name: "Model") { name } }',
  ])('is answered anew when one of its fields is: %s', async (query) => {
    for (let time = 0; time < 2; time++) expect(toldIn(await gateway().ask(query))).toBeUndefined();
  });

  it('is answered from the cache also where its fields stand in fragments', async () => {
    const query = '{ ...F } fragment F on Query { ... { __typename providers { name displayName } } }';
    expect(toldIn(await gateway().ask(query))).toHaveProperty('didCache', true);
    expect(toldIn(await gateway().ask(query))).toHaveProperty('hit', true);
  });
});
