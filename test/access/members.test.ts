import { graphql } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Principal, Scope } from '../../src/domain/principal.ts';
import { createGraphContext } from '../../src/graph/context.ts';
import { schema } from '../../src/graph/schema.ts';
import { useGateway } from '../support/gateway.ts';
import { makeKey } from './support/keys.ts';
import { peopleOf } from './support/people.ts';
import { addUser } from './support/users.ts';

const gateway = useGateway();
const { auditOf, change, createTeam, setMember } = peopleOf(gateway);

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
      regions: undefined,
      keyRegions: [],
      allowedFrom: undefined,
      expiresAt: undefined,
      endUserId: undefined,
      tags: [],
    };
    const contextValue = createGraphContext(
      { gateway: gateway().gateway, graphs: undefined as never },
      {
        who,
        signal: new AbortController().signal,
        traceId: '',
        requestId: '',
        ip: '127.0.0.1',
        region: undefined,
        operation: undefined,
      },
    );
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
