import { beforeAll, describe, expect, it, test } from 'vitest';
import { ROLES, type BuiltInRole } from '../../src/domain/role.ts';
import { useGateway } from '../support/gateway.ts';
import { listRootFields, ROOT_FIELDS } from './support/root-fields.ts';

const gateway = useGateway();
const roles = Object.keys(ROLES) as BuiltInRole[];
const OWNERS: BuiltInRole[] = ['OWNER', 'ADMIN'];

/** Who may ask for each mutation. It is written by hand, so that a slip in the table of rules is seen. */
const MAY: Record<string, BuiltInRole[]> = {
  'Mutation.accessGrantRevoke': roles,
  'Mutation.accessRequestCancel': roles,
  'Mutation.accessRequestCreate': roles,
  'Mutation.accessRequestDecide': OWNERS,
  'Mutation.budgetDelete': OWNERS,
  'Mutation.budgetSet': OWNERS,
  'Mutation.completionCancel': [...OWNERS, 'DEVELOPER', 'CALLER'],
  'Mutation.completionCreate': [...OWNERS, 'DEVELOPER', 'CALLER'],
  'Mutation.completionRate': [...OWNERS, 'DEVELOPER', 'CALLER'],
  'Mutation.datasetCasesAdd': OWNERS,
  'Mutation.datasetDelete': OWNERS,
  'Mutation.datasetRecord': OWNERS,
  'Mutation.datasetSet': OWNERS,
  'Mutation.evaluationCancel': OWNERS,
  'Mutation.evaluationStart': OWNERS,
  'Mutation.gradersTry': OWNERS,
  'Mutation.keyCreate': [...OWNERS, 'DEVELOPER'],
  'Mutation.keyRevoke': [...OWNERS, 'DEVELOPER'],
  'Mutation.keyRotate': [...OWNERS, 'DEVELOPER'],
  'Mutation.keyUpdate': [...OWNERS, 'DEVELOPER'],
  'Mutation.ledgerAdjust': OWNERS,
  'Mutation.ledgerCredit': OWNERS,
  'Mutation.limitDelete': OWNERS,
  'Mutation.limitSet': OWNERS,
  'Mutation.memberRemove': OWNERS,
  'Mutation.memberSet': OWNERS,
  'Mutation.modelAccessSet': OWNERS,
  'Mutation.modelAliasDelete': OWNERS,
  'Mutation.modelAliasSet': OWNERS,
  'Mutation.modelLifecycleSet': OWNERS,
  'Mutation.modelReplace': OWNERS,
  'Mutation.operationRegister': OWNERS,
  'Mutation.operationRemove': OWNERS,
  'Mutation.organisationUpdate': OWNERS,
  'Mutation.priceSet': OWNERS,
  'Mutation.promptArchive': OWNERS,
  'Mutation.promptCreate': OWNERS,
  'Mutation.promptExperimentSet': OWNERS,
  'Mutation.promptExperimentStop': OWNERS,
  'Mutation.promptLabelDecide': OWNERS,
  'Mutation.promptLabelDelete': OWNERS,
  'Mutation.promptLabelProtect': OWNERS,
  'Mutation.promptLabelRequestCancel': roles,
  'Mutation.promptLabelSet': OWNERS,
  'Mutation.promptPartialSet': OWNERS,
  'Mutation.promptRestore': OWNERS,
  'Mutation.promptUpdate': OWNERS,
  'Mutation.promptVersionCreate': OWNERS,
  'Mutation.promptsApply': OWNERS,
  'Mutation.promptImprove': OWNERS,
  'Mutation.promptLabelRequire': OWNERS,
  'Mutation.promptLabelUnrequire': OWNERS,
  'Mutation.roleDelete': OWNERS,
  'Mutation.roleSet': OWNERS,
  'Mutation.routeDelete': OWNERS,
  'Mutation.routeResetLearned': OWNERS,
  'Mutation.routeRestore': OWNERS,
  'Mutation.routeSet': OWNERS,
  'Mutation.routeTrialRestart': OWNERS,
  'Mutation.routesApply': OWNERS,
  'Mutation.teamCreate': OWNERS,
  'Mutation.teamRename': OWNERS,
  'Mutation.teamUpdate': OWNERS,
  'Mutation.userDisable': OWNERS,
  'Mutation.userEnable': OWNERS,
};

const keys = new Map<BuiltInRole, { secret: string; scopes: string[] }>();
beforeAll(async () => {
  for (const role of roles) {
    const { data } = await gateway().ask(
      'mutation ($role: String!) { keyCreate(input: { name: $role, role: $role }) { secret key { scopes } } }',
      { role },
    );
    keys.set(role, { secret: data.keyCreate.secret, scopes: data.keyCreate.key.scopes });
  }
});

test('each mutation stands in the table', () => {
  const mutations = listRootFields().filter((field) => field.startsWith('Mutation.'));
  expect(Object.keys(MAY).toSorted()).toEqual(mutations);
});

describe.each(roles)('the role %s', (role) => {
  const ask = (field: string) =>
    gateway().ask(ROOT_FIELDS[field]!.query, {}, { key: keys.get(role)!.secret });
  const listed = (may: boolean) => Object.keys(MAY).filter((field) => MAY[field]!.includes(role) === may);

  it('has its scopes', () => {
    expect(keys.get(role)?.scopes).toEqual(ROLES[role]);
  });

  it('may what the table says', async () => {
    for (const field of listed(true)) expect(await ask(field), field).not.toHaveProperty('errors');
  });

  it('may nothing else', async () => {
    for (const field of listed(false))
      expect(await ask(field), field).toMatchObject({
        errors: [{ message: expect.stringContaining(field), extensions: { code: 'FORBIDDEN' } }],
      });
  });
});
