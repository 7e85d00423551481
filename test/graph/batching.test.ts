import { beforeAll, describe, expect, it } from 'vitest';
import { addKey, addTeam, HASHING_SECRET } from '../access/support/organisation.ts';
import { useGateway } from '../support/gateway.ts';

const ROWS = 50;
const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const statements: string[] = [];

/** Each completion has a key and a team of its own, so that nothing is saved by reading the same row again. */
beforeAll(async () => {
  await Promise.all(Array.from({ length: ROWS }, (_, row) => addRow(`number ${row}`)));
  // What postgres.js offers to see each statement as it goes to the server.
  Object.assign(gateway().gateway.database.sql.options, {
    debug: (_connection: number, statement: string) => statements.push(statement),
  });
});

async function addRow(name: string): Promise<void> {
  const teamId = await addTeam(gateway(), 'org_default', name);
  const owner = { organisationId: 'org_default', teamId, name };
  await addKey(gateway(), owner, ['KEYS_WRITE']);
  const { secret } = await addKey(gateway(), owner, ['COMPLETIONS_WRITE']);
  const query =
    'mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { errors { code } } }';
  await gateway().ask(query, {}, { key: secret });
}

/** Statements that resolvers made; the key and its grants are looked up before them, and jobs speak in capitals. */
async function countStatements(query: string, variables: object) {
  statements.length = 0;
  const { data, errors } = await gateway().ask(query, variables);
  expect(errors).toBeUndefined();
  const read = statements.filter(
    (text) => /^(select|with) /.test(text) && !/"secret_hash" = |"holder_id" = /.test(text),
  );
  return { count: read.length, data };
}

const LISTS = {
  'completions with keys and teams': {
    query: `query ($first: Int!) { completions(first: $first) {
      nodes { id key { name team { name } } team { name } }
    } }`,
    // The list, keys, teams.
    statements: 3,
  },
  'entries with completions and the keys of teams': {
    query: `query ($first: Int!) { ledger(first: $first) {
      nodes { id completion { id key { id } } team { keys(first: 5) { nodes { id name } } } key { team { id } } }
    } }`,
    // The list, completions, keys, teams, pages of keys.
    statements: 5,
  },
  'counts of lists inside lists': {
    query: `query ($first: Int!) { completions(first: $first) {
      nodes { id team { keys(first: 1) { totalCount nodes { team { name keys(first: 1) { totalCount } } } } } }
    } }`,
    // The list, teams, pages of keys, counts of keys.
    statements: 4,
  },
};

describe.each(Object.entries(LISTS))('%s', (_, list) => {
  it(`takes ${list.statements} statements for 2 rows and for ${ROWS}`, async () => {
    for (const first of [2, ROWS]) {
      const { count, data } = await countStatements(list.query, { first });
      const { nodes } = data.completions ?? data.ledger;
      expect(nodes).toHaveLength(first);
      expect(new Set(nodes.map(({ id }: { id: string }) => id)).size).toBe(first);
      expect({ first, count }).toEqual({ first, count: list.statements });
    }
  });
});

it('gives each row its own relations, however many are read together', async () => {
  const { data } = await gateway().ask(`{ completions(first: ${ROWS}) {
    nodes { key { name team { name } } team { name keys { nodes { name } totalCount } } }
  } }`);
  const names = data.completions.nodes.map((node: { team: { name: string } }) => node.team.name);
  expect(new Set(names).size).toBe(ROWS);
  expect(data.completions.nodes).toEqual(
    names.map((name: string) => ({
      key: { name, team: { name } },
      team: { name, keys: { nodes: [{ name }, { name }], totalCount: 2 } },
    })),
  );
});

it('reads many nodes of one type in one statement', async () => {
  const { data } = await gateway().ask(`{ completions(first: ${ROWS}) { nodes { id } } }`);
  const ids = data.completions.nodes.map(({ id }: { id: string }) => id);
  const { count } = await countStatements('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
  expect(count).toBe(1);
});

it('reads the same page of several teams once, and other pages by themselves', async () => {
  const keys = (first: number, name: string) =>
    `${name}: completions(first: 5) { nodes { team { keys(first: ${first}) { nodes { id } } } } }`;
  const same = await countStatements(`{ ${keys(3, 'a')} ${keys(3, 'b')} }`, {});
  const different = await countStatements(`{ ${keys(3, 'a')} ${keys(4, 'b')} }`, {});
  expect(different.count).toBe(same.count + 1);
});
