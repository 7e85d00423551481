import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { peopleOf } from './support/people.ts';
import { addMember, addUser } from './support/users.ts';

const gateway = useGateway();
const { auditOf, change, deleteRole, setMember, setRole } = peopleOf(gateway);

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
