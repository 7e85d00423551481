import postgres from 'postgres';
import { CONNECTION_OPTIONS, type Sql } from './connection-options.ts';

const CONNECT_TIMEOUT_S = 5;
const MAX_CONNECTIONS = 10;

/**
 * A pool of connections to a PostgreSQL server, proven to answer.
 * @throws Error that says where it looked and why it failed, without the password.
 */
export async function openPostgres(
  url: string,
  maxConnections = MAX_CONNECTIONS,
): Promise<{ sql: Sql; describe: string }> {
  const sql = connect(url, maxConnections);
  const { host, port, database } = sql.options;
  const place = `${host.join(',')}:${port.join(',')}/${database}`;
  try {
    await sql`SELECT 1`;
  } catch (error) {
    await sql.end({ timeout: 0 });
    const message = `cannot reach the database at ${place}: ${describeFailure(error)}; check DATABASE_URL`;
    throw new Error(message, { cause: error });
  }
  return { sql, describe: `postgres://${place}` };
}

function connect(url: string, maxConnections: number): Sql {
  try {
    return postgres(url, {
      ...CONNECTION_OPTIONS,
      max: Math.max(2, maxConnections),
      connect_timeout: CONNECT_TIMEOUT_S,
    });
  } catch {
    // The parser's own error quotes the whole URL.
    throw new Error('DATABASE_URL is not a URL such as postgres://user:password@host:5432/name');
  }
}

/** A name with several addresses fails with one error for each and no message of its own. */
function describeFailure(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describeFailure).join(', ');
  return error instanceof Error ? error.message : String(error);
}
