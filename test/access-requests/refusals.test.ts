import { afterEach, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { addKey, addTeam, HASHING_SECRET } from '../access/support/organisation.ts';
import { useGateway } from '../support/gateway.ts';
import { decide, expectAuditToHold, request, scopesOf, type Told } from './support.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
afterEach(() => expectAuditToHold(gateway()));

const caller = (models: string[] = []) => makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models });
const idOf = (told: Told | null) => told?.id ?? '';

describe('who decides', () => {
  it('does so for the own team with ACCESS_DECIDE, never beyond the own rights, and never on their own request', async () => {
    const teamId = await addTeam(gateway(), 'org_default', 'Another');
    const of = { organisationId: 'org_default', teamId, name: 'x' };
    const lead = await addKey(gateway(), of, ['ACCESS_DECIDE', 'USAGE_READ']);
    const asker = await addKey(gateway(), of, ['COMPLETIONS_WRITE']);
    const elsewhere = await caller();
    const ask = async (secret: string, targetId: string) =>
      idOf((await request(gateway(), secret, { kind: 'SCOPE', targetId })).accessRequest);
    const usage = await ask(asker.secret, 'USAGE_READ');
    const audit = await ask(asker.secret, 'AUDIT_READ');
    const own = await ask(lead.secret, 'AUDIT_READ');
    const theirs = await ask(elsewhere.secret, 'USAGE_READ');

    const { data } = await gateway().ask(
      '{ accessRequests(status: PENDING) { nodes { id } totalCount } }',
      {},
      { key: lead.secret },
    );
    expect(data.accessRequests).toEqual({
      nodes: [{ id: own }, { id: audit }, { id: usage }],
      totalCount: 3,
    });
    const decided = async (id: string) => (await decide(gateway(), id, {}, lead.secret)).errors[0]?.code;
    expect(await decided(theirs)).toBe('NOT_FOUND');
    expect(await decided(own)).toBe('FORBIDDEN');
    expect(await decided(audit)).toBe('FORBIDDEN');
    expect(await decided(usage)).toBeUndefined();
    expect(await scopesOf(gateway(), asker.secret)).toEqual(['COMPLETIONS_WRITE', 'USAGE_READ']);

    const narrow = await makeKey(gateway(), { scopes: ['ACCESS_DECIDE'], models: ['demo/echo'] });
    const limited = await caller(['demo/echo']);
    const { accessRequest } = await request(gateway(), limited.secret, {
      kind: 'MODEL',
      targetId: 'demo/slow',
    });
    expect((await decide(gateway(), idOf(accessRequest), {}, narrow.secret)).errors).toMatchObject([
      { code: 'FORBIDDEN', message: expect.stringContaining('your own key may not use "demo/slow"') },
    ]);
  });
});

it('what a key has asked for that is revoked by now is not approved, and can be denied', async () => {
  const key = await caller();
  const { accessRequest } = await request(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
  await gateway().ask('mutation ($id: ID!) { keyRevoke(id: $id) { errors { code } } }', { id: key.id });
  const id = idOf(accessRequest);
  expect((await decide(gateway(), id)).errors).toMatchObject([
    { code: 'CONFLICT', message: expect.stringContaining('revoked or disabled') },
  ]);
  expect((await decide(gateway(), id, { approve: false })).accessRequest).toMatchObject({ status: 'DENIED' });
});

describe('bad input', () => {
  it('is told by its name', async () => {
    const key = await caller(['demo/echo']);
    const faultOf = async (input: Parameters<typeof request>[2]) => {
      const { accessRequest, errors } = await request(gateway(), key.secret, input);
      expect(accessRequest).toBeNull();
      return [errors[0]?.code, errors[0]?.path?.join('.')];
    };
    const model = { kind: 'MODEL', targetId: 'demo/slow' };
    const invalid = (name: string) => ['INVALID_INPUT', `input.${name}`];
    expect(await faultOf({ ...model, reason: ' ' })).toEqual(invalid('reason'));
    expect(await faultOf({ ...model, reason: 'x'.repeat(1_001) })).toEqual(invalid('reason'));
    expect(await faultOf({ ...model, until: '2020-01-01T00:00:00Z' })).toEqual(invalid('until'));
    expect(await faultOf({ ...model, amount: '1' })).toEqual(invalid('amount'));
    expect(await faultOf({ kind: 'MODEL', targetId: 'demo/none' })).toEqual(['NOT_FOUND', undefined]);
    expect(await faultOf({ kind: 'MODEL', targetId: 'demo/echo' })).toEqual(['CONFLICT', undefined]);
    expect(await faultOf({ kind: 'ROUTE', targetId: 'fast' })).toEqual(['NOT_FOUND', undefined]);
    expect(await faultOf({ kind: 'SCOPE', targetId: 'EVERYTHING' })).toEqual(invalid('targetId'));
    expect(await faultOf({ kind: 'SCOPE', targetId: 'COMPLETIONS_WRITE' })).toEqual(['CONFLICT', undefined]);
    expect(await faultOf({ kind: 'BUDGET_INCREASE', targetId: 'bdg_x' })).toEqual(invalid('amount'));
    expect(await faultOf({ kind: 'BUDGET_INCREASE', targetId: 'bdg_x\0', amount: '1' })).toEqual([
      'NOT_FOUND',
      undefined,
    ]);
    await request(gateway(), key.secret, model);
    expect(await faultOf(model)).toEqual(['CONFLICT', undefined]);
  });

  it('of a decision too', async () => {
    const key = await caller();
    const { accessRequest } = await request(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
    const id = idOf(accessRequest);
    const faultOf = async (decision: object) => (await decide(gateway(), id, decision)).errors[0]?.path;
    expect(await faultOf({ expiresAt: '2020-01-01T00:00:00Z' })).toEqual(['input', 'expiresAt']);
    expect(await faultOf({ note: 'x'.repeat(1_001) })).toEqual(['input', 'note']);
    expect((await decide(gateway(), 'areq_00000000000000000000000000')).errors).toMatchObject([
      { code: 'NOT_FOUND' },
    ]);
  });

  it('also by their number: nobody has many undecided, or makes many in a day', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/nothing'] });
    const { sql } = gateway().gateway.database;
    const fill = (status: string, count: number) => sql`
      INSERT INTO access_requests (id, organisation_id, team_id, requester_id, kind, target_id, reason, status, created_at, lapses_at)
      SELECT 'areq_' || ${status}::text || n || ${key.id}::text, 'org_default', 'team_default', ${key.id}, 'MODEL', 'm' || n, 'r', ${status}, now(), now() + interval '1 day'
      FROM generate_series(1, ${count}::int) AS n`;
    await fill('PENDING', 18);
    const models = ['demo/echo', 'demo/slow', 'demo/reasoning', 'demo/expensive', 'demo/flaky', 'demo/cut'];
    const answers = await Promise.all(
      models.map((targetId) => request(gateway(), key.secret, { kind: 'MODEL', targetId })),
    );
    expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(2);
    await sql`UPDATE access_requests SET status = 'DENIED' WHERE requester_id = ${key.id}`;
    await fill('CANCELLED', 80);
    expect(
      (await request(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' })).errors,
    ).toMatchObject([{ code: 'CONFLICT', message: expect.stringContaining('100 requests within a day') }]);
  });
});
