import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { createPlace, type GatewayProcess } from '../completion/support/process.ts';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { complete, inputFor, setBudget, type Answered } from './processes/caller.ts';
import { findServerPrograms, startOwnCluster } from './processes/own-cluster.ts';
import { mountSmallDisk } from './processes/small-disk.ts';

const probe = await createTestDatabase();
await probe.drop();
const TAG = { key: 'job', value: 'unlucky' };
const ASK = inputFor(TAG, 'demo/echo');

/** Callers that ask again and again. */
function startLoad(process: GatewayProcess) {
  const answers: Answered[] = [];
  let isOver = false;
  const callers = Array.from({ length: 16 }, async () => {
    while (!isOver) answers.push(await complete(process, ASK));
  });
  return {
    answers,
    async end() {
      isOver = true;
      await Promise.all(callers);
    },
  };
}

async function waitForAnswer(process: GatewayProcess): Promise<void> {
  while ((await complete(process, ASK)).completion?.status !== 'SUCCEEDED')
    await new Promise((resolve) => setTimeout(resolve, 50));
}

const codesOf = (answers: Answered[]) => [
  ...new Set(answers.flatMap(({ errors }) => errors.map(({ code }) => code))),
];

describe.skipIf(probe.databaseUrl === undefined)('a PostgreSQL that is restarted at once, under load', () => {
  it('fails what runs cleanly, or settles it; then all goes on and the books balance', async ({ skip }) => {
    const programs = findServerPrograms();
    if (programs === undefined)
      return skip('there are no programs of a PostgreSQL server for one of our own');
    await using cluster = await startOwnCluster(programs);
    await using place = await createPlace();
    const process = await place.spawn({ holdMs: 3_000 }, {}, { DATABASE_URL: cluster.url });
    const budget = await setBudget(process, TAG, { unit: 'MONEY', limit: '1000' });
    await waitForAnswer(process);
    const load = startLoad(process);
    await waitForAnswer(process);
    await cluster.restartAtOnce();
    await waitForAnswer(process);
    await load.end();
    const refusals = load.answers.flatMap(({ errors }) => errors);
    const others = refusals.filter(({ code }) => code !== 'UNAVAILABLE');
    expect(others, others.length > 0 ? process.output() : '').toEqual([]);
    await using opened = new AsyncDisposableStack();
    const database = await openDatabase({ databaseUrl: cluster.url, dataDir: '' });
    opened.defer(() => database.close());
    await expectNothingHeld(database, 20_000);
    await expectBooksToBalance(database);
    const told = load.answers.flatMap(({ completion }) => completion ?? []);
    const rows = await database.sql<{ id: string; status: string }[]>`SELECT id, status FROM completions`;
    const stored = new Map(rows.map(({ id, status }) => [id, status]));
    expect(told.filter(({ id, status }) => stored.get(id) !== status)).toEqual([]);
    const [window] = await database.sql`SELECT held::int FROM budget_windows WHERE budget_id = ${budget}`;
    expect(window).toEqual({ held: 0 });
  }, 90_000);
});

describe.skipIf(probe.databaseUrl !== undefined)('a full disk under the embedded database', () => {
  it('refuses asks cleanly, and once there is room all goes on and the books balance', async ({ skip }) => {
    await using disk = await mountSmallDisk(160);
    if (!disk) return skip('this process may not mount a file system of its own');
    await using place = await createPlace();
    const process = await place.spawn({ holdMs: 900 }, {}, { SLUICE_DATA_DIR: disk.path });
    await waitForAnswer(process);
    const load = startLoad(process);
    await disk.fill();
    while (load.answers.every(({ completion }) => completion))
      await new Promise((resolve) => setTimeout(resolve, 50));
    await disk.empty();
    await waitForAnswer(process);
    await load.end();
    expect(codesOf(load.answers)).toEqual(['UNAVAILABLE']);
    process.kill('SIGTERM');
    expect(await process.ended).toBe(0);
    await using opened = new AsyncDisposableStack();
    const database = await openDatabase({ databaseUrl: undefined, dataDir: disk.path });
    opened.defer(() => database.close());
    await expectNothingHeld(database);
    await expectBooksToBalance(database);
  }, 90_000);
});
