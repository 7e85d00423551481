import type { Database } from '../../../src/db/database.ts';
import { toJsonParameter } from '../../../src/db/json.ts';
import type { Account } from './world.ts';

export interface WindowRow {
  id: string;
  budget_id: string;
  limit_amount: bigint;
  settled: bigint;
  held: bigint;
  exceeded: bigint;
}

export interface CompletionRow {
  id: string;
  hold_state: Account['state'];
  cost_nanos: bigint | null;
  budget_holds: { window: number; unit: string; amount: number }[] | null;
}

/** What the database says of some organisations. */
export interface Observed {
  /** By budget. */
  windows: Map<string, WindowRow[]>;
  /** Of all accounts, by id. */
  balances: Map<string, bigint>;
  /** Of the completions that were asked for, by id. */
  completions: Map<string, CompletionRow>;
}

export async function observe({ sql }: Database, organisations: string[], ids: string[]): Promise<Observed> {
  const within = toJsonParameter(organisations);
  const windows = await sql<WindowRow[]>`
    SELECT w.id::text AS id, w.budget_id, w.limit_amount, w.settled, w.held, w.exceeded
    FROM budget_windows w JOIN budgets b ON b.id = w.budget_id
    WHERE b.organisation_id IN (SELECT jsonb_array_elements_text(${within}::text::jsonb))`;
  const balances = await sql<{ id: string; balance_nanos: bigint }[]>`
    SELECT id, balance_nanos FROM ledger_accounts
    WHERE organisation_id IN (SELECT jsonb_array_elements_text(${within}::text::jsonb))`;
  const completions = await sql<CompletionRow[]>`
    SELECT id, hold_state, cost_nanos, budget_holds FROM completions
    WHERE id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`;
  return {
    windows: Map.groupBy(windows, (row) => row.budget_id),
    balances: new Map(balances.map((row) => [row.id, row.balance_nanos])),
    completions: new Map(completions.map((row) => [row.id, row])),
  };
}

/**
 * Makes the database itself look at every single commit: whatever is held in an enforced budget must have left it within
 * its limit at that very moment, and nothing goes below zero.
 */
export async function watchEveryCommit({ sql }: Database): Promise<{ listFaults(): Promise<string[]> }> {
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
  return {
    listFaults: async () =>
      (await sql<{ what: string }[]>`SELECT what FROM watched_faults LIMIT 10`).map(({ what }) => what),
  };
}
