/**
 * `node bench/usage.ts`: a month of completions on a PostgreSQL server, and what a report over it costs from the
 * roll-ups, as a ratio to the same report from the completions themselves. `--completions` says how many there are,
 * `--server` is the URL of the server, on which a database of its own is made and dropped.
 */
import { parseArgs } from 'node:util';
import { openDatabase, type Database } from '../src/db/database.ts';
import { migrateDatabase } from '../src/db/migrate.ts';
import { foldUsage } from '../src/usage/fold.ts';
import { reportUsage, type UsageAsk } from '../src/usage/report.ts';
import { createScratchDatabase } from './scratch-database.ts';

const ORGANISATION = 'org_bench';
const CHUNK = 250_000;
const FOLDED_AT_ONCE = 20_000;
const ROUNDS = 5;
/** Teams, keys of each, and models. The first ones are used the most. */
const SHAPE = { teams: 20, keys: 5, models: 12 };

const { values } = parseArgs({
  options: {
    completions: { type: 'string', default: '5000000' },
    server: { type: 'string', default: 'postgres://postgres@127.0.0.1:5432/postgres' },
  },
});

const month: UsageAsk = {
  range: { from: new Date('2026-10-01T00:00:00Z'), to: new Date('2026-11-01T00:00:00Z') },
  filter: {},
  groupBy: ['MODEL', 'TEAM'],
  granularity: undefined,
  timeZone: 'UTC',
  withHistograms: false,
};
const asks: [string, UsageAsk][] = [
  ['groups', month],
  ['groups with percentiles', { ...month, withHistograms: true }],
  ['groups by day', { ...month, granularity: 'DAY' }],
  ['groups by day in Tokyo', { ...month, granularity: 'DAY', timeZone: 'Asia/Tokyo' }],
  ['groups by day in Kolkata', { ...month, granularity: 'DAY', timeZone: 'Asia/Kolkata' }],
  [
    'days in Tokyo, percentiles',
    { ...month, groupBy: [], granularity: 'DAY', timeZone: 'Asia/Tokyo', withHistograms: true },
  ],
  [
    'by key, from 12:34:56',
    { ...month, groupBy: ['KEY'], range: { ...month.range, from: new Date('2026-10-02T12:34:56Z') } },
  ],
];

const scratch = await createScratchDatabase(values.server);
if (!scratch) throw new Error(`no database can be made on ${values.server}`);
const database = await openDatabase({ databaseUrl: scratch.url, dataDir: 'memory://' });
try {
  await migrateDatabase(database);
  const count = Number(values.completions);
  await fill(database, count);
  console.log(
    `${count} completions of one month, ${SHAPE.teams} teams, ${SHAPE.teams * SHAPE.keys} keys, ${SHAPE.models} models`,
  );
  const rawMs = new Map<string, number>();
  for (const [name, ask] of asks) rawMs.set(name, await timeReport(ask, 1));
  const startedAt = performance.now();
  while (await foldUsage(database.db, FOLDED_AT_ONCE));
  const foldedMs = performance.now() - startedAt;
  await database.sql`ANALYZE`;
  console.log(
    `rolled up in ${(foldedMs / 1000).toFixed(0)} s, ${((count / foldedMs) * 1000).toFixed(0)} completions a second`,
  );
  console.log(`${'a month by model and team'.padEnd(30)} ${'ms'.padStart(8)} ${'raw ms'.padStart(8)} ratio`);
  for (const [name, ask] of asks) {
    const ms = await timeReport(ask, ROUNDS);
    const before = rawMs.get(name) ?? 0;
    console.log(
      `${name.padEnd(30)} ${ms.toFixed(0).padStart(8)} ${before.toFixed(0).padStart(8)} ${(ms / before).toFixed(3)}`,
    );
  }
} finally {
  await database.close();
  await scratch.drop();
}

/** The median of so many rounds. */
async function timeReport(ask: UsageAsk, rounds: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    await reportUsage(database.db, { organisationId: ORGANISATION }, ask);
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}

/** Ended completions, spread evenly over the month, with times and costs as chance wants them. */
async function fill({ sql }: Database, count: number): Promise<void> {
  for (let from = 0; from < count; from += CHUNK) {
    await sql`
      INSERT INTO completions (id, organisation_id, team_id, key_id, ask_hash, requested_model, provider, model, tags,
        trace_id, status, created_at, finished_at, hold_state, hold_expires_at, instance_id, estimated_input_tokens,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_nanos,
        total_ms, first_token_ms)
      SELECT 'cmpl_' || lpad(i::text, 26, '0'), ${ORGANISATION}, 'team_' || team, 'key_' || team || '_' || key, '', 'auto',
        'vendor' || model % 4, 'vendor' || model % 4 || '/model-' || model, '[]', '',
        CASE WHEN random() < 0.02 THEN 'FAILED' ELSE 'SUCCEEDED' END, at, at, 'POSTED', at, '', 100,
        (random() * 2000)::int, (random() * 500)::int, 0, 0, 0, (random() * 1e7)::bigint,
        (exp(random() * 4) * 300)::int, (exp(random() * 3) * 50)::int
      FROM (
        SELECT i, timestamptz '2026-10-01Z' + i::float8 / ${count}::int * interval '31 days' AS at,
          floor(random() ^ 2 * ${SHAPE.teams}::int)::int AS team, floor(random() * ${SHAPE.keys}::int)::int AS key,
          floor(random() ^ 2 * ${SHAPE.models}::int)::int AS model
        FROM generate_series(${from}::int, ${Math.min(from + CHUNK, count) - 1}::int) i
      ) facts`;
  }
  await sql`VACUUM ANALYZE`;
}
