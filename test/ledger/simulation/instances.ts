import { setImmediate } from 'node:timers/promises';
import type { Database, Sql } from '../../../src/db/database.ts';
import { createLedger, type Ledger } from '../../../src/ledger/ledger.ts';
import { createLogger } from '../../../src/lib/logger.ts';
import { INSTANCES, type Ask } from './history.ts';
import { HOLD_S } from './world.ts';

type Fate = Exclude<Ask['fate'], 'CALLER_LEFT'>;
type Unsafe = Sql['unsafe'];

/** Ledgers of several processes on one database, each with two more whose first try at anything goes wrong. */
export interface Instances {
  /** The ledger of a process, by way of a connection with this fate. */
  ledger(instance: number, fate?: Ask['fate']): Ledger;
  /** Resolves when no statement runs and none is about to. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export function openInstances(database: Database): Instances {
  const running = new Set<Promise<unknown>>();
  const ledgers = new Map<string, Ledger>();
  for (let instance = 0; instance < INSTANCES; instance += 1) {
    for (const fate of ['ANSWERED', 'ANSWER_LOST', 'NEVER_SENT'] as const) {
      const sql = withFate(database.sql, fate, running);
      ledgers.set(`${instance} ${fate}`, createLedger({ ...database, sql }, optionsOf(instance)));
    }
  }
  return {
    ledger: (instance, fate = 'ANSWERED') =>
      ledgers.get(`${instance} ${fate === 'CALLER_LEFT' ? 'ANSWERED' : fate}`)!,
    async idle() {
      for (let quiet = 0; quiet < 5; quiet += 1) {
        if (running.size > 0) quiet = 0;
        await Promise.allSettled(running);
        await setImmediate();
      }
    },
    async close() {
      await Promise.all([...ledgers.values()].map((ledger) => ledger.close()));
    },
  };
}

function optionsOf(instance: number) {
  const logger = createLogger({ level: 'silent' });
  return { instanceId: `instance ${instance}`, holdMs: HOLD_S * 1_000, logger, onSettled: () => {} };
}

/** The same database, but the first statement about anything is lost on the way there or on the way back. */
function withFate(sql: Sql, fate: Fate, running: Set<Promise<unknown>>): Sql {
  const seen = new Set<string>();
  const isFirst = (parameter: unknown): boolean => {
    const ids = (JSON.parse(String(parameter)) as { id?: string }[]).flatMap(({ id }) => id ?? []);
    const unseen = ids.filter((id) => !seen.has(id));
    for (const id of unseen) seen.add(id);
    return unseen.length > 0;
  };
  const run = async (...args: Parameters<Unsafe>) => {
    const isCut = fate !== 'ANSWERED' && isFirst(args[1]?.[0]);
    if (isCut && fate === 'NEVER_SENT')
      throw new Error('the connection was lost before the statement was sent');
    const rows = await sql.unsafe(...args);
    if (isCut) throw new Error('the connection was lost before the answer came');
    return rows;
  };
  const unsafe = (...args: Parameters<Unsafe>) => {
    // Without parameters it is a fragment of another statement.
    if (!args[1]) return sql.unsafe(...args);
    const statement = run(...args);
    running.add(statement);
    const forget = () => running.delete(statement);
    statement.then(forget, forget);
    return statement;
  };
  return new Proxy(sql, { get: (target, key) => (key === 'unsafe' ? unsafe : Reflect.get(target, key)) });
}
