import { isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { findRule, RULES } from '../../src/access/rules.ts';
import { hasScope, SCOPES, type Principal } from '../../src/domain/principal.ts';
import { schema } from '../../src/graph/schema.ts';
import { createEndpoints } from '../../src/rest/endpoints.ts';

const ROOTS = ['Query', 'Mutation', 'Subscription'];

const doors = createEndpoints().map(({ method, path }) => `${method} ${path}`);

const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
  isObjectType(type) && !type.name.startsWith('__')
    ? Object.keys(type.getFields()).map((field) => ({ type: type.name, field }))
    : [],
);

describe('the table of rules', () => {
  it('has a rule for every field', () => {
    expect(fields.filter(({ type, field }) => !findRule(type, field))).toEqual([]);
  });

  it('has one of its own for each field that an operation can begin with', () => {
    const begins = fields
      .filter(({ type }) => ROOTS.includes(type))
      .map(({ type, field }) => `${type}.${field}`);
    expect(begins.filter((name) => !(name in RULES))).toEqual([]);
  });

  it('has one for each door beside the graph', () => {
    expect(doors.filter((name) => !(name in RULES))).toEqual([]);
  });

  it('names nothing that does not exist', () => {
    const known = new Set([...doors, ...fields.flatMap(({ type, field }) => [type, `${type}.${field}`])]);
    expect(Object.keys(RULES).filter((name) => !known.has(name))).toEqual([]);
  });

  it('says nothing of what is not in it', () => {
    expect(findRule('Query', 'secrets')).toBeUndefined();
    expect(findRule('Secret', 'id')).toBeUndefined();
  });
});

describe('a scope', () => {
  const holder = (scope: (typeof SCOPES)[number]): Principal => ({
    keyId: 'key_1',
    organisationId: 'org_1',
    teamId: 'team_1',
    scopes: new Set([scope]),
    models: [],
    regions: undefined,
    keyRegions: [],
    allowedFrom: undefined,
    expiresAt: undefined,
    endUserId: undefined,
    tags: [],
  });
  const implied = (scope: (typeof SCOPES)[number]) =>
    SCOPES.filter((other) => hasScope(holder(scope), other));

  it('is implied by OWNER, and by ADMIN unless it is OWNER', () => {
    expect(implied('OWNER')).toEqual([...SCOPES]);
    expect(implied('ADMIN')).toEqual(SCOPES.filter((scope) => scope !== 'OWNER'));
    expect(implied('USAGE_READ')).toEqual(['USAGE_READ']);
  });
});
