import { beforeAll, describe, expect, it } from 'vitest';
import { graphql } from 'graphql';
import type { Principal, Scope } from '../../src/domain/principal.ts';
import { createGraphContext } from '../../src/graph/context.ts';
import { schema } from '../../src/graph/schema.ts';
import { useGateway } from '../support/gateway.ts';
import { makeKey, type MadeKey } from './support/keys.ts';
import { addMember, addUser } from './support/users.ts';

const gateway = useGateway();

/** The payload of one mutation, by an admin unless a key is given. */
async function change(mutation: string, variables: Record<string, unknown> = {}, key?: MadeKey) {
  const types: Record<string, string> = { scopes: '[Scope!]!', name: 'String!', role: 'String!' };
  const named = Object.keys(variables).map((name) => `$${name}: ${types[name] ?? 'ID!'}`);
  const head = named.length > 0 ? `(${named.join(', ')})` : '';
  const query = `mutation ${head} { answer: ${mutation} }`;
  const { data, errors } = await gateway().ask(query, variables, key && { key: key.secret });
  return data?.answer ?? { topLevel: errors };
}

const createTeam = async (name: string) =>
  (await change('teamCreate(input: { name: $name }) { team { id } }', { name })).team.id as string;
const setMember = (user: string, team: string, role: string) =>
  change(
    `memberSet(input: { userId: $user, teamId: $team, role: $role }) {
      member { user { id } team { id } role { name scopes } } errors { code message path }
    }`,
    { user, team, role },
  );
const setRole = (name: string, scopes: string[], key?: MadeKey) =>
  change(
    'roleSet(input: { name: $name, scopes: $scopes }) { role { id name scopes builtIn } errors { code message path } }',
    { name, scopes },
    key,
  );
const deleteRole = (name: string) =>
  change('roleDelete(name: $name) { deletedName errors { code message path } }', { name });

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

