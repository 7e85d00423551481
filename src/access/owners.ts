import type { ISql } from 'postgres';
import { Conflict } from '../domain/errors.ts';

/**
 * Lets those who change who may do what in an organisation take turns: none sees an owner whom another is about to
 * unmake. Rows that only refer to the organisation are not held up.
 */
export async function lockOrganisation(sql: ISql, organisationId: string): Promise<void> {
  await sql`SELECT id FROM organisations WHERE id = ${organisationId} FOR NO KEY UPDATE`;
}

/**
 * To be asked in the transaction that unmade an owner, after `lockOrganisation`. A key that will expire keeps nothing.
 * @throws Conflict when nobody is left who may do everything.
 */
export async function ensureOwnerRemains(sql: ISql, organisationId: string): Promise<void> {
  const [row] = await sql<{ remains: boolean }[]>`
    SELECT EXISTS (
      SELECT FROM members JOIN users ON users.id = members.user_id
      WHERE members.organisation_id = ${organisationId} AND members.role = 'OWNER' AND users.disabled_at IS NULL
    ) OR EXISTS (
      SELECT FROM api_keys WHERE organisation_id = ${organisationId} AND scopes @> '["OWNER"]'
        AND revoked_at IS NULL AND expires_at IS NULL
    ) AS remains`;
  if (row?.remains) return;
  throw new Conflict(
    'this is the last owner of the organisation; first make another member one, or another key with the scope OWNER that does not expire',
  );
}
