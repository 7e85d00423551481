import { describe, expect, it } from 'vitest';
import { HASHING_SECRET } from '../access/support/organisation.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { useGateway } from '../support/gateway.ts';
import { useLimitedTenant } from './support/limits.ts';

const each = [
  { scope: 'KEY', unit: 'REQUESTS_PER_MINUTE', max: 3 },
  { scope: 'IP', unit: 'CONCURRENT', max: 50 },
] as const;
const gateway = useGateway({
  config: {
    limits: { ...DEFAULTS.limits, each: [...each] },
  },
  variables: { SLUICE_SECRET: HASHING_SECRET },
});
const tenant = useLimitedTenant(gateway);
const DELETE = 'mutation ($id: ID!) { limitDelete(id: $id) { deletedId errors { code message } } }';
const OF_TEAM = () => ({
  scope: 'TEAM',
  subjectId: tenant().teamId,
  unit: 'REQUESTS_PER_MINUTE',
  max: 5,
});

describe('limitSet', () => {
  it('sets a limit once for each subject and unit', async () => {
    const { set } = tenant();
    const first = await set(OF_TEAM());
    expect(first).toMatchObject({ ...OF_TEAM(), remaining: 5, resetsAt: expect.any(String) });
    const second = await set({ ...OF_TEAM(), max: 7 });
    expect(second).toMatchObject({ id: first.id, max: 7 });
    expect((await set({ ...OF_TEAM(), unit: 'CONCURRENT' })).id).not.toBe(first.id);
  });

  it('counts what was used before', async () => {
    const { complete, set } = tenant();
    await set({ ...OF_TEAM(), max: 2 });
    await complete();
    expect(await set({ ...OF_TEAM(), max: 1 })).toMatchObject({ remaining: 0 });
    expect(await set({ ...OF_TEAM(), max: 3 })).toMatchObject({ remaining: 2 });
  });

  it.each([
    ['nothing', { max: 0 }, 'max', 'is 0; it must be at least 1; to stop all use, revoke the key'],
    ['less than nothing', { max: -5 }, 'max', 'is -5'],
    [
      'so few points that none could lift it',
      { scope: 'KEY', subjectId: '*', unit: 'OPERATION_COST_PER_MINUTE', max: 999 },
      'max',
      'it must be at least 1000',
    ],
    ['an absurd amount', { max: 9_007_199_254_740_991 }, 'max', 'it must be at most 1000000000000'],
    ['no subject', { subjectId: '' }, 'subjectId', 'must hold 1 to 400 characters'],
    ['a long subject', { scope: 'END_USER', subjectId: 'x'.repeat(401) }, 'subjectId', 'must hold 1 to 400'],
    ['a NUL', { scope: 'END_USER', subjectId: 'a\0b' }, 'subjectId', 'holds a control character'],
    ['no address', { scope: 'IP', subjectId: '10.0.0.256' }, 'subjectId', 'must be an IP address or "*"'],
    [
      'each organisation',
      { scope: 'ORGANISATION', subjectId: '*' },
      'subjectId',
      'only your own organisation',
    ],
    [
      'points of a model',
      { scope: 'MODEL', subjectId: 'demo/echo', unit: 'OPERATION_COST_PER_MINUTE', max: 5_000 },
      'unit',
      'limit who asks instead',
    ],
  ])('refuses %s, and says what would be right', async (_, change, field, message) => {
    const { limit, errors } = await tenant().trySet({ ...OF_TEAM(), ...change });
    expect(limit).toBeNull();
    expect(errors).toEqual([
      { code: 'INVALID_INPUT', path: ['input', field], message: expect.stringContaining(message) },
    ]);
  });

  it('refuses what no schema knows', async () => {
    for (const change of [{ max: 1.5 }, { max: '5' }, { scope: 'TAG' }, { unit: 'PER_YEAR' }]) {
      const { errors } = await tenant().ask(
        'mutation ($input: LimitSetInput!) { limitSet(input: $input) { limit { id } } }',
        { input: { ...OF_TEAM(), ...change } },
      );
      expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
    }
  });

  it.each([
    ['TEAM', 'team_00000000000000000000000000'],
    ['KEY', 'key_00000000000000000000000000'],
    ['ORGANISATION', 'org_default'],
    ['MODEL', 'demo/none'],
    ['PROVIDER', 'none'],
  ])('knows no such %s', async (scope, subjectId) => {
    const { errors } = await tenant().trySet({ ...OF_TEAM(), scope, subjectId });
    expect(errors).toMatchObject([{ code: 'NOT_FOUND', message: expect.stringContaining(subjectId) }]);
  });

  it('takes an address in any form, and counts networks of IPv6 for each', async () => {
    const { set } = tenant();
    const of = { scope: 'IP', unit: 'CONCURRENT', max: 5 };
    expect(await set({ ...of, subjectId: '2001:DB8:0:0::1' })).toMatchObject({ subjectId: '2001:db8::1' });
  });
});

