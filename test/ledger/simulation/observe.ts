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

interface Hold {
  window: number;
  unit: string;
  amount: number;
}

export interface CompletionRow {
  id: string;
  hold_state: Account['state'];
  cost_nanos: bigint | null;
  attempt: number;
  /** How many attempts have ended that were not the last. */
  earlier: number;
  budget_holds: Hold[] | null;
  /** What is under way beside it. */
  beside: { attempt: number; budgetHolds: Hold[] } | null;
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
    SELECT id, hold_state, cost_nanos, budget_holds, attempt, hedge AS beside, coalesce(jsonb_array_length(earlier), 0) AS earlier
    FROM completions
    WHERE id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`;
  return {
    windows: Map.groupBy(windows, (row) => row.budget_id),
    balances: new Map(balances.map((row) => [row.id, row.balance_nanos])),
    completions: new Map(completions.map((row) => [row.id, row])),
  };
}
