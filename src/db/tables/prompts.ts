import { sql } from 'drizzle-orm';
import {
  index,
  integer,
  json,
  primaryKey,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { LabelRequestStatus, PromptSpec } from '../../domain/prompt.ts';
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
    /** Not jsonb, which forgets in which order members stand: models write those of an output schema in theirs. */
    spec: json().$type<PromptSpec>().notNull(),
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

/** Labels of an organisation that move only when two agree. */
export const promptProtectedLabels = snakeCase.table(
  'prompt_protected_labels',
  {
    organisationId: text().notNull(),
    name: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organisationId, table.name] })],
);

/** Wishes to move a protected label, and what became of them. */
export const promptLabelRequests = snakeCase.table(
  'prompt_label_requests',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    promptId: text()
      .notNull()
      .references(() => prompts.id),
    label: text().notNull(),
    /** Null: the label is to be taken away. */
    version: integer(),
    /** Id of the key or of the user. */
    requesterId: text().notNull(),
    note: text(),
    status: text().$type<LabelRequestStatus>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    /** When it ends undecided. */
    lapsesAt: timestamp({ withTimezone: true }).notNull(),
    deciderId: text(),
    decidedAt: timestamp({ withTimezone: true }),
    decisionNote: text(),
  },
  (table) => [
    index('prompt_label_requests_by_organisation').on(table.organisationId, table.id),
    uniqueIndex('prompt_label_requests_once')
      .on(table.promptId, table.label)
      .where(sql`status = 'PENDING'`),
  ],
);

/** Templates that prompts share. */
export const promptPartials = snakeCase.table(
  'prompt_partials',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    /** The number of the newest version. */
    version: integer().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [uniqueIndex('prompt_partials_once').on(table.organisationId, table.name)],
);

/** What partials have said. Append only. */
export const promptPartialVersions = snakeCase.table(
  'prompt_partial_versions',
  {
    partialId: text()
      .notNull()
      .references(() => promptPartials.id),
    number: integer().notNull(),
    template: text().notNull(),
    note: text(),
    /** Id of the key or of the user. */
    createdBy: text().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.partialId, table.number] })],
);
