import { sql } from 'drizzle-orm';
import {
  bigint,
  doublePrecision,
  integer,
  jsonb,
  primaryKey,
  snakeCase,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type {
  CanarySpec,
  ExperimentSpec,
  PromptExperimentSpec,
  TrialKind,
  TrialState,
  TrialVerdict,
} from '../../domain/trial.ts';

/** Canaries and experiments. Whoever decides on one has its row locked, so each decision is made once. */
export const trials = snakeCase.table(
  'trials',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    /** Id of what it is about, such as a route, or of a prompt with its label; and how people call that. */
    subjectId: text().notNull(),
    subjectName: text().notNull(),
    kind: text().$type<TrialKind>().notNull(),
    spec: jsonb().$type<CanarySpec | ExperimentSpec | PromptExperimentSpec>().notNull(),
    state: text().$type<TrialState>().notNull(),
    /** From 0 on. */
    step: integer().notNull(),
    stepStartedAt: timestamp({ withTimezone: true }).notNull(),
    startedAt: timestamp({ withTimezone: true }).notNull(),
    endedAt: timestamp({ withTimezone: true }),
    verdict: jsonb().$type<TrialVerdict>(),
    /** What it is about says something else since then, or is gone. */
    supersededAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    uniqueIndex('trials_current')
      .on(table.subjectId)
      .where(sql`superseded_at is null`),
  ],
);

/** What was seen of each arm. Values of requests belong to a step; those that people tell come late, and belong to none. */
export const trialSums = snakeCase.table(
  'trial_sums',
  {
    trialId: text().notNull(),
    /** -1: all of them. */
    step: integer().notNull(),
    arm: text().notNull(),
    metric: text().notNull(),
    count: bigint({ mode: 'number' }).notNull(),
    sum: doublePrecision().notNull(),
    sumSquares: doublePrecision().notNull(),
  },
  (table) => [primaryKey({ columns: [table.trialId, table.step, table.arm, table.metric] })],
);
