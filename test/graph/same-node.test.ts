import { expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';

const gateway = useGateway();

it('the same node is found by all who ask for it at once', async () => {
  const made = await gateway().ask('mutation { teamCreate(input: { name: "a" }) { team { id } } }');
  const { id } = made.data.teamCreate.team;
  for (const name of ['b', 'c'])
    await gateway().ask(
      'mutation ($id: ID!, $name: String!) { teamRename(input: { id: $id, name: $name }) { team { id } } }',
      { id, name },
    );
  const answer = await gateway().ask(
    `query ($id: ID!, $ids: [ID!]!) {
      a: node(id: $id) { __typename id }
      b: node(id: $id) { id ... on Team { name } }
      c: nodes(ids: $ids) { __typename }
      auditEvents(filter: { action: { contains: "team." } }) { nodes { target { ... on Team { name } } } }
      shared: node(id: "mdl_demo/echo") { id }
      again: node(id: "mdl_demo/echo") { __typename }
    }`,
    { id, ids: [id, id, 'team_default', id] },
  );
  const target = { target: { name: 'c' } };
  expect(answer).toEqual({
    data: {
      a: { __typename: 'Team', id },
      b: { id, name: 'c' },
      c: Array.from({ length: 4 }, () => ({ __typename: 'Team' })),
      auditEvents: { nodes: [target, target, target] },
      shared: { id: 'mdl_demo/echo' },
      again: { __typename: 'Model' },
    },
  });
});
