import { describe, expect, it } from 'vitest';
import { askAs } from '../access/support/keys.ts';
import { TRANSPORTS } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { HIT, kept, NOT_KEPT, toldIn } from './support/reads.ts';

const gateway = useGateway();

describe.each(TRANSPORTS)('over %s', (transport) => {
  const ask = (query: string, variables = {}) =>
    askAs(`Bearer ${ADMIN_KEY}`, transport, gateway().url, { query, variables });

  it('a query is told to be answered from the cache, and by what', async () => {
    const query = `{ models(first: 3) { nodes { name } } providers { name } } # ${transport}`;
    const text = query.replace('{ name } } ', `{ name ${transport}: displayName } } `);
    const first = await ask(text);
    const second = await ask(text);
    expect(toldIn(first)).toEqual(kept(5_000));
    expect(toldIn(second)).toEqual(HIT);
    expect(second.data).toEqual(first.data);
  });

  it('a question stays the same, however it is written and its variables are ordered', async () => {
    const written = `query Q($name: String!, $first: Int) { ${transport}: model(name: $name) { name } models(first: $first) { nodes { name } } }`;
    const same = `query Q(\n  $name: String!, $first: Int # of a page\n) {\n ${transport}: model(name: $name) { name }, models(first: $first) { nodes { name } } }`;
    await ask(written, { name: 'demo/echo', first: 2 });
    expect(toldIn(await ask(same, { first: 2, name: 'demo/echo' }))).toEqual(HIT);
    expect(toldIn(await ask(same, { first: 3, name: 'demo/echo' }))).toEqual(kept(5_000));
    expect(toldIn(await ask(same, { first: 2, name: 'demo/cut' }))).toEqual(kept(5_000));
  });

  it('an answer shows none of the marks by which entities are found', async () => {
    const query = `{ ${transport}: model(name: "demo/echo") { provider { name } price { source } } }`;
    const plain = { provider: { name: 'demo' }, price: { source: 'demo' } };
    for (let time = 0; time < 2; time++) expect((await ask(query)).data).toEqual({ [transport]: plain });
  });
});

describe('an answer', () => {
  it('to a variable that is left out is another than to null', async () => {
    const query = 'query ($first: Int = 2) { models(first: $first) { nodes { name } } }';
    const left = await gateway().ask(query, {});
    expect(left.data.models.nodes).toHaveLength(2);
    const empty = await gateway().ask(query, { first: null });
    expect(toldIn(empty)).toEqual(kept(5_000));
    expect(empty.data).not.toEqual(left.data);
  });

  it('to another operation of the same document is another', async () => {
    const query = 'query A { providers { name } } query B { providers { kind } }';
    const ask = async (operationName: string) => {
      const response = await fetch(gateway().url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
        body: JSON.stringify({ query, operationName }),
      });
      return ((await response.json()) as { data: { providers: object[] } }).data.providers[0];
    };
    expect(await ask('A')).toHaveProperty('name');
    expect(await ask('B')).toHaveProperty('kind');
  });

  it('with errors is not kept', async () => {
    const query = 'query ($first: Int) { models(first: $first, after: "no-cursor") { nodes { name } } }';
    for (let time = 0; time < 2; time++) {
      const answer = await gateway().ask(query, { first: 2 });
      expect(answer.errors).toHaveLength(1);
      expect(toldIn(answer)).toEqual(NOT_KEPT);
    }
  });

  it('is refused when a variable is wrong, whatever is kept', async () => {
    const query = 'query ($first: Int) { models(first: $first) { nodes { name } } }';
    await gateway().ask(query, {});
    const { errors } = await gateway().ask(query, { first: 'two' });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_INPUT', path: ['first'] });
  });

  it('is found for a document of fragments that spread each other again and again', async () => {
    const fragments = Array.from(
      { length: 40 },
      (_, at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`,
    );
    const query = `{ ...F0 } ${fragments.join(' ')} fragment F40 on Query { providers { name } }`;
    const { data, errors } = await gateway().ask(query);
    expect(data?.providers ?? errors).toEqual(expect.any(Array));
  });
});
