import type { Db, Sql } from '../db/database.ts';
import type { ListRegions, ListTakenRoutes } from './regions.ts';

/** What changing teams, members, users and roles needs. */
export interface TenantStore {
  db: Db;
  sql: Sql;
  listRegions: ListRegions;
  listTakenRoutes: ListTakenRoutes;
  /** Tells every instance to forget what it knew of the user. */
  onUserChange(user: { id: string; organisationId: string }): Promise<void>;
  /** Tells every instance to forget whom it knew in the organisation: any of them may have a role, or rules, that are others now. */
  onRoleChange(organisationId: string): Promise<void>;
}