describe('members', () => {
  let team: string;
  let ann: string;
  let ben: string;
  beforeAll(async () => {
    team = await createTeam('crew');
    [ann, ben] = [await addUser(gateway(), 'Ann'), await addUser(gateway(), 'Ben')];
  });

  it('are put into a team, given another role, and taken out', async () => {
    const added = await setMember(ann, team, 'CALLER');
    expect(added).toEqual({
      member: {
        user: { id: ann },
        team: { id: team },
        role: { name: 'CALLER', scopes: ['COMPLETIONS_WRITE'] },
      },
      errors: [],
    });
    expect((await setMember(ann, team, 'ANALYST')).member.role.name).toBe('ANALYST');
    const list = async () =>
      (
        await gateway().ask(
          `query ($team: ID!, $ann: ID!) {
            team(id: $team) { members { nodes { user { name } role { name } } totalCount } }
            members(filter: { userId: $ann }) { nodes { team { id } } totalCount }
            node(id: $ann) { ... on User { name email issuer disabledAt memberships { nodes { team { id } } totalCount } } }
          }`,
          { team, ann },
        )
      ).data;
    expect(await list()).toEqual({
      team: { members: { nodes: [{ user: { name: 'Ann' }, role: { name: 'ANALYST' } }], totalCount: 1 } },
      members: { nodes: [{ team: { id: team } }], totalCount: 1 },
      node: {
        name: 'Ann',
        email: `${ann}@ann.example`,
        issuer: 'https://Ann.example',
        disabledAt: null,
        memberships: { nodes: [{ team: { id: team } }], totalCount: 1 },
      },
    });
    const remove =
      'memberRemove(input: { userId: $user, teamId: $team }) { member { role { name } } errors { code } }';
    expect(await change(remove, { user: ann, team })).toEqual({
      member: { role: { name: 'ANALYST' } },
      errors: [],
    });
    expect(await change(remove, { user: ann, team })).toEqual({
      member: null,
      errors: [{ code: 'NOT_FOUND' }],
    });
    expect((await list()).members.totalCount).toBe(0);
  });

  it('are only those that exist, with a role that exists', async () => {
    const nobody = 'user_00000000000000000000000000';
    const nowhere = 'team_00000000000000000000000000';
    expect((await setMember(nobody, team, 'CALLER')).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await setMember(ann, nowhere, 'CALLER')).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    for (const role of ['', 'caller', 'BOSS', '__proto__', 'toString'])
      expect((await setMember(ann, team, role)).errors).toEqual([
        {
          code: 'INVALID_INPUT',
          path: ['input', 'role'],
          message: expect.stringContaining('OWNER, ADMIN, DEVELOPER, ANALYST, CALLER'),
        },
      ]);
  });

  it('come in pages that neither repeat nor leave out anybody', async () => {
    await setMember(ann, team, 'CALLER');
    await setMember(ben, team, 'CALLER');
    await setMember(ben, 'team_default', 'CALLER');
    const list = `query ($after: String) {
      list: members(first: 1, after: $after) { nodes { user { id } team { id } } pageInfo { hasNextPage endCursor } totalCount }
    }`;
    const seen: string[] = [];
    let after: string | undefined;
    for (let more = true; more;) {
      const { data } = await gateway().ask(list, { after });
      const [{ user, team: place }] = data.list.nodes;
      seen.push(`${place.id} ${user.id}`);
      after = data.list.pageInfo.endCursor;
      more = data.list.pageInfo.hasNextPage;
    }
    expect(seen).toEqual([`team_default ${ben}`, `${team} ${ben}`, `${team} ${ann}`]);
    const nested = await gateway().ask(
      `query ($ids: [ID!]!, $after: String) {
        nodes(ids: $ids) { ... on Team { members(first: 1, after: $after) { nodes { user { id } } totalCount } } }
      }`,
      { ids: [team, 'team_default'], after: `${team}.${ben}` },
    );
    expect(nested.data.nodes).toEqual([
      { members: { nodes: [{ user: { id: ann } }], totalCount: 2 } },
      { members: { nodes: [], totalCount: 1 } },
    ]);
    const wrong = await gateway().ask(list, { after: 'x' });
    expect(wrong.errors).toMatchObject([
      { message: expect.stringContaining('after'), extensions: { code: 'INVALID_INPUT' } },
    ]);
  });

  it.each<[string, Scope[], string[]]>([
    ['who manages the keys of the team', ['KEYS_WRITE'], ['Ben', 'Ann']],
    ['who reads its usage', ['USAGE_READ'], ['Ben', 'Ann']],
    ['who only calls models', ['COMPLETIONS_WRITE'], []],
  ])('are shown to %s', async (_, scopes, names) => {
    const { secret } = await makeKey(gateway(), { scopes, teamId: team });
    const { data } = await gateway().ask(
      `query ($ids: [ID!]!) {
        members { nodes { user { name } } totalCount }
        users { nodes { name memberships { totalCount } } totalCount }
        viewer { user { name } team { members { totalCount } } }
        nodes(ids: $ids) { ... on User { name } }
      }`,
      { ids: [ben, ann] },
      { key: secret },
    );
    expect(data).toEqual({
      members: { nodes: names.map((name) => ({ user: { name } })), totalCount: names.length },
      // Of the teams of others, and of the other teams of one's own, nothing is told.
      users: {
        nodes: names.map((name) => ({ name, memberships: { totalCount: 1 } })),
        totalCount: names.length,
      },
      viewer: { user: null, team: { members: { totalCount: names.length } } },
      nodes: ['Ben', 'Ann'].map((name) => (names.includes(name) ? { name } : null)),
    });
  });

  it('see themselves, whatever they may', async () => {
    const who: Principal = {
      keyId: ann,
      organisationId: 'org_default',
      teamId: team,
      scopes: new Set(),
      models: [],
      allowedFrom: undefined,
      expiresAt: undefined,
      endUserId: undefined,
      tags: [],
    };
    const contextValue = createGraphContext(gateway().gateway, {
      who,
      signal: new AbortController().signal,
      traceId: '',
      requestId: '',
    });
    const source =
      '{ viewer { user { name } key { id } } users { nodes { name } } members { nodes { role { name } } } }';
    expect(JSON.parse(JSON.stringify(await graphql({ schema, source, contextValue })))).toEqual({
      data: {
        viewer: { user: { name: 'Ann' }, key: null },
        users: { nodes: [{ name: 'Ann' }] },
        members: { nodes: [{ role: { name: 'CALLER' } }] },
      },
    });
  });
});

