import { connectTo } from '../../src/db/embedded/embedded.ts';
import { keepHouse } from '../../src/db/embedded/housekeeping.ts';
import { superviseWorker, type Supervisor } from '../../src/db/embedded/supervisor.ts';
import { toDatabase, type Database, type Sql } from '../../src/db/database.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';

/** An embedded PostgreSQL in memory that one test after the other has for itself. */
interface Engine extends Supervisor {
  /** Whom it tells that it was started again. */
  log: (message: string) => void;
  /** The tables and all that belongs to them, as the migrations made them. */
  shape: string;
}

/** Files of one worker mostly run one after the other, and each idle engine holds some hundred megabytes. */
const IDLE_AT_MOST = 1;
const WATCHDOG_MS = 15_000;

const idle: Engine[] = [];

/** What is written stays for whoever opens it next, as in a directory. */
export interface PooledDatabase {
  /** One at a time: it has a single connection. */
  open(log?: (message: string) => void): Database;
  /** When nobody has it open any more. */
  giveBack(): Promise<void>;
}

/**
 * An empty database with its tables, embedded and in memory. To start PostgreSQL and to migrate it costs far more than
 * most tests, so that one that is given back is kept for who comes next.
 */
export async function takePooledDatabase(): Promise<PooledDatabase> {
  const engine = (await takeIdle()) ?? (await startEngine());
  return {
    open(log = () => {}) {
      engine.log = log;
      return connect(engine);
    },
    async giveBack() {
      if (idle.length < IDLE_AT_MOST) idle.push(engine);
      else await engine.close();
    },
  };
}

/** One for as long as it is open. */
export async function openPooledDatabase(log?: (message: string) => void): Promise<Database> {
  const pooled = await takePooledDatabase();
  const database = pooled.open(log);
  return { ...database, close: () => database.close().then(pooled.giveBack) };
}

function connect(engine: Pick<Engine, 'connect' | 'close' | 'log'>): Database {
  const connection = connectTo(engine, (message) => engine.log(message));
  return toDatabase({ ...connection, kind: 'embedded', describe: 'memory:// (PGlite)' });
}

async function startEngine(): Promise<Engine> {
  const supervisor = await superviseWorker({
    directory: undefined,
    watchdogMs: WATCHDOG_MS,
    log: (message) => engine.log(message),
  });
  const engine: Engine = { ...supervisor, log: () => {}, shape: '' };
  const database = connect(engine);
  await migrateDatabase(database);
  engine.shape = await readShape(database.sql);
  await database.close();
  return engine;
}

/** Emptied when it is taken and not when it is given back: by now nobody writes to it any more. */
async function takeIdle(): Promise<Engine | undefined> {
  const engine = idle.pop();
  if (!engine) return undefined;
  engine.log = () => {};
  const { sql, close } = connect(engine);
  // A test that changed the tables, or broke the engine, has had it for good.
  const isSound = (await readShape(sql).catch(() => undefined)) === engine.shape;
  if (isSound) await empty(sql);
  await close();
  if (isSound) return engine;
  await engine.close();
  return undefined;
}

async function empty(sql: Sql): Promise<void> {
  const tables = await listUsedTables(sql);
  if (tables.length === 0) return;
  await sql.begin(async (tx) => {
    // Triggers would refuse to empty what is append only.
    await tx`SET LOCAL session_replication_role = replica`;
    await tx.unsafe(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY CASCADE`);
  });
  await keepHouse(sql);
}

/** Those that hold rows or have held some, or whose numbers have begun. Each that is emptied gets files of its own anew. */
async function listUsedTables(sql: Sql): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    SELECT format('%I.%I', schemaname, tablename) AS name
    FROM pg_tables JOIN pg_class ON pg_class.oid = format('%I.%I', schemaname, tablename)::regclass
    WHERE schemaname = 'public' AND (pg_relation_size(pg_class.oid) > 0 OR EXISTS (
      SELECT FROM pg_depend JOIN pg_sequence ON seqrelid = objid
      WHERE refobjid = pg_class.oid AND pg_sequence_last_value(seqrelid) IS NOT NULL))`;
  return tables.map(({ name }) => name);
}

async function readShape(sql: Sql): Promise<string> {
  const [row] = await sql<{ shape: string }[]>`
    WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'),
    classes AS (SELECT c.* FROM pg_class c JOIN ours ON ours.oid = c.relnamespace),
    lines(line) AS (
      SELECT concat_ws(' ', 'class', oid::regclass, relkind, reloptions) FROM classes
      UNION ALL
      SELECT concat_ws(' ', 'column', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), attnotnull,
        attidentity, attgenerated, attisdropped, pg_get_expr(adbin, adrelid))
      FROM pg_attribute JOIN classes ON classes.oid = attrelid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      UNION ALL
      SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid)
      FROM pg_index JOIN classes ON classes.oid = indexrelid
      UNION ALL
      SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(c.oid))
      FROM pg_constraint c JOIN ours ON ours.oid = connamespace
      UNION ALL
      SELECT concat_ws(' ', 'trigger', tgenabled, pg_get_triggerdef(t.oid))
      FROM pg_trigger t JOIN classes ON classes.oid = tgrelid
      UNION ALL
      SELECT concat_ws(' ', 'function', p.oid::regprocedure, md5(prosrc)) FROM pg_proc p JOIN ours ON ours.oid = pronamespace
    )
    SELECT md5(string_agg(line, chr(10) ORDER BY line)) AS shape FROM lines`;
  return row?.shape ?? '';
}
