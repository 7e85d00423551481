import { boolean, index, jsonb, snakeCase, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import type { Tag } from '../../domain/completion.ts';
import type { Scope } from '../../domain/principal.ts';
import { organisations, teams } from './tenancy.ts';

/** API keys. Only a keyed hash of a secret is stored, with a hint for people to recognise it by. */
export const apiKeys = snakeCase.table(
  'api_keys',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    name: text().notNull(),
    hint: text().notNull(),
    secretHash: text().notNull(),
    /** The secret before the last rotation, which works until `previousExpiresAt`. */
    previousSecretHash: text(),
    previousExpiresAt: timestamp({ withTimezone: true }),
    scopes: jsonb().$type<Scope[]>().notNull(),
    /** Empty: every model. */
    models: jsonb().$type<string[]>().notNull(),
    /** Where its requests may go, within what the team and the organisation allow; empty: wherever those do. */
    regions: jsonb().$type<string[]>().notNull().default([]),
    /** Addresses and networks (CIDR) that it works from; empty: all. */
    allowedIps: jsonb().$type<string[]>().notNull().default([]),
    /** What its completions are tagged with beside the tags of the request. */
    tags: jsonb().$type<Tag[]>().notNull().default([]),
    /** Stands where everybody can read it, so it runs nothing but trusted operations. */
    publishable: boolean().notNull().default(false),
    expiresAt: timestamp({ withTimezone: true }),
    lastUsedAt: timestamp({ withTimezone: true }),
    revokedAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex().on(table.secretHash),
    index().on(table.previousSecretHash),
    index().on(table.organisationId, table.teamId),
  ],
);
