import { sql } from 'drizzle-orm';
import { bigint, index, primaryKey, snakeCase, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import type { AccessKind, AccessRequestStatus } from '../../domain/access.ts';
import type { BudgetUnit } from '../../domain/budget.ts';

/** What callers ask to be given, and what became of it. */
export const accessRequests = snakeCase.table(
  'access_requests',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    teamId: text().notNull(),
    /** Id of the key or of the user that asks. */
    requesterId: text().notNull(),
    kind: text().$type<AccessKind>().notNull(),
    /** Name of a model, route or scope, or id of a budget. */
    targetId: text().notNull(),
    /** Of a budget, in its unit. */
    amount: bigint({ mode: 'bigint' }),
    unit: text().$type<BudgetUnit>(),
    reason: text().notNull(),
    /** Until when it is wanted. */
    until: timestamp({ withTimezone: true }),
    status: text().$type<AccessRequestStatus>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    /** When it ends undecided. */
    lapsesAt: timestamp({ withTimezone: true }).notNull(),
    deciderId: text(),
    decidedAt: timestamp({ withTimezone: true }),
    note: text(),
  },
  (table) => [
    index('access_requests_by_organisation').on(table.organisationId, table.id),
    uniqueIndex('access_requests_once')
      .on(table.organisationId, table.teamId, table.requesterId, table.kind, table.targetId)
      .where(sql`status = 'PENDING'`),
    index('access_requests_by_requester').on(table.requesterId, table.createdAt),
    index('access_requests_due')
      .on(table.lapsesAt)
      .where(sql`status = 'PENDING'`),
  ],
);

/** What was given to a key or a user inside a team, beside what it has by itself. */
export const accessGrants = snakeCase.table(
  'access_grants',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    teamId: text().notNull(),
    holderId: text().notNull(),
    requestId: text().notNull(),
    kind: text().$type<AccessKind>().notNull(),
    targetId: text().notNull(),
    amount: bigint({ mode: 'bigint' }),
    unit: text().$type<BudgetUnit>(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    /** Null: until it is revoked. */
    expiresAt: timestamp({ withTimezone: true }),
    /** When it ended: it ran out, was revoked, or its budget was set anew. */
    endedAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    index('access_grants_by_holder')
      .on(table.holderId)
      .where(sql`ended_at is null`),
    index('access_grants_by_target')
      .on(table.targetId)
      .where(sql`ended_at is null`),
    index('access_grants_due')
      .on(table.expiresAt)
      .where(sql`ended_at is null`),
    uniqueIndex('access_grants_of_request').on(table.requestId),
    index('access_grants_by_organisation').on(table.organisationId, table.id),
  ],
);

/** Models and routes that an organisation lets nobody use without a grant. */
export const askFirst = snakeCase.table(
  'ask_first',
  {
    organisationId: text().notNull(),
    name: text().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.organisationId, table.name] })],
);
