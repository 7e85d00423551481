import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeServices as composeWithApollo } from '@apollo/composition';
import { composeServices as composeWithGuild } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';

const top = join(import.meta.dirname, '../..');
const sdl = readFileSync(join(top, 'schema/subgraph.graphql'), 'utf8');
const services = [
  { name: 'sluice', url: 'http://sluice/graphql', file: 'schema/subgraph.graphql' },
  { name: 'ratings', url: 'http://ratings/graphql', file: 'test/schema/support/ratings.graphql' },
].map(({ name, url, file }) => ({ name, url, typeDefs: parse(readFileSync(join(top, file), 'utf8')) }));

describe.each([
  ['@apollo/composition', composeWithApollo],
  ['@theguild/federation-composition', composeWithGuild],
])('the subgraph, composed with another one by %s', (_, compose) => {
  it('gives one supergraph without errors', () => {
    const { errors = [], supergraphSdl = '' } = compose(services);
    expect(errors).toEqual([]);
    for (const name of ['Model', 'Completion', 'Team', 'ApiKey'])
      expect(supergraphSdl).toMatch(
        new RegExp(`type ${name}\\b[^{]*@join__type\\(graph: SLUICE, key: "id"[,)]`),
      );
    for (const [type, field] of [
      ['Team', 'costCentre'],
      ['Completion', 'rating'],
    ])
      expect(supergraphSdl).toMatch(new RegExp(`type ${type}\\b[^{]*\\{[^}]*\\b${field}\\b`));
  });
});

describe('a router of a federation', () => {
  const gateway = useGateway();

  it('reads the subgraph as it is checked in', async () => {
    const { data } = await gateway().ask('{ service: _service { sdl } }');
    expect(linesOf(data.service.sdl)).toEqual(linesOf(sdl));
  });

  it('finds entities that the key may see, and null for all others', async () => {
    const { data } = await gateway().ask(`mutation {
      completionCreate(input: { model: "demo/echo", source: { text: "Hello" } }) {
        completion { id team { id } key { id } model { id } }
      }
    }`);
    const { id, team, key, model } = data.completionCreate.completion;
    const known = [
      { __typename: 'Completion', id },
      { __typename: 'Team', id: team.id },
      { __typename: 'ApiKey', id: key.id },
      { __typename: 'Model', id: model.id },
    ];
    const found = await findEntities(known);
    expect(found).toEqual([
      { __typename: 'Completion', id, text: 'Hello' },
      { __typename: 'Team', id: team.id, name: 'Default' },
      { __typename: 'ApiKey', id: key.id, name: expect.any(String) },
      { __typename: 'Model', id: 'mdl_demo/echo', name: 'demo/echo' },
    ]);
    const unknown = known.map((entity) => ({ ...entity, id: withOtherEnd(entity.id) }));
    expect(await findEntities(unknown)).toEqual([null, null, null, null]);
    const stranger = await gateway().ask(
      'mutation { keyCreate(input: { name: "stranger", scopes: [COMPLETIONS_WRITE] }) { secret } }',
    );
    const secret: string = stranger.data.keyCreate.secret;
    expect(await findEntities([{ __typename: 'Completion', id }], secret)).toEqual([null]);
  });

  async function findEntities(representations: object[], key?: string): Promise<unknown> {
    const { data, errors } = await gateway().ask(
      `query ($representations: [_Any!]!) {
        entities: _entities(representations: $representations) {
          __typename
          ... on Completion { id text }
          ... on Team { id name }
          ... on ApiKey { id name }
          ... on Model { id name }
        }
      }`,
      { representations },
      key === undefined ? {} : { key },
    );
    expect(errors).toBeUndefined();
    return data.entities;
  }
});

function withOtherEnd(id: string): string {
  return id.slice(0, -1) + (id.endsWith('0') ? '1' : '0');
}

/** The server prints the same definitions in the order in which they were written. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .toSorted();
}