describe('rights', () => {
  it('LIMITS_WRITE sets limits on other keys of the team, and nothing that holds for itself', async () => {
    const { addKey, trySet, ask, admin } = tenant();
    const setter = await addKey(['LIMITS_WRITE']);
    const other = await addKey(['COMPLETIONS_WRITE']);
    const of = { unit: 'REQUESTS_PER_MINUTE', max: 100 };
    const allowed = await trySet({ ...of, scope: 'KEY', subjectId: other.id }, setter.secret);
    expect(allowed.errors).toEqual([]);
    const own = [
      ['KEY', setter.id],
      ['KEY', '*'],
      ['TEAM', tenant().teamId],
      ['ORGANISATION', tenant().organisationId],
      ['IP', '*'],
      ['END_USER', 'anna'],
      ['MODEL', 'demo/echo'],
      ['PROVIDER', '*'],
    ];
    for (const [scope, subjectId] of own)
      expect(await trySet({ ...of, scope, subjectId }, setter.secret)).toMatchObject({
        limit: null,
        errors: [{ code: 'FORBIDDEN' }],
      });
    // Taking a limit away is raising it.
    const { limit } = await trySet({ ...of, max: 1, scope: 'KEY', subjectId: setter.id }, admin.secret);
    expect((await ask(DELETE, { id: limit!.id }, setter.secret)).data.limitDelete).toMatchObject({
      deletedId: null,
      errors: [{ code: 'FORBIDDEN' }],
    });
    expect((await ask(DELETE, { id: allowed.limit!.id }, setter.secret)).data.limitDelete.errors).toEqual([]);
  });

  it('whoever lacks the scope sets nothing', async () => {
    const { addKey, ask } = tenant();
    const { secret } = await addKey(['KEYS_WRITE', 'BUDGETS_WRITE']);
    const { errors } = await ask(DELETE, { id: 'lim_00000000000000000000000000' }, secret);
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});

describe('limitDelete', () => {
  it('lifts a limit at once, and a second time is told', async () => {
    const { ask, complete, set } = tenant();
    const { id } = await set({ ...OF_TEAM(), max: 1 });
    await complete();
    expect((await complete()).errors).toHaveLength(1);
    expect((await ask(DELETE, { id })).data.limitDelete).toEqual({ deletedId: id, errors: [] });
    expect((await complete()).errors).toEqual([]);
    expect((await ask(DELETE, { id })).data.limitDelete.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it('cannot take away what stands in the config', async () => {
    const { ask } = tenant();
    const { data } = await ask('{ limits(filter: { scope: [KEY] }) { nodes { id createdAt } } }');
    const [{ id, createdAt }] = data.limits.nodes;
    expect(createdAt).toBeNull();
    expect((await ask(DELETE, { id })).data.limitDelete.errors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringContaining('config') },
    ]);
  });
});

describe('limits of the config', () => {
  it('hold for each, until one is set in their place', async () => {
    const { admin, complete, set } = tenant();
    for (const _ of [1, 2, 3]) expect((await complete()).errors).toEqual([]);
    expect((await complete()).errors).toMatchObject([{ scope: 'KEY', limit: 3 }]);
    await set({ scope: 'KEY', subjectId: '*', unit: 'REQUESTS_PER_MINUTE', max: 4 });
    expect((await complete()).errors).toEqual([]);
    await set({ scope: 'KEY', subjectId: admin.id, unit: 'REQUESTS_PER_MINUTE', max: 5 });
    expect((await complete()).errors).toEqual([]);
    expect((await complete()).errors).toMatchObject([{ scope: 'KEY', limit: 5 }]);
  });
});

describe('what is seen', () => {
  const VIEWER = '{ viewer { limits { scope subjectId unit max remaining resetsAt } } }';

  it('viewer.limits are those that hold for every request of the viewer, as they stand', async () => {
    const { addKey, ask, complete, set } = tenant();
    const other = await addKey(['COMPLETIONS_WRITE']);
    await set({ ...OF_TEAM(), unit: 'TOKENS_PER_MINUTE', max: 1_000 });
    await set({ scope: 'KEY', subjectId: other.id, unit: 'TOKENS_PER_MINUTE', max: 9 });
    await set({ scope: 'MODEL', subjectId: '*', unit: 'TOKENS_PER_MINUTE', max: 9_999 });
    const { completion } = await complete({ params: { maxOutputTokens: 100 } });
    const { data } = await ask(VIEWER);
    expect(data.viewer.limits).toEqual([
      {
        scope: 'TEAM',
        subjectId: tenant().teamId,
        unit: 'TOKENS_PER_MINUTE',
        max: 1_000,
        remaining: 1_000 - completion!.usage.total,
        resetsAt: expect.any(String),
      },
      expect.objectContaining({
        scope: 'KEY',
        subjectId: '*',
        unit: 'REQUESTS_PER_MINUTE',
        max: 3,
        remaining: 2,
      }),
      expect.objectContaining({
        scope: 'IP',
        subjectId: '*',
        unit: 'CONCURRENT',
        remaining: 50,
        resetsAt: null,
      }),
    ]);
  });

  it('limits are all for an admin, and what may hold for everybody else', async () => {
    const { addKey, ask, set } = tenant();
    const [one, two] = [await addKey(['COMPLETIONS_WRITE']), await addKey(['COMPLETIONS_WRITE'])];
    const analyst = await addKey(['USAGE_READ']);
    const of = { scope: 'KEY', unit: 'CONCURRENT', max: 5 };
    const ofOne = await set({ ...of, subjectId: one.id });
    const ofTwo = await set({ ...of, subjectId: two.id });
    const ofAddress = await set({ ...of, scope: 'IP', subjectId: '10.1.2.3' });
    const idsFor = async (key?: string) => {
      const { data } = await ask('{ limits { nodes { id } totalCount } }', {}, key);
      return data.limits.nodes.map(({ id }: { id: string }) => id);
    };
    expect(await idsFor()).toEqual(expect.arrayContaining([ofOne.id, ofTwo.id, ofAddress.id]));
    expect(await idsFor(one.secret)).toContain(ofOne.id);
    expect(await idsFor(one.secret)).not.toContain(ofTwo.id);
    expect(await idsFor(analyst.secret)).toEqual(expect.arrayContaining([ofOne.id, ofTwo.id]));
    expect(await idsFor(analyst.secret)).not.toContain(ofAddress.id);
  });

  it('goes page by page', async () => {
    const { ask, set } = tenant();
    for (const subjectId of ['a', 'b', 'c', 'd', 'e'])
      await set({ scope: 'END_USER', subjectId, unit: 'CONCURRENT', max: 5 });
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { data }: Awaited<ReturnType<typeof ask>> = await ask(
        `query ($after: String) { limits(first: 2, after: $after, filter: { scope: [END_USER] }) {
          nodes { subjectId } totalCount pageInfo { hasNextPage endCursor }
        } }`,
        { after },
      );
      seen.push(...data.limits.nodes.map(({ subjectId }: { subjectId: string }) => subjectId));
      expect(data.limits.totalCount).toBe(5);
      after = data.limits.pageInfo.hasNextPage ? data.limits.pageInfo.endCursor : null;
    } while (after);
    expect(seen).toEqual(['e', 'd', 'c', 'b', 'a']);
  });

  it('every change is in the audit, before and after', async () => {
    const { ask, set } = tenant();
    const { id } = await set({ ...OF_TEAM(), max: 5 });
    await set({ ...OF_TEAM(), max: 7 });
    await ask(DELETE, { id });
    const { data } = await ask(
      '{ auditEvents(filter: { action: { contains: "limit." } }) { nodes { action targetId before after } } }',
    );
    const row = { scope: 'TEAM', subjectId: tenant().teamId, unit: 'REQUESTS_PER_MINUTE' };
    expect(data.auditEvents.nodes).toEqual([
      { action: 'limit.delete', targetId: id, before: { ...row, max: 7 }, after: null },
      { action: 'limit.set', targetId: id, before: { ...row, max: 5 }, after: { ...row, max: 7 } },
      { action: 'limit.set', targetId: id, before: null, after: { ...row, max: 5 } },
    ]);
  });
});
