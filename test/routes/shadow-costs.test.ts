import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../access/support/keys.ts';
import { readBudget, useBudgets } from '../budgets/support.ts';
import { useShadows } from './shadow-support.ts';

const { gateway, main, other, shadowed, chat, copies, answerNext, counts } = await useShadows();
const { budgetOf } = useBudgets(gateway);

let member: MadeKey;
beforeAll(async () => {
  member = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'USAGE_READ'] });
});

/** Sums of the accounts that only shadows move, in nano-USD. */
async function apart() {
  const { sql } = gateway().gateway.database;
  const rows = await sql<{ id: string; balance: string }[]>`
    SELECT id, balance_nanos::text AS balance FROM ledger_accounts WHERE id LIKE '%:shadow:%'`;
  return Object.fromEntries(rows.map(({ id, balance }) => [id, BigInt(balance)]));
}

/** One request a minute. */
async function setLimit(scope: string, subjectId: string): Promise<string> {
  const { data } = await gateway().ask(
    'mutation ($input: LimitSetInput!) { limitSet(input: $input) { limit { id } errors { message } } }',
    { input: { scope, subjectId, unit: 'REQUESTS_PER_MINUTE', max: 1 } },
  );
  expect(data.limitSet.errors).toEqual([]);
  return data.limitSet.limit.id;
}

const deleteLimit = (id: string) =>
  gateway().ask('mutation ($id: ID!) { limitDelete(id: $id) { errors { message } } }', { id });

describe('what a copy costs', () => {
  it('is booked on accounts of its own, and drawn from what the organisation, the model and the provider may use', async () => {
    await shadowed();
    const [organisation, model, provider, ...callers] = [
      await budgetOf({ scope: 'ORGANISATION', subjectId: 'org_default' }),
      await budgetOf({ scope: 'MODEL', subjectId: 'other/model' }),
      await budgetOf({ scope: 'PROVIDER', subjectId: 'other' }),
      await budgetOf({ scope: 'TEAM', subjectId: 'team_default' }),
      await budgetOf({ scope: 'KEY', subjectId: member.id }),
      await budgetOf({ scope: 'TAG', subjectId: 'app=web' }),
      await budgetOf({ scope: 'END_USER', subjectId: 'ada' }),
    ];
    const booked = await apart();
    await chat(member.secret, { tags: [{ key: 'app', value: 'web' }], endUserId: 'ada' });
    await answerNext('dear');
    const spent = async ({ id }: { id: string }) => (await readBudget(gateway(), id)).spent.amount;
    expect(await Promise.all([organisation, model, provider].map(spent))).toEqual([
      '0.00006',
      '0.00003',
      '0.00003',
    ]);
    expect(await Promise.all(callers.map(spent))).toEqual(Array(4).fill('0.00003'));
    const now = await apart();
    const name = 'spent:shadow:org_default';
    expect(now[name]! - (booked[name] ?? 0n)).toBe(30_000n);
    expect(now).toMatchObject({ 'held:shadow:org_default': 0n, 'open:shadow:org_default': 0n });
  });

  it('takes nothing of the limits of who asks', async () => {
    await shadowed();
    const caller = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const limits = [
      await setLimit('KEY', caller.id),
      await setLimit('TEAM', 'team_default'),
      await setLimit('ORGANISATION', 'org_default'),
    ];
    expect((await chat(caller.secret)).errors).toEqual([]);
    await answerNext('free of it');
    for (const id of limits) await deleteLimit(id);
  });

  it('takes of the limits of the model that it goes to, and is dropped where these have nothing left', async () => {
    await shadowed();
    const limit = await setLimit('MODEL', 'other/model');
    await chat();
    await answerNext('the only one');
    const { dropped } = await counts();
    expect((await chat()).errors).toEqual([]);
    await expect.poll(() => counts()).toMatchObject({ dropped: dropped + 1 });
    await deleteLimit(limit);
  });

  it('is refused by a budget that has too little left, of which the caller hears nothing', async () => {
    await shadowed();
    await budgetOf({ scope: 'MODEL', subjectId: 'other/model', limit: '0.000001' });
    const before = await counts();
    expect(await chat(member.secret)).toMatchObject({ completion: { text: 'main' }, errors: [] });
    await expect.poll(() => counts()).toMatchObject({ copied: before.copied, dropped: before.dropped + 1 });
    expect((await counts()).lastDropped).toMatch(/^the budget of model "other\/model"/);
    expect(other.calls).toBe(0);
  });

  it('waits for no room in a budget, and goes to no cheaper model', async () => {
    await shadowed();
    await budgetOf({
      scope: 'MODEL',
      subjectId: 'other/model',
      limit: '0.000001',
      onExceed: 'FALLBACK_TO_CHEAPER',
      fallbackModel: 'main/model',
    });
    const before = main.calls;
    const { dropped } = await counts();
    await chat();
    await expect.poll(() => counts()).toMatchObject({ dropped: dropped + 1 });
    expect(main.calls).toBe(before + 1);
  });
});

describe('a copy goes nowhere where the request may not go', () => {
  it('by the rule of residency of the key', async () => {
    await shadowed();
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], regions: ['eu'] });
    const { dropped } = await counts();
    expect(await chat(secret)).toMatchObject({ completion: { text: 'main' }, errors: [] });
    await expect.poll(() => counts()).toMatchObject({ dropped: dropped + 1 });
    expect((await counts()).lastDropped).toBe('other/model is in us; allowed: eu');
    expect(other.calls).toBe(0);
  });

  it('nor to a model that takes an approval', async () => {
    await shadowed();
    const askFirst = (wanted: boolean) =>
      gateway().ask(
        'mutation ($input: ModelAccessSetInput!) { modelAccessSet(input: $input) { errors { message } } }',
        { input: { name: 'other/model', askFirst: wanted } },
      );
    await askFirst(true);
    const { dropped } = await counts();
    await chat(member.secret);
    await expect.poll(() => counts()).toMatchObject({ dropped: dropped + 1 });
    expect((await counts()).lastDropped).toMatch(/takes an approval/);
    expect(other.calls).toBe(0);
    await askFirst(false);
  });

  it('but to a model that the key does not name: it names the route', async () => {
    await shadowed();
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['chat'] });
    await chat(secret);
    await answerNext('by the route');
    expect((await copies())[0]).toMatchObject({ text: 'by the route' });
  });
});
