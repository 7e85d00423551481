import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { makeKey } from './support/keys.ts';
import { peopleOf } from './support/people.ts';

const gateway = useGateway();
const { change, createTeam } = peopleOf(gateway);

describe('teams', () => {
  it('are made, renamed, found and listed in pages', async () => {
    const [red, blue] = [await createTeam('red'), await createTeam('blue')];
    expect(
      await change('teamRename(input: { id: $id, name: $name }) { team { name } errors { code } }', {
        id: red,
        name: ' crimson ',
      }),
    ).toEqual({ team: { name: 'crimson' }, errors: [] });
    const { data } = await gateway().ask(
      `query ($id: ID!, $ids: [ID!]!) {
        team(id: $id) { name }
        first: teams(first: 1) { nodes { name } pageInfo { hasNextPage endCursor } totalCount }
        nodes(ids: $ids) { ... on Team { name } }
      }`,
      { id: red, ids: [blue, 'team_default'] },
    );
    expect(data.team).toEqual({ name: 'crimson' });
    expect(data.nodes).toEqual([{ name: 'blue' }, { name: 'Default' }]);
    expect(data.first).toEqual({
      nodes: [{ name: 'Default' }],
      pageInfo: { hasNextPage: true, endCursor: 'team_default' },
      totalCount: 3,
    });
    const rest = await gateway().ask('query ($after: String) { teams(after: $after) { nodes { name } } }', {
      after: 'team_default',
    });
    expect(rest.data.teams.nodes).toEqual([{ name: 'blue' }, { name: 'crimson' }]);
  });

  it.each(['', ' ', 'n'.repeat(201)])('have no name %j', async (name) => {
    const refused = { errors: [{ code: 'INVALID_INPUT', path: ['input', 'name'] }] };
    expect(await change('teamCreate(input: { name: $name }) { errors { code path } }', { name })).toEqual(
      refused,
    );
  });

  it('are seen by their own only, unless one is an admin', async () => {
    const teamId = await createTeam('green');
    const key = await makeKey(gateway(), { scopes: ['KEYS_WRITE', 'USAGE_READ'], teamId });
    const { data } = await gateway().ask(
      '{ teams { nodes { id } totalCount } team(id: "team_default") { id } }',
      {},
      { key: key.secret },
    );
    expect(data).toEqual({ teams: { nodes: [{ id: teamId }], totalCount: 1 }, team: null });
  });
});
