import { getNamedType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { findRule } from '../../src/access/rules.ts';
import type { Scope } from '../../src/domain/principal.ts';
import { schema } from '../../src/graph/schema.ts';
import { useGateway } from '../support/gateway.ts';
import { makeKey } from './support/keys.ts';
import { addMember, addUser } from './support/users.ts';

const gateway = useGateway();
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));

/** Inputs in which somebody could say whose something is, or what somebody may do. */
const RIGHTS =
  /organi[sz]ation|tenant|owner|role|scope|team|actor|created|updated|revoked|disabled|hash|secret|issuer|region/i;
/**
 * Those that are there, and why nobody gets more by them. `LimitScope` is what a budget is on, and filters only narrow
 * what is visible.
 */
const CHECKED: Record<string, string> = {
  'BudgetSetInput.scope': 'what the budget is on; the subject must be visible',
  'KeyCreateInput.regions': 'within those of the maker’s own key',
  'KeyCreateInput.role': 'none that the maker does not have',
  'KeyCreateInput.scopes': 'none that the maker does not have',
  'KeyCreateInput.teamId': 'a team that the maker sees',
  'KeyUpdateInput.regions': 'within those of the own key',
  'LedgerAdjustInput.teamId': 'the own team, but for an admin',
  'LedgerCreditInput.teamId': 'for admins',
  'LimitSetInput.scope': 'what the limit is on; the subject must be visible',
  'MemberRemoveInput.teamId': 'for admins',
  'MemberSetInput.role': 'for admins, and none that the giver does not have',
  'MemberSetInput.teamId': 'for admins',
  'MessageInput.role': 'who speaks in a conversation',
  'PromptMessageInput.role': 'who speaks in a conversation',
  'OrganisationUpdateInput.regions': 'for admins',
  'RoleSetInput.scopes': 'for admins, and none that the giver does not have',
  'TeamUpdateInput.regions': 'for admins',
};

describe('the schema', () => {
  it('takes nobody’s word for whose something is, but in inputs that are checked', () => {
    const inputs = types
      .filter(isInputObjectType)
      .filter(({ name }) => !name.endsWith('Filter'))
      .flatMap((type) => Object.keys(type.getFields()).map((field) => ({ type: type.name, field })))
      .filter(({ field }) => RIGHTS.test(field))
      .map(({ type, field }) => `${type}.${field}`);
    expect(inputs.toSorted()).toEqual(Object.keys(CHECKED).toSorted());
  });

  it('shows no secret and no hash, but a new key’s to whoever makes it those of the audit’s chain and of operations', () => {
    const shown = types
      .filter((type) => isObjectType(type) || isInterfaceType(type))
      .flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`))
      .filter((name) => /\.(?!.*tokens)(.*(hash|secret|password|credential|private|salt|token))/i.test(name));
    expect(shown.filter((name) => !/\.(p\d\d)?firstTokenMs$/i.test(name))).toEqual([
      'AuditEvent.hash',
      'AuditEvent.previousHash',
      'KeyCreatePayload.secret',
      'Operation.hash',
      'Query.tokenEstimate',
    ]);
    expect(findRule('Mutation', 'keyCreate')).toBe('KEYS_WRITE');
    expect(findRule('AuditEvent', 'hash')).toBe('AUDIT_READ');
  });

  it('lets nobody name the organisation that something is done to', () => {
    const args = types
      .filter(isObjectType)
      .flatMap((type) =>
        Object.values(type.getFields()).flatMap((field) => field.args.map((arg) => ({ type, field, arg }))),
      );
    expect(args.filter(({ arg }) => RIGHTS.test(arg.name))).toEqual([]);
    expect(args.some(({ arg }) => isInputObjectType(getNamedType(arg.type)))).toBe(true);
  });
});

describe.each<[string, Scope[]]>([
  ['a developer', ['COMPLETIONS_WRITE', 'USAGE_READ', 'KEYS_WRITE']],
  ['a manager of budgets', ['BUDGETS_WRITE', 'LEDGER_WRITE', 'KEYS_WRITE']],
])('%s', (_, scopes) => {
  it('cannot make themselves more than they are, whatever they write into an input', async () => {
    const { secret, id } = await makeKey(gateway(), { scopes });
    const userId = await addUser(gateway(), 'Mallory');
    await addMember(gateway(), { userId, role: 'CALLER' });
    const ask = async (query: string) => gateway().ask(query, { id, userId }, { key: secret });
    for (const input of ['scopes: [ADMIN]', 'scopes: [OWNER]', 'role: "ADMIN"', 'role: "OWNER"'])
      expect(
        await ask(`mutation { keyCreate(input: { name: "x", ${input} }) { secret errors { code path } } }`),
      ).toEqual({
        data: { keyCreate: { secret: null, errors: [{ code: 'FORBIDDEN', path: ['input', 'scopes'] }] } },
      });
    for (const field of ['scopes: [ADMIN]', 'teamId: "team_x"', 'organisationId: "org_x"', 'secretHash: "x"'])
      expect(
        (await ask(`mutation ($id: ID!) { keyUpdate(input: { id: $id, ${field} }) { errors { code } } }`))
          .errors,
        field,
      ).toHaveLength(1);
    for (const mutation of [
      'memberSet(input: { userId: $userId, teamId: "team_default", role: "ADMIN" }) { errors { code } }',
      'roleSet(input: { name: "mine", scopes: [ADMIN] }) { errors { code } }',
    ]) {
      const named = mutation.includes('$userId') ? '($userId: ID!)' : '';
      const { errors } = await ask(`mutation ${named} { ${mutation} }`);
      expect(errors?.map(({ extensions }) => extensions['code'])).toContain('FORBIDDEN');
    }
    const { data } = await gateway().ask(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ApiKey { scopes } ... on User { memberships { nodes { role { name } } } } } }`,
      { ids: [id, userId] },
    );
    expect(data.nodes).toEqual([{ scopes }, { memberships: { nodes: [{ role: { name: 'CALLER' } }] } }]);
  });
});

test('no answer to a member shows what a key is looked up by', async () => {
  const { secret } = await makeKey(gateway(), { scopes: ['ADMIN'] });
  const rows = await gateway().gateway.database.sql<
    { hash: string }[]
  >`SELECT secret_hash AS hash FROM api_keys`;
  const fields = [
    'name',
    'hint',
    'scopes',
    'models',
    'allowedIps',
    'tags { key value }',
    'createdAt',
    'expiresAt',
  ];
  const { data } = await gateway().ask(
    `{ teams(first: 1) { nodes { keys(first: 20) { nodes { id ${fields.join(' ')} } } } } auditEvents { nodes { before after } } }`,
    {},
    { key: secret },
  );
  expect(data.teams.nodes[0].keys.nodes.length).toBeGreaterThan(0);
  for (const { hash } of rows) expect(JSON.stringify(data)).not.toContain(hash);
});