describe('users', () => {
  it('are found by name and address', async () => {
    const id = await addUser(gateway(), 'Zoe');
    const { data } = await gateway().ask(
      `query ($email: String!) {
        a: users(filter: { name: { eq: "Zoe" } }) { nodes { id } totalCount }
        b: users(filter: { email: { contains: "@zoe" }, name: { eq: "Ann" } }) { totalCount }
        c: users(filter: { email: { eq: $email } }) { nodes { id subject createdAt lastSeenAt } }
      }`,
      { email: `${id}@zoe.example` },
    );
    expect(data).toEqual({
      a: { nodes: [{ id }], totalCount: 1 },
      b: { totalCount: 0 },
      c: { nodes: [{ id, subject: `Zoe ${id}`, createdAt: expect.any(String), lastSeenAt: null }] },
    });
  });

  it('are disabled and enabled, and twice is no error', async () => {
    const id = await addUser(gateway(), 'Dan');
    const set = async (field: string) =>
      (await change(`${field}(id: $id) { user { disabledAt } errors { code } }`, { id })) as {
        user: { disabledAt: string | null };
      };
    const first = await set('userDisable');
    expect(first).toEqual({ user: { disabledAt: expect.any(String) }, errors: [] });
    expect(await set('userDisable')).toEqual(first);
    for (const _ of [1, 2])
      expect(await set('userEnable')).toEqual({ user: { disabledAt: null }, errors: [] });
    expect(await auditOf(id)).toEqual(['user.enable', 'user.disable']);
  });
});

describe('roles', () => {
  it('are made of scopes, changed, and deleted when no member has them', async () => {
    const made = await setRole('lead', ['BUDGETS_WRITE', 'USAGE_READ', 'BUDGETS_WRITE']);
    expect(made).toEqual({
      role: { id: 'role_lead', name: 'lead', scopes: ['USAGE_READ', 'BUDGETS_WRITE'], builtIn: false },
      errors: [],
    });
    const user = await addUser(gateway(), 'Lea');
    await addMember(gateway(), { userId: user, role: 'lead' });
    expect((await deleteRole('lead')).errors).toEqual([
      { code: 'CONFLICT', message: expect.stringContaining('1 member;'), path: null },
    ]);
    await setRole('lead', ['KEYS_WRITE']);
    const { data } = await gateway().ask(
      `query ($user: ID!) {
        roles { name scopes builtIn } node(id: "role_lead") { ... on Role { name } }
        members(filter: { userId: $user }) { nodes { role { scopes } } }
      }`,
      { user },
    );
    expect(data.roles).toHaveLength(6);
    expect(data.roles[0]).toEqual({ name: 'OWNER', scopes: ['OWNER'], builtIn: true });
    expect(data.roles[5]).toEqual({ name: 'lead', scopes: ['KEYS_WRITE'], builtIn: false });
    expect(data.node).toEqual({ name: 'lead' });
    expect(data.members.nodes).toEqual([{ role: { scopes: ['KEYS_WRITE'] } }]);
    await setMember(user, 'team_default', 'CALLER');
    expect(await deleteRole('lead')).toEqual({ deletedName: 'lead', errors: [] });
    expect((await deleteRole('lead')).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(await auditOf('role_lead')).toEqual(['role.delete', 'role.set', 'role.set']);
  });

  it.each([
    ['no scope', 'x', [], 'scopes'],
    ['OWNER in it', 'x', ['ADMIN', 'OWNER'], 'scopes'],
    ['the name of a built-in role', 'ADMIN', ['USAGE_READ'], 'name'],
    ['almost the name of a built-in role', 'Owner', ['USAGE_READ'], 'name'],
    ['no name', '', ['USAGE_READ'], 'name'],
    ['a name with a blank', 'a b', ['USAGE_READ'], 'name'],
    ['a name with a NUL', 'a\0', ['USAGE_READ'], 'name'],
    ['a name that is too long', 'n'.repeat(65), ['USAGE_READ'], 'name'],
  ])('are refused with %s', async (_, name, scopes, field) => {
    expect(await setRole(name, scopes)).toEqual({
      role: null,
      errors: [
        {
          code: 'INVALID_INPUT',
          path: ['input', field],
          message: expect.stringContaining(`input.${field} `),
        },
      ],
    });
  });

  it('are refused with a scope that does not exist, by its name', async () => {
    const inVariable = await setRole('x', ['USAGE_READ', 'EVERYTHING']);
    expect(inVariable.topLevel).toMatchObject([
      { message: expect.stringContaining('EVERYTHING'), extensions: { code: 'INVALID_INPUT' } },
    ]);
    const written = await change('roleSet(input: { name: "x", scopes: [EVERYTHING] }) { errors { code } }');
    expect(written.topLevel).toMatchObject([{ message: expect.stringContaining('EVERYTHING') }]);
    expect((await deleteRole('x')).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it('are refused to delete when every organisation has them', async () => {
    expect((await deleteRole('CALLER')).errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['name'] }]);
  });

  it('are 100 at most', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    const { sql } = gateway().gateway.database;
    for (const name of rows)
      await sql`INSERT INTO roles (organisation_id, name, scopes) VALUES ('org_default', ${name}, '["USAGE_READ"]')`;
    expect((await setRole('many', ['USAGE_READ'])).errors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'name'] },
    ]);
    expect((await setRole('many-1', ['AUDIT_READ'])).errors).toEqual([]);
    await sql`DELETE FROM roles WHERE name LIKE 'many-%'`;
  });
});

