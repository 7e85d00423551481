import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram, startServer, type Program } from './program.ts';
import type { Scenario } from './scenario.ts';
import { createScratchDatabase } from './scratch-database.ts';
import { startBareProxy, startBareYoga, startSluice, type System } from './systems.ts';

/** Everything that is measured and that measures, running. */
export interface Stage {
  systems: System[];
  load: Program;
  /** Aborts when somebody wants the bench to end. */
  signal: AbortSignal;
  /** What could not be measured, for people. */
  notes: string[];
}

/** Runs the work with everything up, and leaves nothing behind, however it ends. */
export async function withStage(scenarios: Scenario[], work: (stage: Stage) => Promise<void>): Promise<void> {
  const closers: (() => Promise<void>)[] = [];
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interruption.abort(new Error(`stopped by ${name}`)));
  }
  try {
    await work(await open(scenarios, closers, interruption.signal));
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function open(
  scenarios: Scenario[],
  closers: (() => Promise<void>)[],
  signal: AbortSignal,
): Promise<Stage> {
  const systems: System[] = [];
  async function add(starting: Promise<System>): Promise<void> {
    const system = await starting;
    closers.push(() => system.program.stop());
    signal.throwIfAborted();
    systems.push(system);
  }
  async function makeDirectory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
    closers.push(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  const load = startProgram('load.ts');
  closers.push(() => load.stop());
  const upstream = await startServer('upstream.ts', {});
  closers.push(() => upstream.stop());
  const common = { upstream: upstream.url, scenarios };
  await add(startBareProxy(upstream.url));
  await add(startBareYoga(upstream.url));
  await add(startSluice({ ...common, name: 'Sluice, PGlite', directory: await makeDirectory() }));

  const server = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
  const database = await createScratchDatabase(server);
  if (!database) {
    return { systems, load, signal, notes: ['PostgreSQL is left out: no server gave us a database'] };
  }
  closers.push(() => database.drop());
  const onServer = { databaseUrl: database.url, directory: await makeDirectory() };
  await add(startSluice({ ...common, ...onServer, name: 'Sluice, PostgreSQL' }));
  return { systems, load, signal, notes: [] };
}
