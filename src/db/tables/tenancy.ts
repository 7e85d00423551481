import {
  index,
  integer,
  jsonb,
  primaryKey,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Scope } from '../../domain/principal.ts';

/** The tenant: nothing is ever read across organisations. */
export const organisations = snakeCase.table('organisations', {
  id: text().primaryKey(),
  name: text().notNull(),
  /** Where requests may go, by the names that providers have in the configuration; empty: anywhere. */
  regions: jsonb().$type<string[]>().notNull().default([]),
  /** For how many days is kept what prompts are given; null: nothing of it is kept. */
  recordPromptsDays: integer(),
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
    /** The same, within what the organisation allows. */
    regions: jsonb().$type<string[]>().notNull().default([]),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index().on(table.organisationId)],
);

/** People, and whatever else proves who it is by something other than an API key. */
export const users = snakeCase.table(
  'users',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    /** Who vouches for the user: the issuer of its tokens, or `mtls`. */
    issuer: text().notNull(),
    /** What the issuer names the user by. */
    subject: text().notNull(),
    name: text(),
    email: text(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    lastSeenAt: timestamp({ withTimezone: true }),
    disabledAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    uniqueIndex('users_once').on(table.organisationId, table.issuer, table.subject),
    index().on(table.organisationId, table.id),
  ],
);

/** In which teams a user is, and as what. */
export const members = snakeCase.table(
  'members',
  {
    organisationId: text().notNull(),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    userId: text()
      .notNull()
      .references(() => users.id),
    /** A role that every organisation has, or one of its own. */
    role: text().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.teamId] }),
    index().on(table.organisationId, table.teamId),
  ],
);

/** Roles that an organisation made beside those that all have. */
export const roles = snakeCase.table(
  'roles',
  {
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    scopes: jsonb().$type<Scope[]>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.organisationId, table.name] })],
);
