import type { Database } from '../../../src/db/database.ts';
import { sleep } from '../../../src/lib/abort.ts';

/** Looks at the books all the time while others work on them. */
export interface Watch {
  /** Ends it. @returns what was wrong at some moment; an empty list is what there must be. */
  end(): Promise<string[]>;
}

const LOOK_EVERY_MS = 40;

/**
 * Watches in two ways. The database itself looks at each commit: whatever is held in an enforced budget must have left it
 * within its limit at that moment, and nothing goes below zero. And another reader sees what is committed whenever it
 * looks: accounts that are zero together, and no budget beyond a limit that nobody lowered.
 */
export async function startWatch({ sql }: Database): Promise<Watch> {
  await sql.unsafe(`
    CREATE TABLE watched_faults (what text NOT NULL);
    CREATE FUNCTION watch_window() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.held < 0 OR NEW.settled < 0 OR EXISTS (
        SELECT FROM budgets b WHERE b.id = NEW.budget_id AND NOT b.shadow AND b.on_exceed <> 'WARN')
      THEN INSERT INTO watched_faults VALUES (OLD::text || ' became ' || NEW::text); END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER watch_window AFTER UPDATE ON budget_windows FOR EACH ROW WHEN (
      NEW.held < 0 OR NEW.settled < 0 OR (NEW.held > OLD.held AND NEW.settled + NEW.held > NEW.limit_amount)
    ) EXECUTE FUNCTION watch_window();`);
  const ending = new AbortController();
  const seen = new Set<string>();
  const look = async () => {
    const rows = await sql<{ what: string }[]>`
      SELECT 'all accounts together were ' || sum(balance_nanos) AS what FROM ledger_accounts HAVING sum(balance_nanos) <> 0
      UNION ALL
      SELECT 'the window ' || w::text || ' was beyond its limit' FROM budget_windows w JOIN budgets b ON b.id = w.budget_id
      WHERE w.settled + w.held > w.limit_amount AND b.organisation_id LIKE 'strict/%' AND NOT b.shadow AND b.on_exceed <> 'WARN'`;
    for (const { what } of rows) seen.add(what);
  };
  const looking = (async () => {
    while (!ending.signal.aborted) {
      await look();
      await sleep(LOOK_EVERY_MS, ending.signal).catch(() => {});
    }
  })();
  return {
    async end() {
      ending.abort();
      await looking;
      await look();
      const noted = await sql<{ what: string }[]>`SELECT what FROM watched_faults LIMIT 10`;
      return [...seen, ...noted.map(({ what }) => what)];
    },
  };
}
