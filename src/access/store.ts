import type { Db, Sql } from '../db/database.ts';

/** What changing teams, members, users and roles needs. */
export interface TenantStore {
  db: Db;
  sql: Sql;
  /** Tells every instance to forget what it knew of the user. */
  onUserChange(user: { id: string; organisationId: string }): Promise<void>;
  /** Tells every instance to forget whom it knew in the organisation: any of them may have a role that is another now. */
  onRoleChange(organisationId: string): Promise<void>;
}
