import { describe, expect, it } from 'vitest';
import type { AnomaliesConfig } from '../../src/config/config.ts';
import { findBrake, setBrake } from '../../src/ledger/budgets/brake.ts';
import { createAnomalyWatch } from '../../src/usage/anomalies/watch.ts';
import { HASHING_SECRET } from '../access/support/organisation.ts';
import { complete, deleteBudget } from '../budgets/support.ts';
import { useGateway } from '../support/gateway.ts';
import { addCaller, foldAll, pastHours, settlePast } from './support/history.ts';

const CONFIG: AnomaliesConfig = {
  enabled: true,
  sensitivity: 8,
  brake: 'block',
  brakeMinutes: 60,
  minimumNanos: 1_000_000n,
};
const ASK = { model: 'demo/expensive', source: { text: 'Hi' }, params: { maxOutputTokens: 10 } };

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });

async function look(changes: Partial<AnomaliesConfig> = {}): Promise<void> {
  const { database, announceCommit } = gateway().gateway;
  const brakes = { find: findBrake, set: setBrake };
  const config = { ...CONFIG, ...changes };
  await createAnomalyWatch({ database, config, brakes, onRaised: announceCommit }).look();
}

type Caller = Awaited<ReturnType<typeof addCaller>>;

/** A key that has just spent far more than ever before, and what its unusual hours led to. */
async function runAway(changes?: Partial<AnomaliesConfig>): Promise<Caller> {
  const caller = await addCaller(gateway());
  await settlePast(gateway(), caller, pastHours(24, { costNanos: 600_000n }));
  expect((await callWith(caller)).errors).toEqual([]);
  await foldAll(gateway());
  await Promise.all([look(changes), look(changes)]);
  return caller;
}

const callWith = ({ secret }: Caller, input: object = ASK) => complete(gateway(), input, { key: secret });

interface BudgetData {
  id: string;
  name: string;
  scope: string;
  subjectId: string;
  limit: { amount: string };
  window: string;
  unit: string;
  onExceed: string;
  endsAt: string;
}

async function listBrakes(caller: Caller): Promise<BudgetData[]> {
  const { data } = await gateway().ask(
    '{ budgets(first: 200) { nodes { id name scope subjectId limit { amount } unit window onExceed endsAt } } }',
  );
  const mine = [caller.keyId, caller.teamId];
  return data.budgets.nodes.filter(({ subjectId }: BudgetData) => mine.includes(subjectId));
}

