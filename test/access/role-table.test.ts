import { beforeAll, describe, expect, it, test } from 'vitest';
import { ROLES, type BuiltInRole } from '../../src/domain/role.ts';
import { useGateway } from '../support/gateway.ts';
import { listRootFields, ROOT_FIELDS } from './support/root-fields.ts';

const gateway = useGateway();
const roles = Object.keys(ROLES) as BuiltInRole[];
const OWNERS: BuiltInRole[] = ['OWNER', 'ADMIN'];

/** Who may ask for each mutation. It is written by hand, so that a slip in the table of rules is seen. */
const MAY: Record<string, BuiltInRole[]> = {
  'Mutation.budgetDelete': OWNERS,
  'Mutation.budgetSet': OWNERS,
  'Mutation.completionCancel': [...OWNERS, 'DEVELOPER', 'CALLER'],
  'Mutation.completionCreate': [...OWNERS, 'DEVELOPER', 'CALLER'],
  'Mutation.keyCreate': [...OWNERS, 'DEVELOPER'],
  'Mutation.keyRevoke': [...OWNERS, 'DEVELOPER'],
  'Mutation.keyRotate': [...OWNERS, 'DEVELOPER'],
  'Mutation.keyUpdate': [...OWNERS, 'DEVELOPER'],
  'Mutation.ledgerAdjust': OWNERS,
  'Mutation.ledgerCredit': OWNERS,
  'Mutation.memberRemove': OWNERS,
  'Mutation.memberSet': OWNERS,
  'Mutation.priceSet': OWNERS,
  'Mutation.roleDelete': OWNERS,
  'Mutation.roleSet': OWNERS,
  'Mutation.teamCreate': OWNERS,
  'Mutation.teamRename': OWNERS,
  'Mutation.userDisable': OWNERS,
  'Mutation.userEnable': OWNERS,
};

const keys = new Map<BuiltInRole, string>();
beforeAll(async () => {
  for (const role of roles) {
    const { data } = await gateway().ask(
      'mutation ($role: String!) { keyCreate(input: { name: $role, role: $role }) { secret key { scopes } } }',
      { role },
    );
    expect(data.keyCreate.key.scopes).toEqual(ROLES[role]);
    keys.set(role, data.keyCreate.secret);
  }
});

test('each mutation stands in the table', () => {
  const mutations = listRootFields().filter((field) => field.startsWith('Mutation.'));
  expect(Object.keys(MAY).toSorted()).toEqual(mutations);
});

describe.each(roles)('the role %s', (role) => {
  it.each(Object.entries(MAY))('and %s', async (field, may) => {
    const { query } = ROOT_FIELDS[field]!;
    const answer = await gateway().ask(query, {}, { key: keys.get(role)! });
    if (may.includes(role)) expect(answer).not.toHaveProperty('errors');
    else
      expect(answer).toMatchObject({
        errors: [{ message: expect.stringContaining(field), extensions: { code: 'FORBIDDEN' } }],
      });
  });
});
