import { and, eq, isNull } from 'drizzle-orm';
import type { ISql } from 'postgres';
import type { Db } from '../../db/database.ts';
import { apiKeys } from '../../db/tables/api-keys.ts';
import { users } from '../../db/tables/tenancy.ts';
import { Conflict, Forbidden } from '../../domain/errors.ts';
import type { Principal } from '../../domain/principal.ts';
import { SYSTEM } from '../../events/audit.ts';

/** @throws Conflict where nobody would have what is granted. */
export async function ensureRequesterIsThere(db: Db, requesterId: string): Promise<void> {
  const [user] = await db
    .select()
    .from(users)
    .where(and(eq(users.id, requesterId), isNull(users.disabledAt)));
  const [key] = await db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.id, requesterId), isNull(apiKeys.revokedAt)));
  if (!user && !key) throw new Conflict(`${requesterId}, which asked for it, is revoked or disabled`);
}

/**
 * Whoever made a key, or gave it another secret, knows the secret and can act as the key. So neither of the two may have
 * made the other, nor may somebody have made both, unless that one needs no approval anyway.
 * @throws Forbidden where one hand may hold both.
 */
export async function ensureOtherHand(
  sql: ISql,
  { organisationId, keyId: deciderId }: Principal,
  requesterId: string,
): Promise<void> {
  const rows = await sql<{ id: string }[]>`
    WITH RECURSIVE hands(side, id) AS (
      VALUES ('requester', ${requesterId}), ('decider', ${deciderId})
      UNION
      SELECT h.side, a.actor_key_id FROM hands h JOIN audit_events a
        ON a.organisation_id = ${organisationId} AND a.target_id = h.id AND a.action IN ('key.create', 'key.rotate')
    )
    SELECT id FROM hands WHERE id <> ${SYSTEM} GROUP BY id HAVING count(*) = 2
    EXCEPT (
      SELECT id FROM api_keys WHERE organisation_id = ${organisationId}
        AND (scopes @> '["ADMIN"]' OR scopes @> '["OWNER"]')
      UNION ALL SELECT user_id FROM members WHERE organisation_id = ${organisationId} AND role IN ('ADMIN', 'OWNER')
    )
    UNION SELECT id FROM hands WHERE id IN (${requesterId}, ${deciderId}) GROUP BY id HAVING count(*) = 2`;
  if (rows.length > 0)
    throw new Forbidden('it was asked for under a key that you, or whoever made yours, may hold too');
}
