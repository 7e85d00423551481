import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
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
import type { CaseSource, EvaluationStatus, Graded, Grader, StopReason } from '../../domain/evaluation.ts';
import type { KeptPrincipal } from '../../domain/kept-principal.ts';
import { organisations } from './tenancy.ts';

/** Cases to try prompts on. A deleted one stays as a name for evaluations of it; its cases are gone. */
export const datasets = snakeCase.table(
  'datasets',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    description: text(),
    /** The number of the newest version. */
    version: integer().notNull(),
    /** Of the newest version: its cases, and their bytes. */
    caseCount: integer().notNull(),
    bytes: integer().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    changedAt: timestamp({ withTimezone: true }).notNull(),
    deletedAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    uniqueIndex('datasets_once')
      .on(table.organisationId, table.name)
      .where(sql`deleted_at is null`),
  ],
);

/** A version has those cases that it is within `fromVersion` and `untilVersion` of, so that none is stored twice. */
export const datasetCases = snakeCase.table(
  'dataset_cases',
  {
    id: text().primaryKey(),
    datasetId: text()
      .notNull()
      .references(() => datasets.id),
    organisationId: text().notNull(),
    fromVersion: integer().notNull(),
    /** The first version that is without it; null: the newest has it. */
    untilVersion: integer(),
    name: text(),
    variables: jsonb().$type<Record<string, unknown>>().notNull(),
    /** Null: nothing is. */
    expected: jsonb(),
    source: text().$type<CaseSource>().notNull(),
    completionId: text(),
    /** Variables that were kept nowhere. */
    missing: jsonb().$type<string[]>().notNull(),
    /** Of all that it says: a case that is uploaded again is the same case. */
    contentHash: text().notNull(),
    bytes: integer().notNull(),
  },
  (table) => [index('dataset_cases_of').on(table.datasetId, table.id)],
);

/** One version of a prompt, run on one version of a dataset. */
export const evaluations = snakeCase.table(
  'evaluations',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    /** Who pays. */
    teamId: text().notNull(),
    promptId: text().notNull(),
    promptVersion: integer().notNull(),
    datasetId: text().notNull(),
    datasetVersion: integer().notNull(),
    graders: jsonb().$type<Grader[]>().notNull(),
    /** Null: that of the prompt. */
    model: text(),
    /** Its own budget, which has counted what it cost, and the limit of that. */
    budgetId: text().notNull(),
    budgetNanos: bigint({ mode: 'bigint' }).notNull(),
    /** So many of the cases, the same ones each time; null: all. */
    sample: integer(),
    concurrency: integer().notNull(),
    passingRate: doublePrecision().notNull(),
    status: text().$type<EvaluationStatus>().notNull(),
    stopReason: text().$type<StopReason>(),
    stopMessage: text(),
    total: integer().notNull(),
    passed: integer().notNull().default(0),
    failed: integer().notNull().default(0),
    errors: integer().notNull().default(0),
    /** Id of the key or of the user, and what else is known of whoever it was. */
    startedBy: text().notNull(),
    starter: jsonb().$type<KeptPrincipal>().notNull(),
    /** Process that runs it, and until when it has to say that it lives. */
    instanceId: text(),
    leaseUntil: timestamp({ withTimezone: true }),
    /** Somebody wants it to end. */
    cancelledAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    startedAt: timestamp({ withTimezone: true }),
    finishedAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    index('evaluations_by_organisation').on(table.organisationId, table.id),
    index('evaluations_of_prompt').on(table.promptId, table.promptVersion, table.id),
    index('evaluations_open')
      .on(table.leaseUntil)
      .where(sql`status in ('QUEUED', 'RUNNING')`),
    index('evaluations_of_dataset').on(table.datasetId, table.datasetVersion),
  ],
);

/** What came of each case. */
export const evaluationResults = snakeCase.table(
  'evaluation_results',
  {
    evaluationId: text()
      .notNull()
      .references(() => evaluations.id),
    caseId: text().notNull(),
    organisationId: text().notNull(),
    completionId: text(),
    text: text(),
    object: jsonb(),
    graded: jsonb().$type<Graded[]>().notNull(),
    passed: boolean().notNull(),
    error: text(),
    latencyMs: integer().notNull(),
    /** Null: no price is known. */
    costNanos: bigint({ mode: 'bigint' }),
  },
  (table) => [primaryKey({ columns: [table.evaluationId, table.caseId] })],
);

/** What a label asks of the versions that it is to stand for. */
export const labelRequirements = snakeCase.table(
  'label_requirements',
  {
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    label: text().notNull(),
    /** Empty: every prompt of the organisation. */
    promptId: text().notNull(),
    /** Null: any. */
    datasetId: text(),
    minPassRate: doublePrecision().notNull(),
    /** What has to have judged the answers; null: any. */
    graders: jsonb().$type<Grader[]>(),
    setBy: text().notNull(),
    setAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.organisationId, table.label, table.promptId] })],
);

/** What prompts were given, of organisations that agreed to it, for a while. Redacted before it comes here. */
export const promptRecordings = snakeCase.table(
  'prompt_recordings',
  {
    completionId: text().primaryKey(),
    organisationId: text().notNull(),
    promptId: text().notNull(),
    variables: jsonb().$type<Record<string, unknown>>().notNull(),
    /** Variables whose values are kept nowhere. */
    withheld: jsonb().$type<string[]>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [
    index('prompt_recordings_of_prompt').on(table.organisationId, table.promptId, table.completionId),
    index('prompt_recordings_by_age').on(table.organisationId, table.createdAt),
  ],
);
