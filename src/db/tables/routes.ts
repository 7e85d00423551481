import { integer, jsonb, primaryKey, snakeCase, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import type { RouteSpec } from '../../domain/route.ts';
import { organisations } from './tenancy.ts';

/** The routes of an organisation, and which of their versions holds. Each instance has all of them in memory. */
export const routes = snakeCase.table(
  'routes',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    /** The last one there is. */
    version: integer().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    /** Its versions stay, and numbers go on where it is made again. */
    deletedAt: timestamp({ withTimezone: true }),
  },
  (table) => [uniqueIndex('routes_once').on(table.organisationId, table.name)],
);

/** What routes have said. Append only. */
export const routeVersions = snakeCase.table(
  'route_versions',
  {
    routeId: text()
      .notNull()
      .references(() => routes.id),
    number: integer().notNull(),
    organisationId: text().notNull(),
    spec: jsonb().$type<RouteSpec>().notNull(),
    /** Id of the key or of the user. */
    authorId: text().notNull(),
    note: text(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.routeId, table.number] })],
);
