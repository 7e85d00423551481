import {
  doublePrecision,
  index,
  integer,
  jsonb,
  primaryKey,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
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
    /** How often it was told to forget what it had learned. */
    learning: integer().notNull().default(0),
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

const faded = () => doublePrecision().notNull();

/**
 * What routes have learned of their targets, on all instances together: of each kind of observation how many there were, and
 * their faded sum. Of these only the ones of the route's present `learning` count.
 */
export const learnedArms = snakeCase.table(
  'learned_arms',
  {
    routeId: text().notNull(),
    learning: integer().notNull(),
    /** `provider/model`, or the name of a route. */
    target: text().notNull(),
    successCount: faded(),
    successSum: faded(),
    feedbackCount: faded(),
    feedbackSum: faded(),
    costCount: faded(),
    /** Nano-USD. */
    costSum: faded(),
    latencyCount: faded(),
    /** Milliseconds. */
    latencySum: faded(),
    updatedAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.routeId, table.learning, table.target] }),
    index('learned_arms_updated').on(table.updatedAt),
  ],
);
