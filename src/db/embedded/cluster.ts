import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { DurableFiles } from './durable-files.ts';
import { readSnapshot, unpack } from './snapshot.ts';

/** Write-ahead segments of 1 MB instead of 16: a small database stays small. */
export const INITDB_OPTIONS = ['--wal-segsize=1'];

/** As PGlite starts PostgreSQL, but all buffers are touched at the start: 128 MB of them cost time and memory. */
const IN_MEMORY = [...PGlite.defaultStartParams, '-c', 'shared_buffers=32MB'];

/** With fsync on. Of the ways to sync the log, only this one reaches our files. */
const DURABLE = [...IN_MEMORY.filter((param) => param !== '-F'), '-c', 'wal_sync_method=fsync'];

/**
 * Starts PostgreSQL in this thread.
 * @param directory of the cluster, made when it is not there yet; undefined for a cluster in memory.
 * @param engine is PostgreSQL's code.
 */
export async function openCluster(
  directory: string | undefined,
  engine: WebAssembly.Module,
  log: (message: string) => void,
): Promise<PGlite> {
  if (directory === undefined) return openInMemory(engine, log);
  if (!existsSync(join(directory, 'PG_VERSION'))) await makeCluster(directory, log);
  return PGlite.create({ fs: new DurableFiles(directory), startParams: DURABLE, pgliteWasmModule: engine });
}

async function openInMemory(engine: WebAssembly.Module, log: (message: string) => void): Promise<PGlite> {
  const snapshot = await findSnapshot(log);
  return PGlite.create({
    startParams: IN_MEMORY,
    pgliteWasmModule: engine,
    ...(snapshot
      ? { loadDataDir: new Blob([snapshot], { type: 'application/x-tar' }) }
      : { initDbStartParams: INITDB_OPTIONS }),
  });
}

/** Made beside its place and then moved: a process that dies half way leaves nothing that looks like a cluster. */
async function makeCluster(directory: string, log: (message: string) => void): Promise<void> {
  const fresh = `${directory}.new`;
  await rm(fresh, { recursive: true, force: true });
  // The engine lets everybody read and write its files, so nobody else may come near them.
  await mkdir(fresh, { mode: 0o700 });
  const snapshot = await findSnapshot(log);
  if (snapshot) unpack(snapshot, fresh);
  else await initialise(fresh);
  await rename(fresh, directory);
}

async function initialise(directory: string): Promise<void> {
  const db = await PGlite.create({ dataDir: directory, initDbStartParams: INITDB_OPTIONS });
  await db.close();
}

async function findSnapshot(log: (message: string) => void): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await readSnapshot();
  } catch (error) {
    log(`the prepared cluster cannot be used, so this first start takes longer: ${String(error)}`);
    return undefined;
  }
}
