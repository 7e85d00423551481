import type { TransactionSql } from 'postgres';
import type { Db, Sql } from '../../db/database.ts';
import type { Budget } from '../../domain/budget.ts';
import type { Origin } from '../../domain/origin.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AskFirst } from '../ask-first.ts';
import { endDueGrants } from './end.ts';

/** What asking for access and deciding on it needs. */
export interface AccessDesk {
  sql: Sql;
  db: Db;
  askFirst: AskFirst;
  isModel(name: string): boolean;
  /** By its name or its id. */
  findRoute(organisationId: string, name: string): { id: string; name: string } | undefined;
  budgets: LimitKeeper;
  /** Something was committed. */
  onChange(): void;
  /** What this process knows of a key or a user holds no longer. */
  forget(holderId: string): void;
}

/** Where the limits of budgets are changed. */
export interface LimitKeeper {
  /** A budget that holds now, as far as `who` may see it. */
  find(who: Principal, id: string): Promise<Budget | undefined>;
  /** @throws Forbidden for whoever may not set it. */
  ensureMaySet(who: Principal, budget: Budget, path: string[]): void;
  /** @returns what is wrong with an amount of this unit. */
  findAmountFault(unit: Budget['unit'], amount: bigint): string | undefined;
  /** Keeps others from changing the budget until the commit. Always before the rows of its grants are locked. */
  lock(tx: TransactionSql, id: string): Promise<void>;
  /** @throws Conflict when it cannot be raised by that much; lowering what is gone is none. */
  change(tx: TransactionSql, change: LimitChange): Promise<void>;
}

/** A limit that is raised, or lowered by an amount below 0. */
export interface LimitChange {
  organisationId: string;
  budgetId: string;
  amount: bigint;
  actorId: string;
  by: Origin;
}

/** What has ended while no process lived is ended before anybody is served. */
export async function openAccessDesk(desk: AccessDesk): Promise<AccessDesk> {
  while ((await endDueGrants(desk)) > 0);
  return desk;
}
