import { afterEach, expect, it } from 'vitest';
import { endDueGrants } from '../../src/access/requests/end.ts';
import { makeKey, type MadeKey } from '../access/support/keys.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { complete, decide, expectAuditToHold, grant, inMs, request, revokeGrant } from './support.ts';

const gateway = useGateway();
afterEach(() => expectAuditToHold(gateway()));

const caller = () => makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });

interface Budget {
  id: string;
  limit: { amount: string };
}

async function setBudget(
  subjectId: string,
  limit: string,
  extra: object = {},
  key = ADMIN_KEY,
): Promise<Budget> {
  const { data } = await gateway().ask(
    `mutation ($input: BudgetSetInput!) { budgetSet(input: $input) { budget { id limit { amount } } errors { message } } }`,
    { input: { subjectId, limit, unit: 'REQUESTS', window: 'TOTAL', ...extra } },
    { key },
  );
  if (!data.budgetSet.budget) throw new Error(JSON.stringify(data.budgetSet.errors));
  return data.budgetSet.budget as Budget;
}

async function limitOf(id: string): Promise<string> {
  const query = 'query ($id: ID!) { budget(id: $id) { limit { amount } remaining { amount } } }';
  return (await gateway().ask(query, { id })).data.budget.limit.amount as string;
}

/** The limits of all its windows that are open, which is where requests are admitted. */
async function windowLimits(id: string): Promise<string[]> {
  const rows = await gateway().gateway.database.sql<{ limit: string }[]>`
    SELECT limit_amount::text AS limit FROM budget_windows WHERE budget_id = ${id} AND (ends_at IS NULL OR ends_at > now())`;
  return rows.map(({ limit }) => limit);
}

async function actionsOn(target: string): Promise<string[]> {
  const { data } = await gateway().ask(
    'query ($target: String) { auditEvents(filter: { target: { eq: $target } }) { nodes { action before after } } }',
    { target },
  );
  type Node = { action: string; before: { limit: string } | null; after: { limit: string } | null };
  return (data.auditEvents.nodes as Node[])
    .map(({ action, before, after }) => `${action} ${before?.limit ?? '-'} ${after?.limit ?? '-'}`)
    .toReversed();
}

const raise = (key: MadeKey, targetId: string, amount: string, expiresAt?: string) =>
  grant(gateway(), key.secret, { kind: 'BUDGET_INCREASE', targetId, amount }, expiresAt);

it('raises the limit at once and takes it back by itself', async () => {
  const key = await caller();
  const { id } = await setBudget(key.id, '1');
  expect(await complete(gateway(), key.secret, 'demo/echo')).toEqual([]);
  expect(await complete(gateway(), key.secret, 'demo/echo')).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
  await raise(key, id, '2', inMs(3_000));
  expect(await limitOf(id)).toBe('3');
  expect(await windowLimits(id)).toEqual(['3']);
  expect(await complete(gateway(), key.secret, 'demo/echo')).toEqual([]);
  await expect.poll(() => limitOf(id), { timeout: 15_000 }).toBe('1');
  expect(await windowLimits(id)).toEqual(['1']);
  expect(await complete(gateway(), key.secret, 'demo/echo')).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
  expect(await actionsOn(id)).toEqual(['budget.set - 1', 'budget.raise 1 3', 'budget.lower 3 1']);
});

it('adds up with others, each of which ends by itself', async () => {
  const [one, two] = [await caller(), await caller()];
  const { id } = await setBudget('team_default', '10', { window: 'DAY', unit: 'TOKENS' });
  const first = await raise(one, id, '5');
  await raise(two, id, '7');
  expect(await limitOf(id)).toBe('22');
  await Promise.all([
    revokeGrant(gateway(), first),
    revokeGrant(gateway(), first),
    revokeGrant(gateway(), first),
  ]);
  expect(await limitOf(id)).toBe('17');
  await gateway().ask('mutation ($id: ID!) { budgetDelete(id: $id) { deletedId } }', { id });
});

it('gives way to a limit that is set: that one holds, and nothing is taken off it later', async () => {
  const key = await caller();
  const { id } = await setBudget(key.id, '10');
  const grantId = await raise(key, id, '5', inMs(60_000));
  expect(await setBudget(key.id, '12')).toEqual({ id, limit: { amount: '12' } });
  const { data } = await gateway().ask('{ viewer { grants { id } } }', {}, { key: key.secret });
  expect(data.viewer.grants).toEqual([]);
  await gateway().gateway.database
    .sql`UPDATE access_grants SET expires_at = now() - interval '1 hour' WHERE id = ${grantId}`;
  await endDueGrants(gateway().gateway.accessDesk);
  expect(await revokeGrant(gateway(), grantId)).toMatchObject({ errors: [] });
  expect(await limitOf(id)).toBe('12');
  expect(await actionsOn(id)).toEqual(['budget.set - 10', 'budget.raise 10 15', 'budget.set 15 12']);
});

