import { index, snakeCase, text, timestamp } from 'drizzle-orm/pg-core';

/** The tenant: nothing is ever read across organisations. */
export const organisations = snakeCase.table('organisations', {
  id: text().primaryKey(),
  name: text().notNull(),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});

export const teams = snakeCase.table(
  'teams',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index().on(table.organisationId)],
);
