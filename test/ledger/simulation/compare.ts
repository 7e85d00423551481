import { ensure } from './ensure.ts';
import type { Observed } from './observe.ts';
import type { World } from './world.ts';

/** Each window and each account of the database is what the model says. */
export function compare(world: World, observed: Observed): void {
  for (const budget of world.budgets) compareWindows(budget, observed);
  const { organisationId, accounts } = world;
  const sum = (values: (bigint | undefined)[]) =>
    values.reduce<bigint>((total, value) => total + (value ?? 0n), 0n);
  const pending = accounts.filter(({ state, resting }) => state === 'PENDING' && !resting);
  let payable = 0n;
  for (const team of [0, 1]) {
    const held = sum(
      pending.flatMap(({ ask, beside }) => (ask.team === team ? [ask.nanos, beside?.ask.nanos] : [])),
    );
    const spent = sum(
      accounts.flatMap((each) => (each.ask.team === team ? [each.cost, each.earlier, each.corrected] : [])),
    );
    payable += spent;
    const id = `${organisationId}/team${team}`;
    compareBalance(observed, `held:${id}`, held);
    compareBalance(observed, `open:${id}`, -held);
    compareBalance(observed, `spent:${id}`, spent);
  }
  compareBalance(observed, `payable:${organisationId}:vendor`, -payable);
}

function compareBalance({ balances }: Observed, id: string, expected: bigint): void {
  const found = balances.get(id) ?? 0n;
  ensure(found === expected, () => `the account ${id} has ${found} and not ${expected}`);
}

function compareWindows({ id, windows, rule }: World['budgets'][number], observed: Observed): void {
  const known = new Map([...windows.values()].map((window) => [window.id, window]));
  const rows = observed.windows.get(id) ?? [];
  for (const row of rows) {
    const window = known.get(row.id);
    const { settled, held, limit, exceeded } = window ?? {
      ...row,
      limit: row.limit_amount,
      settled: 0n,
      held: 0n,
    };
    const found = `settled ${row.settled}, held ${row.held}, limit ${row.limit_amount}`;
    const expected = `settled ${settled}, held ${held}, limit ${limit}`;
    ensure(found === expected, () => `the window ${row.id} of ${id} has ${found} and not ${expected}`);
    if (typeof exceeded === 'bigint') continue;
    const isWithin = row.exceeded >= exceeded.least && row.exceeded <= exceeded.most;
    ensure(
      isWithin,
      () =>
        `the window ${row.id} of ${id} (${rule}) was exceeded ${row.exceeded} times and not ${exceeded.least} to ${exceeded.most}`,
    );
  }
  const missing = [...known.keys()].filter((each) => !rows.some((row) => row.id === each));
  ensure(missing.length === 0, () => `${id} lost the windows ${missing.join()}`);
}
