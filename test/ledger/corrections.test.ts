import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { addTeam, HASHING_SECRET } from '../access/support/organisation.ts';
import { completionOf, create, createKey, say } from '../completion/support/completions.ts';
import { useGateway } from '../support/gateway.ts';
import { correctOn, entryOf, REASON } from './correction-client.ts';

// After each test the books are audited: every correction has an actor, a reason, one audit event and one announcement.
const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const { adjust, credit, complete, countCorrections } = correctOn(gateway);
const TEAM = 'team_default';
async function balanceOf(account: string): Promise<bigint> {
  const [row] = await gateway().gateway.database.sql<{ balance_nanos: bigint }[]>`
    SELECT balance_nanos FROM ledger_accounts WHERE id = ${account}`;
  return row?.balance_nanos ?? 0n;
}

let admin: string;

beforeAll(async () => {
  admin = (await gateway().ask('{ viewer { key { id } } }')).data.viewer.key.id;
});

describe('an adjustment', () => {
  it('of a completion moves money between what was spent and what is owed to the provider, up and down', async () => {
    const { id, cost } = await complete();
    const [spent, payable] = [await balanceOf(`spent:${TEAM}`), await balanceOf('payable:org_default:demo')];
    expect(entryOf(await adjust({ completionId: id, amount: '0.25' }))).toEqual({
      id: expect.stringMatching(/^ent_\d+$/),
      kind: 'ADJUST',
      amount: { amount: '0.25' },
      note: REASON,
      actor: { id: admin },
      team: { id: TEAM },
      key: { id: admin },
      completion: { id },
    });
    expect(await balanceOf(`spent:${TEAM}`)).toBe(spent + 250_000_000n);
    expect(await balanceOf('payable:org_default:demo')).toBe(payable - 250_000_000n);
    entryOf(await adjust({ completionId: id, amount: '-0.25' }));
    entryOf(await adjust({ completionId: id, amount: `-${cost?.amount}` }));
    const costNanos = BigInt(Math.round(Number(cost?.amount) * 1e9));
    expect(await balanceOf(`spent:${TEAM}`)).toBe(spent - costNanos);
  });

  it('of a team, or one of its keys, is booked against the credits of the organisation', async () => {
    const spent = await balanceOf(`spent:${TEAM}`);
    const { id: keyId } = await createKey(gateway());
    const ofTeam = entryOf(await adjust({ teamId: TEAM, amount: '2' }));
    const ofKey = entryOf(await adjust({ teamId: TEAM, keyId, amount: '3' }));
    expect([ofTeam.key, ofKey.key]).toEqual([null, { id: keyId }]);
    expect(await balanceOf(`spent:${TEAM}`)).toBe(spent + 5_000_000_000n);
    expect(await balanceOf('credits:org_default')).toBe(-5_000_000_000n);
  });

  it('of a completion without a known price gives it one', async () => {
    const { id, cost } = completionOf(await create(gateway(), say('demo/unpriced')));
    expect(cost).toBeNull();
    entryOf(await adjust({ completionId: id, amount: '0.5' }));
    expect((await credit({ completionId: id, amount: '0.6' })).errors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'amount'] },
    ]);
  });
});

describe('a credit', () => {
  it('moves money the other way round', async () => {
    const [spent, credits] = [await balanceOf(`spent:${TEAM}`), await balanceOf('credits:org_default')];
    expect(entryOf(await credit({ teamId: TEAM, amount: '1.5' }))).toMatchObject({
      kind: 'CREDIT',
      amount: { amount: '1.5' },
    });
    expect(await balanceOf(`spent:${TEAM}`)).toBe(spent - 1_500_000_000n);
    expect(await balanceOf('credits:org_default')).toBe(credits + 1_500_000_000n);
  });

  it('never leaves a completion at less than nothing, also when many come at once', async () => {
    const { id } = await complete();
    entryOf(await adjust({ completionId: id, amount: '1' }));
    const amount = '0.4';
    const results = await Promise.all([1, 2, 3, 4].map(() => credit({ completionId: id, amount })));
    expect(results.filter(({ entry }) => entry)).toHaveLength(2);
    for (const { errors } of results.filter(({ entry }) => !entry))
      expect(errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'amount'] }]);
  });
});

