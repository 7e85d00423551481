import { toJsonParameter } from '../../../src/db/json.ts';
import type { Database } from '../../../src/db/database.ts';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { correct } from '../../../src/ledger/correct.ts';
import { adminOf, removeBudget, writeBudget } from './budgets.ts';
import type { BudgetPlan, Change } from './history.ts';
import { addBudget, isInForce, jump, jumpOf, WINDOW_S, type Jump, type World } from './world.ts';

type ChangeOf<Do> = Extract<Change, { do: Do }>;

/** Lets a change happen, in the database and in the model. Jumps of the clock are made by `moveClocks`. */
export async function change(database: Database, world: World, each: Change): Promise<void> {
  switch (each.do) {
    case 'jump':
      return;
    case 'crash':
      for (const account of world.accounts) if (account.owner === each.instance) account.owner = undefined;
      return;
    case 'freeze':
    case 'wake':
      world.frozen[each.instance] = each.do === 'freeze';
      return;
    case 'make budget':
      return makeBudget(database, world, each.plan);
    case 'change rule':
      return changeRule(database, world, each);
    case 'delete budget': {
      const budget = world.budgets[each.budget % world.budgets.length]!;
      if (!isInForce(world, budget)) return;
      await removeBudget(database, world, budget);
      budget.deleted = true;
      return;
    }
    case 'correct':
      return makeCorrection(database, world, each);
  }
}

/** Where there is one like it already there is nothing new to make. */
async function makeBudget(database: Database, world: World, plan: BudgetPlan): Promise<void> {
  const isSame = (other: BudgetPlan) =>
    !other.temporary &&
    (['scope', 'subject', 'unit', 'window'] as const).every((name) => other[name] === plan[name]);
  if (!plan.temporary && world.budgets.some((budget) => !budget.deleted && isSame(budget.plan))) return;
  addBudget(world, await writeBudget(database, world, plan), plan);
}

async function changeRule(
  database: Database,
  world: World,
  { budget, rule }: ChangeOf<'change rule'>,
): Promise<void> {
  const chosen = world.budgets[budget % world.budgets.length]!;
  const makesStricter = rule === 'BLOCK' && chosen.rule !== 'BLOCK';
  if (!isInForce(world, chosen) || chosen.plan.temporary || (world.strict && makesStricter)) return;
  chosen.rule = rule;
  await writeBudget(database, world, { ...chosen.plan, rule, limit: chosen.limits.at(-1)! });
}

/** What is still running, or would come to less than nothing, must be refused. */
async function makeCorrection(
  database: Database,
  world: World,
  { one, nanos }: ChangeOf<'correct'>,
): Promise<void> {
  const account = world.accounts[one % world.accounts.length];
  if (!account || nanos === 0n || (world.strict && nanos > 0n)) return;
  const kind = nanos > 0n ? 'ADJUST' : 'CREDIT';
  const correction = {
    kind,
    completionId: account.id,
    amountNanos: nanos > 0n ? nanos : -nanos,
    reason: 'a test',
  } as const;
  const by = { requestId: 'request', idempotencyKey: undefined };
  const taken = await correct({ database, onBooked() {} }, adminOf(world), correction, by).then(
    () => true,
    (error: unknown) => {
      if (error instanceof InvalidInput) return false;
      throw error;
    },
  );
  const mayBe =
    account.state !== 'PENDING' && (account.cost ?? 0n) + account.earlier + account.corrected + nanos >= 0n;
  if (taken !== mayBe)
    throw new Error(`the correction of ${account.id} by ${nanos} was ${taken ? '' : 'not '}taken`);
  if (!taken) return;
  account.corrected += nanos;
  for (const { budget, window } of account.draws) {
    if (budget.plan.unit !== 'MONEY') continue;
    window.settled = window.settled + nanos < 0n ? 0n : window.settled + nanos;
  }
}

/** Sets the database's clock forward or back for some organisations, by moving everything of theirs that has a time. */
export async function moveClocks(
  { sql }: Database,
  jumps: { world: World; each: ChangeOf<'jump'> }[],
): Promise<void> {
  if (jumps.length === 0) return;
  const moves = jumps.map(({ world, each }) => ({ world, by: jumpOf(each) }));
  for (const { world, by } of moves) jump(world, by);
  await moveWindows(sql, moves);
  const rows = toJsonParameter(
    moves.map(({ world, by }) => ({ id: world.organisationId, seconds: by.seconds })),
  );
  await sql`
    UPDATE completions c SET hold_expires_at = hold_expires_at - x.seconds * interval '1 second'
    FROM jsonb_to_recordset(${rows}::text::jsonb) AS x(id text, seconds int)
    WHERE c.organisation_id = x.id AND c.hold_state = 'PENDING'`;
  await sql`
    UPDATE budgets b SET ends_at = ends_at - x.seconds * interval '1 second'
    FROM jsonb_to_recordset(${rows}::text::jsonb) AS x(id text, seconds int)
    WHERE b.organisation_id = x.id AND b.ends_at IS NOT NULL`;
}

async function moveWindows(sql: Database['sql'], moves: { world: World; by: Jump }[]): Promise<void> {
  const rows = moves.flatMap(({ world, by }) =>
    (['HOUR', 'DAY', 'WEEK', 'MONTH'] as const).flatMap((kind) =>
      by.windows[kind] === 0
        ? []
        : { id: world.organisationId, kind, seconds: by.windows[kind] * WINDOW_S[kind] },
    ),
  );
  if (rows.length === 0) return;
  // By way of a time far away: on the way to its new place a window may not meet another that has not moved yet.
  const far = 3_000_000_000;
  const away = rows.map((row) => ({ ...row, seconds: row.seconds + far }));
  const back = rows.map((row) => ({ ...row, seconds: -far }));
  for (const each of [away, back]) {
    await sql`
      UPDATE budget_windows w SET starts_at = starts_at - x.seconds * interval '1 second',
        ends_at = w.ends_at - x.seconds * interval '1 second'
      FROM budgets b, jsonb_to_recordset(${toJsonParameter(each)}::text::jsonb) AS x(id text, kind text, seconds float8)
      WHERE b.id = w.budget_id AND b.organisation_id = x.id AND b."window" = x.kind`;
  }
}
