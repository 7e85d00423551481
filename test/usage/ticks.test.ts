import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldUsage } from '../../src/usage/fold.ts';
import { trimOutbox } from '../../src/usage/trim.ts';
import { create, createKey, say } from '../completion/support/completions.ts';
import { bootGateway, useGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const SERVER = process.env['SLUICE_TEST_DATABASE_URL'];
const gateway = useGateway();

interface Sums {
  requests: number;
  errors: number;
  tokens: { input: number; output: number };
  cost: { amount: string } | null;
}
interface Tick {
  cursor: string;
  delta: Sums;
  groups: { key: { key: string; value: string }[]; totals: Sums }[];
}

const SUMS = 'requests errors tokens { input output } cost { amount }';
const TICKS = `subscription ($filter: UsageFilter, $groupBy: [UsageDimension!], $everyMs: Int = 100, $after: Cursor) {
  usageTicks(filter: $filter, groupBy: $groupBy, everyMs: $everyMs, after: $after) {
    cursor delta { ${SUMS} } groups { key { key value } totals { ${SUMS} } } } }`;

/** A subscription, read as a dashboard reads it. */
function watch(on: TestGateway, variables: object, key?: string) {
  const results = on.socket(key === undefined ? {} : { key }).iterate<{ usageTicks: Tick }>({
    query: TICKS,
    variables: variables as Record<string, unknown>,
  });
  return {
    async next(): Promise<Tick> {
      // A subscription that is refused ends with the list of errors.
      const { value } = await results.next().catch((errors: unknown) => {
        throw new Error(JSON.stringify(errors));
      });
      if (value?.errors) throw new Error(JSON.stringify(value.errors));
      return value?.data?.usageTicks as Tick;
    },
    leave: () => results.return?.(),
  };
}

/** A subscription has no answer that says "I am listening": something is settled until it is heard. */
async function openWatch(on: TestGateway, variables: object, settle: () => Promise<unknown>) {
  const ticks = watch(on, variables);
  let first: Tick | undefined;
  const hearing = ticks.next().then((tick) => (first = tick));
  while (!first) await Promise.race([hearing, settle()]);
  return { ...ticks, first };
}

async function readReport(filter: object, groupBy: string[] = []): Promise<Omit<Tick, 'cursor'>> {
  const { data } = await gateway().ask(
    `query ($filter: UsageFilter, $groupBy: [UsageDimension!]) {
      usage(range: { from: "2020-01-01T00:00:00Z" }, filter: $filter, groupBy: $groupBy) {
        delta: total { ${SUMS} } groups { key { key value } totals { ${SUMS} } } } }`,
    { filter, groupBy },
  );
  return data.usage;
}

const tagged = (value: string) => ({ tags: [{ key: 'case', value }] });
const byCase = (value: string) => ({ tag: { key: 'case', value } });
const settle = (value: string, model = 'demo/expensive', key?: string) =>
  create(gateway(), say(model, 'Tick', tagged(value)), key === undefined ? {} : { key });

/** Reads on until so many requests were told, and adds them up. */
async function addUp(next: () => Promise<Tick>, requests: number) {
  const sums = { requests: 0, errors: 0, input: 0, output: 0, nanos: 0 };
  let cursor = '';
  while (sums.requests < requests) {
    const tick = await next();
    cursor = tick.cursor;
    const { delta } = tick;
    sums.requests += delta.requests;
    sums.errors += delta.errors;
    sums.input += delta.tokens.input;
    sums.output += delta.tokens.output;
    sums.nanos += toNanos(delta);
  }
  return { ...sums, cursor };
}

const toNanos = ({ cost }: Sums) => Math.round(Number(cost?.amount ?? 0) * 1e9);

describe('a subscription that goes on from a cursor', () => {
  it('is told what was settled in between, once, and then what comes', async () => {
    const { leave, first } = await openWatch(gateway(), {}, () => settle('opening'));
    await leave();
    const filter = byCase('resumed');
    await Promise.all([settle('resumed'), settle('resumed', 'demo/echo'), settle('other')]);

    const again = watch(gateway(), { filter, after: first.cursor });
    const missed = await addUp(again.next, 2);
    await settle('resumed');
    const live = await addUp(again.next, 1);
    await again.leave();
    await settle('resumed', 'demo/reasoning');
    const last = watch(gateway(), { filter, after: live.cursor });
    const rest = await addUp(last.next, 1);
    await last.leave();
    const { delta } = await readReport(filter);
    expect(delta.requests).toBe(4);
    expect([missed.requests, live.requests, rest.requests]).toEqual([2, 1, 1]);
    expect(missed.nanos + live.nanos + rest.nanos).toBe(toNanos(delta));
    expect(missed.output + live.output + rest.output).toBe(delta.tokens.output);
  });

  it('is told of corrections', async () => {
    const ticks = await openWatch(gateway(), {}, () => settle('correction'));
    const { data } = await gateway().ask('{ viewer { team { id } } }');
    const input = { teamId: data.viewer.team.id, amount: '0.5', reason: 'goodwill' };
    const booked = await gateway().ask(
      'mutation ($input: LedgerCreditInput!) { ledgerCredit(input: $input) { errors { message } } }',
      { input },
    );
    expect(booked.data.ledgerCredit.errors).toEqual([]);
    let tick = await ticks.next();
    while (toNanos(tick.delta) >= 0) tick = await ticks.next();
    await ticks.leave();
    expect(tick.delta.cost?.amount).toMatch(/^-0\.4|^-0\.5/);
  });

  it.each([
    ['no cursor', 'elsewhere', 'is no cursor'],
    ['a cursor of what did not happen yet', '999999999999.5', 'of another database'],
    ['more than 64 bits', `${'9'.repeat(30)}.1`, 'is no cursor'],
  ])('refuses %s', async (_what, after, message) => {
    const ticks = watch(gateway(), { after });
    await expect(ticks.next()).rejects.toThrow(message);
    await expect(watch(gateway(), { after }).next()).rejects.toThrow('"path":["after"]');
  });

  it('refuses one that is older than the outbox', async () => {
    const { leave, first } = await openWatch(gateway(), {}, () => settle('old'));
    await leave();
    await settle('old');
    const { db, sql } = gateway().gateway.database;
    const { rows } = await keepOutbox(async () => {
      // The last event is past on the whole server when another one has been written after it.
      await expect.poll(() => foldUsage(db, 100).then(() => isFolded())).toBe(true);
      await trimOutbox(db, 0);
    });
    expect(rows).toBeGreaterThan(0);
    await expect(watch(gateway(), { after: first.cursor }).next()).rejects.toThrow('INVALID_INPUT');

    async function isFolded(): Promise<boolean> {
      const [row] = await sql<{ left: number }[]>`
        SELECT count(*)::int AS left FROM outbox o, usage_progress p
        WHERE p.backfilled_to IS NOT NULL OR (o.transaction, o.seq) > (p.transaction, p.seq)`;
      return row?.left === 0;
    }
    /** The auditor of the books, who comes after each test, wants to see every announcement. */
    async function keepOutbox(work: () => Promise<void>): Promise<{ rows: number }> {
      const kept =
        await sql`SELECT seq, transaction::text, organisation_id, kind, subject_id, at FROM outbox`;
      await work();
      for (const row of kept) {
        await sql`INSERT INTO outbox (seq, transaction, organisation_id, kind, subject_id) OVERRIDING SYSTEM VALUE
          VALUES (${row['seq']}, ${row['transaction']}::text::xid8, ${row['organisation_id']}, ${row['kind']}, ${row['subject_id']})
          ON CONFLICT DO NOTHING`;
      }
      return { rows: kept.length };
    }
  });
});

describe('live figures', () => {
  const FILTERS = [
    {},
    { teamId: 'team_default' },
    { teamId: 'team_none' },
    { model: { eq: 'demo/expensive' } },
    { model: { contains: 'ech' } },
    { model: { in: ['demo/echo', 'demo/none'] } },
    { provider: { eq: 'demo' } },
    { status: ['FAILED', 'CANCELLED'] },
    { endUserId: { eq: 'ann' } },
  ];

  it('of every filter are what the report says', { timeout: 60_000 }, async () => {
    const opener = await openWatch(gateway(), {}, () => settle('opening'));
    await opener.leave();
    const dashboards = FILTERS.map((each) => {
      const filter = { ...each, ...byCase('filters') };
      return { filter, ticks: watch(gateway(), { filter, after: opener.first.cursor }), seen: 0 };
    });
    for (const dashboard of dashboards) void follow(dashboard);
    // Who has heard of the first ones, maybe from the database, hears of the second ones live.
    await expectAllToHear();
    await expectAllToHear();
    for (const { ticks } of dashboards) await ticks.leave();

    async function expectAllToHear(): Promise<void> {
      const models = ['demo/expensive', 'demo/echo', 'demo/error', 'demo/reasoning'];
      const asks = Array.from({ length: 24 }, (_, index) => ({
        ...say(models[index % 4] ?? '', 'Tick', tagged('filters')),
        endUserId: index % 3 === 0 ? 'ann' : 'bob',
      }));
      await Promise.all(asks.map((ask) => create(gateway(), ask)));
      for (const dashboard of dashboards) {
        const { requests } = (await readReport(dashboard.filter)).delta;
        await expect.poll(() => dashboard.seen, { timeout: 10_000 }).toBe(requests);
      }
    }

    async function follow(dashboard: { ticks: ReturnType<typeof watch>; seen: number }): Promise<void> {
      for (;;) {
        const tick = await dashboard.ticks.next().catch(() => undefined);
        if (!tick) return;
        dashboard.seen += tick.delta.requests;
      }
    }
  });

  it('by two dimensions are those of the report', async () => {
    const filter = byCase('groups');
    const groupBy = ['TAG', 'MODEL', 'END_USER'];
    const ticks = await openWatch(gateway(), { filter, groupBy }, () => settle('groups', 'demo/echo'));
    await ticks.leave();
    expect(ticks.first.groups.map(({ key }) => key)).toEqual([
      [
        { key: 'case', value: 'groups' },
        { key: 'MODEL', value: 'demo/echo' },
        { key: 'END_USER', value: '' },
      ],
    ]);
    expect((await readReport(filter, groupBy)).groups.map(({ key }) => key)).toEqual(
      ticks.first.groups.map(({ key }) => key),
    );
  });

  it('need USAGE_READ', async () => {
    const { secret } = await createKey(gateway());
    await expect(watch(gateway(), {}, secret).next()).rejects.toThrow('FORBIDDEN');
  });
});

describe.skipIf(!SERVER)('with two instances on one PostgreSQL', () => {
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;
  beforeAll(async () => {
    database = await createTestDatabase();
    const variables = { SLUICE_SECRET: 'a-shared-hashing-key-Qm38fhWq81ncVbz77TtY' };
    const boot = () => bootGateway({ databaseUrl: database.databaseUrl, variables });
    [one, two] = await Promise.all([boot(), boot()]);
  });
  afterAll(async () => {
    await Promise.all([one.stop(0), two.stop(0)]);
    await database.drop();
  });

  it('a dashboard that moves to the other one misses nothing and sees nothing twice', async () => {
    const ask = (on: TestGateway, value: string) => create(on, say('demo/expensive', 'Tick', tagged(value)));
    const filter = byCase('moved');
    const { leave, first } = await openWatch(one, {}, () => ask(two, 'opening'));
    await leave();
    await Promise.all([ask(one, 'moved'), ask(two, 'moved')]);
    const moved = watch(two, { filter, after: first.cursor });
    await Promise.all([ask(one, 'moved'), ask(two, 'moved')]);
    const told = await addUp(moved.next, 4);
    await moved.leave();
    const { data } = await one.ask(
      `query ($filter: UsageFilter) {
        usage(range: { from: "2020-01-01T00:00:00Z" }, filter: $filter) { total { requests cost { amount } } } }`,
      { filter },
    );
    const { total } = data.usage;
    expect([told.requests, told.nanos]).toEqual([total.requests, toNanos(total)]);
  });
});
