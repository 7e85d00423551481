import { beforeEach, describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { addKey, addOrganisation, HASHING_SECRET, type Tenant } from './support/organisation.ts';
import { addUser } from './support/users.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const CONFLICT = [{ code: 'CONFLICT', message: expect.stringContaining('last owner') }];

/** An organisation that has the owner's key as its only owner, and an admin's. */
let tenant: Tenant;
let owner: { id: string; secret: string };
beforeEach(async () => {
  tenant = await addOrganisation(gateway(), 'Acme');
  owner = await addKey(gateway(), { ...tenant, name: 'owner' }, ['OWNER']);
});

type Named = Record<string, unknown>;

/** One mutation by the owner's key; answers its payload. */
async function change(field: string, args: string, variables: Named = {}, key = owner.secret) {
  const types = { id: 'ID!', user: 'ID!', team: 'ID!', role: 'String!', scopes: '[Scope!]!', at: 'DateTime' };
  const named = Object.keys(variables).map((name) => `$${name}: ${types[name as keyof typeof types]}`);
  const head = named.length > 0 ? `(${named.join(', ')})` : '';
  const query = `mutation ${head} { answer: ${field}(${args}) { errors { code message } } }`;
  const { data, errors } = await gateway().ask(query, variables, { key });
  return data?.answer ?? errors;
}

const setMember = (user: string, role: string, key?: string) =>
  change(
    'memberSet',
    'input: { userId: $user, teamId: $team, role: $role }',
    { user, team: tenant.teamId, role },
    key,
  );
const removeMember = (user: string, key?: string) =>
  change('memberRemove', 'input: { userId: $user, teamId: $team }', { user, team: tenant.teamId }, key);
const revokeKey = (id: string, key?: string) => change('keyRevoke', 'id: $id', { id }, key);
const addOwner = async () => {
  const user = await addUser(gateway(), 'Olga', tenant.organisationId);
  expect((await setMember(user, 'OWNER')).errors).toEqual([]);
  return user;
};

/** A key that expires may all that an owner may, and keeps the organisation none. */
const letExpire = (id: string) => gateway().gateway.database.sql`
  UPDATE api_keys SET expires_at = now() + interval '1 hour' WHERE id = ${id}`;

/** Each way to unmake the member who is the last owner. */
const WAYS: [string, (user: string) => Promise<{ errors: unknown[] }>][] = [
  ['memberSet', (user) => setMember(user, 'ADMIN')],
  ['memberRemove', (user) => removeMember(user)],
  ['userDisable', (user) => change('userDisable', 'id: $id', { id: user })],
];

describe('the last owner', () => {
  it('may be a key, which can neither be revoked nor be made to expire', async () => {
    expect((await revokeKey(owner.id)).errors).toEqual(CONFLICT);
    const expire = await change('keyUpdate', 'input: { id: $id, expiresAt: $at }', {
      id: owner.id,
      at: '2999-01-01T00:00:00Z',
    });
    expect(expire.errors).toEqual(CONFLICT);
    const { data } = await gateway().ask(
      '{ viewer { key { revokedAt expiresAt } } auditEvents { totalCount } }',
      {},
      { key: owner.secret },
    );
    expect(data).toEqual({
      viewer: { key: { revokedAt: null, expiresAt: null } },
      auditEvents: { totalCount: 0 },
    });
  });

  it.each(WAYS)('may be a member, whom %s does not unmake', async (_, unmake) => {
    const user = await addOwner();
    expect((await revokeKey(owner.id)).errors).toEqual([]);
    owner = await addKey(gateway(), { ...tenant, name: 'expires' }, ['OWNER']);
    await letExpire(owner.id);
    expect((await unmake(user)).errors).toEqual(CONFLICT);
    const another = await addOwner();
    expect((await unmake(user)).errors).toEqual([]);
    expect((await unmake(another)).errors).toEqual(CONFLICT);
  });

  it('is none who is disabled, whose key is revoked, or who owns another organisation', async () => {
    const user = await addOwner();
    const { id } = await addKey(gateway(), { ...tenant, name: 'second' }, ['OWNER']);
    expect((await change('userDisable', 'id: $id', { id: user })).errors).toEqual([]);
    expect((await revokeKey(id)).errors).toEqual([]);
    expect((await revokeKey(owner.id)).errors).toEqual(CONFLICT);
    expect((await change('userEnable', 'id: $id', { id: user })).errors).toEqual([]);
    expect((await revokeKey(owner.id)).errors).toEqual([]);
  });

  it('is exactly one, when all are unmade at the same moment', async () => {
    const users = [await addOwner(), await addOwner(), await addOwner(), await addOwner()];
    await letExpire(owner.id);
    const ways = [...WAYS.map(([, unmake]) => unmake), WAYS[0]![1]];
    const answers = await Promise.all(users.map((user, index) => ways[index]!(user)));
    expect(answers.flatMap(({ errors }) => errors)).toEqual(CONFLICT);
    const { data } = await gateway().ask(
      '{ members(filter: { role: "OWNER" }) { nodes { user { disabledAt } } } }',
      {},
      { key: owner.secret },
    );
    const still = data.members.nodes.filter(
      (node: { user: { disabledAt: unknown } }) => !node.user.disabledAt,
    );
    expect(still).toHaveLength(1);
  });
});

describe('an admin', () => {
  const asAdmin = () => tenant.admin.secret;
  const FORBIDDEN = [{ code: 'FORBIDDEN', message: expect.stringContaining('OWNER') }];

  it('makes no owners and unmakes none', async () => {
    const user = await addOwner();
    const other = await addUser(gateway(), 'Otto', tenant.organisationId);
    expect((await setMember(other, 'OWNER', asAdmin())).errors).toEqual(FORBIDDEN);
    expect((await setMember(user, 'CALLER', asAdmin())).errors).toEqual(FORBIDDEN);
    expect((await removeMember(user, asAdmin())).errors).toEqual(FORBIDDEN);
    for (const field of ['userDisable', 'userEnable'])
      expect((await change(field, 'id: $id', { id: user }, asAdmin())).errors).toEqual(FORBIDDEN);
    expect((await revokeKey(owner.id, asAdmin())).errors).toEqual(FORBIDDEN);
    const rotate = await change('keyRotate', 'id: $id', { id: owner.id }, asAdmin());
    expect(rotate.errors).toEqual(FORBIDDEN);
    const create = await change('keyCreate', 'input: { name: "x", role: "OWNER" }', {}, asAdmin());
    expect(create.errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  it('manages everybody else', async () => {
    const user = await addUser(gateway(), 'Otto', tenant.organisationId);
    for (const role of ['CALLER', 'ADMIN', 'ANALYST'])
      expect((await setMember(user, role, asAdmin())).errors).toEqual([]);
    for (const field of ['userDisable', 'userDisable', 'userEnable'])
      expect((await change(field, 'id: $id', { id: user }, asAdmin())).errors).toEqual([]);
    expect((await removeMember(user, asAdmin())).errors).toEqual([]);
  });

  it('gives no member every model with a key that may use some only', async () => {
    const user = await addUser(gateway(), 'Otto', tenant.organisationId);
    await gateway().gateway.database
      .sql`UPDATE api_keys SET models = '["demo/echo"]' WHERE id = ${tenant.admin.id}`;
    expect((await setMember(user, 'CALLER', asAdmin())).errors).toEqual([
      { code: 'FORBIDDEN', message: expect.stringContaining('demo/echo') },
    ]);
  });
});