describe('a budget', () => {
  const SET = `mutation ($input: BudgetSetInput!) { budgetSet(input: $input) { budget { id } errors { message } } }`;

  async function setBudget(input: { subjectId: string; unit?: string; thresholds?: number[] }) {
    const { data, errors } = await gateway().ask(SET, {
      input: { limit: '100', window: 'MONTH', ...input },
    });
    if (!data?.budgetSet.budget) throw new Error(JSON.stringify(errors ?? data));
    return data.budgetSet.budget.id as string;
  }

  async function spentOf(id: string): Promise<string> {
    const { data } = await gateway().ask('query ($id: ID!) { budget(id: $id) { spent { amount } } }', { id });
    return data.budget.spent.amount as string;
  }

  it('counts a correction of a team or a key in the windows that are open, and goes no lower than 0', async () => {
    const team = await addTeam(gateway(), 'org_default', 'budgeted');
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], teamId: team });
    const ofTeam = await setBudget({ subjectId: team });
    const ofKey = await setBudget({ subjectId: key.id });
    const ofTokens = await setBudget({ subjectId: key.id, unit: 'REQUESTS' });
    entryOf(await adjust({ teamId: team, amount: '10' }));
    entryOf(await adjust({ teamId: team, keyId: key.id, amount: '4' }));
    expect(await Promise.all([ofTeam, ofKey, ofTokens].map(spentOf))).toEqual(['14', '4', '0']);
    entryOf(await credit({ teamId: team, keyId: key.id, amount: '5' }));
    expect(await Promise.all([ofTeam, ofKey, ofTokens].map(spentOf))).toEqual(['9', '0', '0']);
  });

  it('counts a correction of a completion where its cost was counted, and nowhere else', async () => {
    const team = await addTeam(gateway(), 'org_default', 'of a completion');
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], teamId: team });
    const before = await setBudget({ subjectId: key.id });
    const requests = await setBudget({ subjectId: key.id, unit: 'REQUESTS' });
    const { id, cost } = await complete(key.secret);
    const after = await setBudget({ subjectId: team });
    entryOf(await adjust({ completionId: id, amount: '1' }));
    entryOf(await credit({ completionId: id, amount: cost?.amount ?? '' }));
    expect(await Promise.all([before, requests, after].map(spentOf))).toEqual(['1', '1', '0']);
  });

  it('tells its thresholds for a correction as for anything else', async () => {
    const team = await addTeam(gateway(), 'org_default', 'told');
    const budget = await setBudget({ subjectId: team, thresholds: [50, 80] });
    entryOf(await adjust({ teamId: team, amount: '60' }));
    entryOf(await adjust({ teamId: team, amount: '1' }));
    const rows = await gateway().gateway.database.sql`
      SELECT a.kind, a.detail ->> 'threshold' AS threshold FROM alerts a
      JOIN outbox o ON o.kind = 'ALERT_RAISED' AND o.subject_id = a.id::text WHERE a.budget_id = ${budget}`;
    expect(rows).toEqual([{ kind: 'BUDGET_THRESHOLD', threshold: '50' }]);
    const { data } = await gateway().ask(
      '{ alerts(first: 1) { nodes { message ... on BudgetAlert { threshold budget { id } } } } }',
    );
    const message = '50 % of the budget is used: 60 of 100 USD';
    expect(data.alerts.nodes).toEqual([{ message, threshold: 50, budget: { id: budget } }]);
  });
});

describe('an idempotency key', () => {
  it('stands for one correction, however often and however fast it is sent', async () => {
    const before = await countCorrections();
    const send = () => credit({ teamId: TEAM, amount: '0.7' }, { idempotencyKey: 'invoice 7' });
    const booked = await Promise.all([1, 2, 3, 4, 5].map(send));
    expect(new Set(booked.map((each) => entryOf(each).id)).size).toBe(1);
    expect(await send()).toEqual(booked[0]);
    expect(await countCorrections()).toBe(before + 1);
  });

  it('is refused for another correction, and is free again after one that failed', async () => {
    const idempotencyKey = 'invoice 8';
    const { id } = await complete();
    const tooMuch = await credit({ completionId: id, amount: '5' }, { idempotencyKey });
    expect(tooMuch.errors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    const first = await adjust({ teamId: TEAM, amount: '0.7' }, { idempotencyKey });
    entryOf(first);
    for (const again of [
      adjust({ teamId: TEAM, amount: '0.8' }, { idempotencyKey }),
      credit({ teamId: TEAM, amount: '0.7' }, { idempotencyKey }),
    ])
      expect((await again).errors).toMatchObject([{ code: 'CONFLICT' }]);
  });

  it('belongs to the key that sends it', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['ADMIN'] });
    const one = entryOf(await adjust({ teamId: TEAM }, { idempotencyKey: 'mine' }));
    const two = entryOf(await adjust({ teamId: TEAM }, { idempotencyKey: 'mine', key: secret }));
    expect(one.id).not.toBe(two.id);
  });

  it.each(['', 'x'.repeat(256), 'é'])(
    'must be one that could be sent as a header: %s',
    async (idempotencyKey) => {
      const { errors } = await adjust({ teamId: TEAM }, { idempotencyKey });
      expect(errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['idempotencyKey'] }]);
    },
  );
});

it('stands in the journal like every other entry', async () => {
  const { id } = await complete();
  const { id: entry } = entryOf(await adjust({ completionId: id, reason: '  rounded up  ' }));
  const { data } = await gateway().ask(
    `query ($id: ID!, $entry: ID!) {
      ledger(filter: { completionId: $id, kind: [ADJUST] }) { nodes { id note } totalCount }
      node(id: $entry) { ... on LedgerEntry { kind note } }
    }`,
    { id, entry },
  );
  expect(data.ledger).toEqual({ nodes: [{ id: entry, note: 'rounded up' }], totalCount: 1 });
  expect(data.node).toEqual({ kind: 'ADJUST', note: 'rounded up' });
});
