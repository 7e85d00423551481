import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../src/db/database.ts';
import { migrateDatabase } from '../src/db/migrate.ts';
import { createScratchDatabase } from './scratch-database.ts';

export interface LedgerPlaces extends AsyncDisposable {
  all: { name: string; database: Database }[];
  /** What could not be measured, for people. */
  notes: string[];
}

/** The embedded database on the disk, and one of a server where there is one; both empty. */
export async function openLedgerPlaces(): Promise<LedgerPlaces> {
  await using opened = new AsyncDisposableStack();
  const all: LedgerPlaces['all'] = [];
  const notes: string[] = [];
  const open = async (name: string, databaseUrl: string | undefined, dataDir: string) => {
    const database = await openDatabase({ databaseUrl, dataDir });
    opened.defer(() => database.close());
    await migrateDatabase(database);
    all.push({ name, database });
  };

  const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  await open('PGlite', undefined, directory);
  const server = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
  const scratch = await createScratchDatabase(server);
  if (scratch) {
    opened.defer(() => scratch.drop());
    await open('PostgreSQL', scratch.url, directory);
  } else {
    notes.push('PostgreSQL is left out: no server gave us a database');
  }
  const parts = opened.move();
  return { all, notes, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
