import { and, desc, eq, inArray, lt, type SQL } from 'drizzle-orm';
import type { ISql } from 'postgres';
import type { Db } from '../../db/database.ts';
import { matchText, type StringFilter } from '../../db/match-text.ts';
import { operations } from '../../db/tables/operations.ts';
import type { TrustedOperation } from '../../domain/operation.ts';
import { hasScope, type Principal } from '../../domain/principal.ts';

/** An operation that an organisation registered. */
export interface RegisteredOperation extends TrustedOperation {
  id: string;
  /** SHA-256 of the text, in hexadecimal digits: what clients send instead of the text. */
  hash: string;
  createdAt: Date;
}

/** Newest first. */
export async function listOperations(
  db: Db,
  who: Principal,
  filter: { name?: StringFilter | undefined },
  page: { first: number; after?: string | undefined },
): Promise<RegisteredOperation[]> {
  return db
    .select()
    .from(operations)
    .where(and(visible(who), matching(filter), page.after ? lt(operations.id, page.after) : undefined))
    .orderBy(desc(operations.id))
    .limit(page.first);
}

export async function countOperations(
  db: Db,
  who: Principal,
  filter: { name?: StringFilter | undefined },
): Promise<number> {
  return db.$count(operations, and(visible(who), matching(filter)));
}

/** @returns nothing for whoever may not register operations, whatever the ids. */
export async function findOperations(
  db: Db,
  who: Principal,
  ids: readonly string[],
): Promise<RegisteredOperation[]> {
  if (!hasScope(who, 'OPERATIONS_WRITE')) return [];
  return db
    .select()
    .from(operations)
    .where(and(visible(who), inArray(operations.id, [...ids])));
}

/**
 * Name and text of all that an organisation has.
 * @param sql may be that of a transaction.
 */
export async function listOperationTexts(
  sql: ISql,
  organisationId: string,
): Promise<Pick<RegisteredOperation, 'name' | 'text'>[]> {
  return sql`SELECT name, text FROM operations WHERE organisation_id = ${organisationId} ORDER BY name`;
}

/** All that an organisation has, for the registry. */
export async function listOperationsOf(db: Db, organisationId: string): Promise<RegisteredOperation[]> {
  return db.select().from(operations).where(eq(operations.organisationId, organisationId));
}

function visible({ organisationId }: Principal): SQL {
  return eq(operations.organisationId, organisationId);
}

function matching({ name }: { name?: StringFilter | undefined }): SQL | undefined {
  return matchText(operations.name, name);
}