describe('a brake', () => {
  it('lets through some usual hours of the key and of the team, and refuses what comes to more', async () => {
    const caller = await runAway();
    const brakes = await listBrakes(caller);
    // Twice the usual hour, which is more than the least amount that is told.
    const common = {
      name: 'brake',
      limit: { amount: '0.0012' },
      unit: 'MONEY',
      window: 'HOUR',
      onExceed: 'BLOCK',
    };
    expect(brakes.toSorted((a, b) => (a.scope < b.scope ? -1 : 1))).toMatchObject([
      { ...common, scope: 'KEY', subjectId: caller.keyId },
      { ...common, scope: 'TEAM', subjectId: caller.teamId },
    ]);
    for (const { endsAt } of brakes) {
      const minutes = (Date.parse(endsAt) - Date.now()) / 60_000;
      expect(minutes).toBeGreaterThan(55);
      expect(minutes).toBeLessThanOrEqual(60.1);
    }
    const { completion, errors } = await callWith(caller);
    expect(completion).toBeNull();
    expect(errors).toMatchObject([
      { __typename: 'BudgetExceededError', code: 'BUDGET_EXCEEDED', remaining: { amount: '0.0012' } },
    ]);
    for (const model of ['demo/echo', 'demo/unpriced'])
      expect((await callWith(caller, { ...ASK, model })).completion?.status).toBe('SUCCEEDED');
  });

  it('is told with its alert, in the audit, and to whoever watches budgets', async () => {
    const caller = await runAway();
    const brakes = await listBrakes(caller);
    const { data } = await gateway().ask(
      `{ anomalies(first: 200) { nodes { id key { id } team { id } brake { id } } }
      auditEvents(first: 200, filter: { action: { eq: "budget.brake" } }) {
        nodes { actor target { id } before after requestId }
      } }`,
    );
    for (const { id, scope } of brakes) {
      const anomaly = data.anomalies.nodes.find(
        (each: { brake: { id: string } | null }) => each.brake?.id === id,
      );
      expect(anomaly).toMatchObject({ team: { id: caller.teamId } });
      expect(anomaly.key?.id).toBe(scope === 'KEY' ? caller.keyId : undefined);
      const audited = data.auditEvents.nodes.filter(
        (each: { target: { id: string } }) => each.target.id === id,
      );
      expect(audited).toEqual([
        {
          actor: 'system',
          target: { id },
          before: null,
          after: expect.objectContaining({ limit: '1200000', onExceed: 'BLOCK' }),
          requestId: `anomaly ${anomaly.id.slice('anom_'.length)}`,
        },
      ]);
      const events = await gateway().gateway.database.sql`
        SELECT kind FROM outbox WHERE subject_id = ${id} AND kind = 'BUDGET_CHANGED'`;
      expect(events).toHaveLength(1);
    }
  });

  it('stays the only one while it holds', async () => {
    const caller = await runAway();
    const before = await listBrakes(caller);
    const { sql } = gateway().gateway.database;
    // As if these were of the hour before, and this one were unusual too.
    await sql`UPDATE alerts SET about = about || ' before' WHERE team_id = ${caller.teamId}`;
    await look();
    const alerts = await sql<{ budget_id: string }[]>`
      SELECT budget_id FROM alerts WHERE team_id = ${caller.teamId} AND kind = 'ANOMALY' ORDER BY id`;
    expect(alerts).toHaveLength(4);
    expect(new Set(alerts.map((row) => row.budget_id))).toEqual(new Set(before.map(({ id }) => id)));
    expect(await listBrakes(caller)).toEqual(before);
  });

  it('ends by itself', async () => {
    const caller = await runAway();
    const { sql } = gateway().gateway.database;
    await sql`UPDATE budgets SET ends_at = now() WHERE team_id = ${caller.teamId}`;
    expect(await listBrakes(caller)).toEqual([]);
    expect((await callWith(caller)).completion?.status).toBe('SUCCEEDED');
    await look();
    expect(await listBrakes(caller)).toEqual([]);
  });

  it('can be deleted at once, and does not come back in that hour', async () => {
    const caller = await runAway();
    for (const { id } of await listBrakes(caller)) await deleteBudget(gateway(), id);
    expect((await callWith(caller)).completion?.status).toBe('SUCCEEDED');
    await foldAll(gateway());
    await look();
    expect(await listBrakes(caller)).toEqual([]);
  });

  it('stands beside a budget of the same hour that was set by hand', async () => {
    const caller = await addCaller(gateway());
    await gateway().ask(
      'mutation ($id: ID!) { budgetSet(input: { subjectId: $id, limit: "5", window: HOUR }) { budget { id } } }',
      { id: caller.keyId },
    );
    await settlePast(gateway(), caller, pastHours(24, { costNanos: 600_000n }));
    expect((await callWith(caller)).completion?.status).toBe('SUCCEEDED');
    await foldAll(gateway());
    await look();
    const limits = (await listBrakes(caller)).map(({ limit }) => limit.amount);
    expect(limits.toSorted()).toEqual(['0.0012', '0.0012', '5']);
  });

  it('only warns where that is set', async () => {
    const caller = await runAway({ brake: 'warn', brakeMinutes: 5 });
    const [brake] = await listBrakes(caller);
    expect(brake).toMatchObject({ onExceed: 'WARN' });
    expect(Date.parse(brake!.endsAt) - Date.now()).toBeLessThan(5.1 * 60_000);
    expect((await callWith(caller)).completion?.status).toBe('SUCCEEDED');
  });

  it('is not set for use that is unusual in other ways, nor where brakes are off', async () => {
    const failing = await addCaller(gateway());
    await settlePast(gateway(), failing, [
      ...pastHours(14, { costNanos: 0n }),
      { hoursAgo: 0, costNanos: 0n, requests: 20, failed: 20 },
    ]);
    await look();
    expect(await listBrakes(failing)).toEqual([]);
    expect(await listBrakes(await runAway({ brake: 'none' }))).toEqual([]);
  });
});