it('never counts twice, whoever sets, raises and ends at once', async () => {
  const key = await caller();
  const { id } = await setBudget(key.id, '100');
  for (let round = 0; round < 5; round += 1) {
    const grants = [await raise(key, id, '3'), await raise(key, id, '4')];
    const due = gateway().gateway.database.sql`
      UPDATE access_grants SET expires_at = now() - interval '1 hour' WHERE id = ${grants[1] ?? ''}`;
    await due;
    const limit = String(50 + round);
    await Promise.all([
      revokeGrant(gateway(), grants[0] ?? ''),
      endDueGrants(gateway().gateway.accessDesk),
      endDueGrants(gateway().gateway.accessDesk),
      setBudget(key.id, limit),
    ]);
    expect(await limitOf(id)).toBe(limit);
    expect(await windowLimits(id)).toEqual([limit]);
  }
});

it('is of money too, exactly', async () => {
  const key = await caller();
  const { id } = await setBudget(key.id, '0.000000001', { unit: 'MONEY', window: 'MONTH' });
  const { accessRequest } = await request(gateway(), key.secret, {
    kind: 'BUDGET_INCREASE',
    targetId: id,
    amount: '2.5',
  });
  expect(accessRequest).toMatchObject({ amount: { amount: '2.5', unit: 'MONEY' }, target: { id } });
  await decide(gateway(), accessRequest?.id ?? '');
  expect(await limitOf(id)).toBe('2.500000001');
});

it('is approved only by whoever may set the budget', async () => {
  const key = await caller();
  const lead = await makeKey(gateway(), { scopes: ['ACCESS_DECIDE', 'BUDGETS_WRITE'] });
  const plain = await makeKey(gateway(), { scopes: ['ACCESS_DECIDE', 'USAGE_READ'] });
  const ofKey = await setBudget(key.id, '1');
  const ofTeam = await setBudget('team_default', '1000');
  const ofLead = await setBudget(lead.id, '1');
  const ask = async (secret: string, targetId: string) =>
    (await request(gateway(), secret, { kind: 'BUDGET_INCREASE', targetId, amount: '1' })).accessRequest
      ?.id ?? '';
  const codes = async (id: string, secret: string) =>
    (await decide(gateway(), id, {}, secret)).errors.map(({ code }) => code);
  const asked = await ask(key.secret, ofKey.id);
  expect(await codes(asked, plain.secret)).toEqual(['FORBIDDEN']);
  expect(await codes(asked, lead.secret)).toEqual([]);
  expect(await codes(await ask(key.secret, ofTeam.id), lead.secret)).toEqual(['FORBIDDEN']);
  // What holds for oneself is not raised by oneself, whoever asks for it.
  expect(await codes(await ask(plain.secret, ofLead.id), lead.secret)).toEqual(['FORBIDDEN']);
  expect(await codes(await ask(lead.secret, ofLead.id), lead.secret)).toEqual(['FORBIDDEN']);
  await gateway().ask('mutation ($id: ID!) { budgetDelete(id: $id) { deletedId } }', { id: ofTeam.id });
});

it('is refused for what cannot be raised', async () => {
  const [key, other] = [await caller(), await caller()];
  const { id } = await setBudget(key.id, '2');
  const faultOf = async (secret: string, amount: string) => {
    const { errors } = await request(gateway(), secret, { kind: 'BUDGET_INCREASE', targetId: id, amount });
    return [errors[0]?.code, errors[0]?.path?.join('.')];
  };
  for (const amount of ['0', '-1', '0.5'])
    expect(await faultOf(key.secret, amount), amount).toEqual(['INVALID_INPUT', 'input.amount']);
  expect(await faultOf(other.secret, '1')).toEqual(['NOT_FOUND', undefined]);
  const highest = await request(gateway(), key.secret, {
    kind: 'BUDGET_INCREASE',
    targetId: id,
    amount: '999999999999999',
  });
  const told = await decide(gateway(), highest.accessRequest?.id ?? '');
  expect(told.errors).toMatchObject([
    { code: 'CONFLICT', message: expect.stringContaining('must be at most') },
  ]);
  await gateway().ask('mutation ($id: ID!) { budgetDelete(id: $id) { deletedId } }', { id });
  expect((await decide(gateway(), highest.accessRequest?.id ?? '')).errors).toMatchObject([
    { code: 'NOT_FOUND' },
  ]);
  expect(await faultOf(key.secret, '1')).toEqual(['NOT_FOUND', undefined]);
});
