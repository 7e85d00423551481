import type { TransactionSql } from 'postgres';
import type { Sql } from '../../db/database.ts';
import type { Budget } from '../../domain/budget.ts';
import { ensureMaySet } from '../../domain/may-set.ts';
import type { Principal } from '../../domain/principal.ts';
import { changeLimit, lockBudget, type LimitChange } from './change-limit.ts';
import { findAmountFault } from './check.ts';
import { findBudgets } from './read.ts';

/** Where limits are raised and lowered, for whoever decides on requests. */
export interface LimitKeeper {
  /** A budget that holds now, as far as `who` may see it. */
  find(who: Principal, id: string): Promise<Budget | undefined>;
  /** @throws Forbidden, at `path`, for whoever may not set it. */
  ensureMaySet(who: Principal, budget: Budget, path: string[]): void;
  /** @returns what is wrong with an amount of this unit. */
  findAmountFault(unit: Budget['unit'], amount: bigint): string | undefined;
  /** Keeps others from changing the budget until the commit. Always before the rows of its grants are locked. */
  lock(tx: TransactionSql, id: string): Promise<void>;
  /** @throws Conflict when it cannot be raised by that much; lowering what is gone is none. */
  change(tx: TransactionSql, change: LimitChange): Promise<void>;
}

export function createLimitKeeper(sql: Sql): LimitKeeper {
  return {
    async find(who, id) {
      const [budget] = await findBudgets(sql, who, [id]);
      const isOver = budget?.deletedAt ?? (budget?.endsAt && budget.endsAt <= new Date());
      return isOver ? undefined : budget;
    },
    ensureMaySet: (who, budget, path) => ensureMaySet(who, 'BUDGETS', budget, path),
    findAmountFault,
    lock: lockBudget,
    change: changeLimit,
  };
}
