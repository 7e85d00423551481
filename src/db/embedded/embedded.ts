import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { CONNECTION_OPTIONS, type Sql } from '../connection-options.ts';
import { startHousekeeping } from './housekeeping.ts';
import { takeLock } from './lock.ts';
import { superviseWorker, type Supervisor } from './supervisor.ts';
import { openWire } from './wire.ts';

const MEMORY = 'memory://';
const END_WITHIN_S = 5;

export interface EmbeddedDatabase {
  sql: Sql;
  close(): Promise<void>;
}

/**
 * PostgreSQL inside this process: PGlite in a thread of its own, reached by postgres.js like any other server.
 *
 * What was committed survives a killed process, and a loss of power too, except in the half minute after the very first
 * start: until the system has written the new files back, the whole directory may be lost. One process at a time may
 * have the directory open. All queries share one connection: a transaction must not wait for
 * a query outside of it.
 * @param options.dataDir is made when it is not there; `memory://` is a database that ends with the process.
 * @param options.watchdogMs is how long one statement may take before the thread is ended and started again.
 * @throws Error that names the process that has the directory open, or why PostgreSQL does not start.
 */
export async function openEmbedded(options: {
  dataDir: string;
  log: (message: string) => void;
  watchdogMs?: number;
}): Promise<EmbeddedDatabase> {
  const { dataDir, log, watchdogMs = 15_000 } = options;
  const inMemory = dataDir === MEMORY;
  const unlock = inMemory ? () => {} : lockDataDir(dataDir);
  try {
    const directory = inMemory ? undefined : clusterDirectory(dataDir);
    const supervisor = await superviseWorker({ directory, watchdogMs, log });
    const { sql, close } = connectTo(supervisor, log);
    return { sql, close: () => close().then(supervisor.close).then(unlock) };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Whether an embedded database was ever started in the directory. */
export function hasCluster(dataDir: string): boolean {
  return existsSync(clusterDirectory(dataDir));
}

/** The one connection to a running PostgreSQL, which goes on when the connection is closed. */
export function connectTo(supervisor: Supervisor, log: (message: string) => void): EmbeddedDatabase {
  const options = {
    ...CONNECTION_OPTIONS,
    // Known to postgres.js, unknown to its types: what to use instead of a socket.
    socket: () => openWire(supervisor.connect),
    host: 'embedded',
    user: 'postgres',
    database: 'postgres',
    max: 1,
    max_lifetime: null,
  };
  const sql = postgres(options);
  const stopHousekeeping = startHousekeeping(sql, log);
  return {
    sql,
    async close() {
      stopHousekeeping();
      await sql.end({ timeout: END_WITHIN_S });
    },
  };
}

/** Inside the data directory, so that both can be moved and mounted as one. */
function clusterDirectory(dataDir: string): string {
  return join(dataDir, 'postgres');
}

function lockDataDir(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return takeLock(join(dataDir, 'postgres.lock'), `data directory ${dataDir}`);
}