describe('whoever was changed', () => {
  const enter = ({ secret }: MadeKey) =>
    gateway().gateway.authenticator.authenticate({ authorization: `Bearer ${secret}`, ip: '127.0.0.1' });
  /** Behind the back of the gateway, as another instance may do it. */
  const widen = ({ id }: MadeKey) =>
    gateway().gateway.database.sql`UPDATE api_keys SET scopes = '["AUDIT_READ"]' WHERE id = ${id}`;

  it('is forgotten here when a role was changed', async () => {
    const key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    await enter(key);
    await widen(key);
    expect((await enter(key)).scopes).toEqual(new Set(['USAGE_READ']));
    await setRole('any', ['USAGE_READ']);
    expect((await enter(key)).scopes).toEqual(new Set(['AUDIT_READ']));
  });

  it.each(['USER_CHANGED', 'ROLE_CHANGED'])(
    'is forgotten when another instance tells of %s',
    async (kind) => {
      const key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
      await enter(key);
      await widen(key);
      const { database, announceCommit } = gateway().gateway;
      const subject = kind === 'USER_CHANGED' ? key.id : 'org_default';
      await database.sql`
      INSERT INTO outbox (organisation_id, kind, subject_id) VALUES ('org_default', ${kind}, ${subject})`;
      announceCommit();
      await expect
        .poll(async () => [...(await enter(key)).scopes], { timeout: 4_000 })
        .toEqual(['AUDIT_READ']);
    },
  );

  it('is told of to the other instances', async () => {
    const user = await addUser(gateway(), 'Tom');
    await setMember(user, 'team_default', 'CALLER');
    await change('userDisable(id: $id) { errors { code } }', { id: user });
    await setRole('told', ['USAGE_READ']);
    const rows = await gateway().gateway.database.sql<{ told: string }[]>`
      SELECT kind || ' ' || subject_id AS told FROM outbox WHERE kind IN ('USER_CHANGED', 'ROLE_CHANGED') ORDER BY seq DESC LIMIT 3`;
    expect(rows.map(({ told }) => told)).toEqual([
      'ROLE_CHANGED org_default',
      `USER_CHANGED ${user}`,
      `USER_CHANGED ${user}`,
    ]);
  });
});

/** What was done to something, the last first. */
async function auditOf(targetId: string): Promise<string[]> {
  const rows = await gateway().gateway.database.sql<{ action: string }[]>`
    SELECT action FROM audit_events WHERE target_id = ${targetId} ORDER BY id DESC`;
  return rows.map(({ action }) => action);
}
