import { randomUUID } from 'node:crypto';
import postgres from 'postgres';

/** A server that trusts its local clients, as continuous integration starts one. */
const SERVER = 'postgres://postgres@127.0.0.1:5432';

export async function canReachPostgres(): Promise<boolean> {
  const sql = postgres(`${SERVER}/postgres`, { connect_timeout: 2 });
  const reached = await sql`SELECT 1`.then(
    () => true,
    () => false,
  );
  await sql.end({ timeout: 0 });
  return reached;
}

/** An empty database of its own on that server, dropped when it goes out of scope. */
export async function createScratchDatabase(): Promise<AsyncDisposable & { url: string; name: string }> {
  const name = `sluice_${randomUUID().replaceAll('-', '')}`;
  const sql = postgres(`${SERVER}/postgres`, { max: 1, onnotice: () => {} });
  await sql.unsafe(`CREATE DATABASE ${name}`);
  return {
    name,
    url: `${SERVER}/${name}`,
    async [Symbol.asyncDispose]() {
      await sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
      await sql.end();
    },
  };
}
