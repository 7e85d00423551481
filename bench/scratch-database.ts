import { randomUUID } from 'node:crypto';
import postgres from 'postgres';

const CONNECT_WITHIN_S = 2;

/** An empty database, there until it is dropped. */
export interface ScratchDatabase {
  url: string;
  drop(): Promise<void>;
}

/**
 * Makes a database of its own on a PostgreSQL server.
 * @param server URL of any database on it, for a role that may create others.
 * @returns undefined when the server does not answer or gives none.
 */
export async function createScratchDatabase(server: string): Promise<ScratchDatabase | undefined> {
  const sql = postgres(server, { max: 1, connect_timeout: CONNECT_WITHIN_S, onnotice: () => {} });
  const name = `sluice_bench_${randomUUID().replaceAll('-', '')}`;
  try {
    await sql.unsafe(`CREATE DATABASE ${name}`);
  } catch {
    await sql.end({ timeout: 0 });
    return undefined;
  }
  return {
    url: Object.assign(new URL(server), { pathname: `/${name}` }).href,
    async drop() {
      await sql.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await sql.end();
    },
  };
}
