import { index, jsonb, snakeCase, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import type { OperationPolicy } from '../../domain/operation.ts';
import { organisations } from './tenancy.ts';

/** Operations that an organisation trusts, by the SHA-256 of their text. */
export const operations = snakeCase.table(
  'operations',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    hash: text().notNull(),
    text: text().notNull(),
    policy: jsonb().$type<OperationPolicy>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('operations_once').on(table.organisationId, table.hash),
    index().on(table.organisationId, table.id),
  ],
);
