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
import type { PromptSpec } from '../../domain/prompt.ts';
import { organisations } from './tenancy.ts';

/** The prompts of an organisation. */
export const prompts = snakeCase.table(
  'prompts',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    slug: text().notNull(),
    /** Empty: none. */
    folder: text().notNull(),
    description: text(),
    /** The number of the newest version. */
    version: integer().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    archivedAt: timestamp({ withTimezone: true }),
  },
  (table) => [uniqueIndex('prompts_once').on(table.organisationId, table.slug)],
);

/** What prompts have said. Append only. */
export const promptVersions = snakeCase.table(
  'prompt_versions',
  {
    id: text().primaryKey(),
    promptId: text()
      .notNull()
      .references(() => prompts.id),
    number: integer().notNull(),
    organisationId: text().notNull(),
    spec: jsonb().$type<PromptSpec>().notNull(),
    note: text(),
    /** Id of the key or of the user. */
    createdBy: text().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [uniqueIndex('prompt_versions_once').on(table.promptId, table.number)],
);

/** Which version a label stands for. */
export const promptLabels = snakeCase.table(
  'prompt_labels',
  {
    promptId: text()
      .notNull()
      .references(() => prompts.id),
    name: text().notNull(),
    organisationId: text().notNull(),
    version: integer().notNull(),
    setBy: text().notNull(),
    setAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.promptId, table.name] }),
    index('prompt_labels_by_organisation').on(table.organisationId, table.name),
  ],
);
