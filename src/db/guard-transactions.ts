import type { PendingQuery, Row, TransactionSql } from 'postgres';
import type { Sql } from './connection-options.ts';

type Query = PendingQuery<Row[]> & { handler: (query: Query) => void; reject: (error: unknown) => void };
type Work = (tx: TransactionSql) => unknown;
type Begin = (...args: [...options: string[], work: Work]) => Promise<unknown>;

/** What became of a transaction's connection. */
interface Fate {
  lost?: unknown;
}

/**
 * Makes transactions survive the loss of their connection. postgres.js 3.4.9 writes what comes next, and be it its own
 * ROLLBACK, to the socket that is gone, which throws outside of every promise and so ends the process
 * (https://github.com/porsager/postgres/issues/1208). Here a transaction whose connection is lost sends nothing more.
 */
export function guardTransactions(sql: Sql): Sql {
  const begin = sql.begin as unknown as Begin;
  const guarded: Begin = (...args) => {
    const work = args.pop() as Work;
    const fate: Fate = {};
    const transaction = begin(...(args as string[]), (tx) => runGuarded(tx, work, fate));
    transaction.catch((error: unknown) => {
      fate.lost ??= error;
    });
    return transaction;
  };
  return Object.assign(sql, { begin: guarded });
}

async function runGuarded(tx: TransactionSql, work: Work, fate: Fate): Promise<unknown> {
  try {
    return await work(guardQueries(tx, fate));
  } finally {
    // The transaction has already failed with the loss; this only keeps ROLLBACK or COMMIT from being sent.
    if (fate.lost !== undefined) await new Promise(() => {});
  }
}

function guardQueries(tx: TransactionSql, fate: Fate): TransactionSql {
  const savepoint = tx.savepoint as Begin;
  const guarded = {
    unsafe: (...args: Parameters<TransactionSql['unsafe']>) => guardQuery(tx.unsafe(...args), fate),
    savepoint: async (...args: Parameters<Begin>) => {
      if (fate.lost !== undefined) throw fate.lost;
      const work = args.pop() as Work;
      return savepoint(...(args as string[]), (inner) => runGuarded(inner, work, fate));
    },
  };
  return new Proxy(tx, {
    apply: (target, self, args) => guardQuery(Reflect.apply(target, self, args), fate),
    get: (target, key) => Reflect.get(key in guarded ? guarded : target, key),
  });
}

/** @param query or a fragment of one, which is left as it is. */
function guardQuery<T>(query: T, fate: Fate): T {
  if (!(query instanceof Promise)) return query;
  const pending = query as unknown as Query;
  const { handler, reject } = pending;
  return Object.assign(query, {
    handler: (self: Query) => (fate.lost === undefined ? handler(self) : reject(fate.lost)),
    reject(error: unknown) {
      if (isLoss(error)) fate.lost = error;
      reject(error);
    },
  });
}

function isLoss(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return 'syscall' in error || String(error.code).startsWith('CONNECTION_');
}
