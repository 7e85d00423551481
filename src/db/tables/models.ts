import { primaryKey, snakeCase, text, timestamp } from 'drizzle-orm/pg-core';
import type { SunsetAction } from '../../domain/lifecycle.ts';
import { organisations } from './tenancy.ts';

/** Names that an organisation gives to models. Each instance has all of them in memory. */
export const modelAliases = snakeCase.table(
  'model_aliases',
  {
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    alias: text().notNull(),
    model: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organisationId, table.alias] })],
);

/** What an organisation knows, or wants, of the end of models. */
export const modelLifecycles = snakeCase.table(
  'model_lifecycles',
  {
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    model: text().notNull(),
    deprecatedAt: timestamp({ withTimezone: true }),
    sunsetAt: timestamp({ withTimezone: true }),
    replacement: text(),
    afterSunset: text().$type<SunsetAction>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organisationId, table.model] })],
);
