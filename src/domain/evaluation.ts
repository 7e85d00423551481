import type { JsonSchema } from './prompt.ts';

/** Where a case comes from. RECORDED: a completion that somebody asked for; its variables were redacted. */
export const CASE_SOURCES = ['UPLOADED', 'RECORDED'] as const;
export type CaseSource = (typeof CASE_SOURCES)[number];

/** Cases to try prompts on. Each change makes a version of it, which never changes. */
export interface Dataset {
  id: string;
  organisationId: string;
  /** Unique in the organisation. */
  name: string;
  description: string | undefined;
  /** The number of the newest version, from 1 on. */
  version: number;
  /** Of the newest version. */
  caseCount: number;
  createdAt: Date;
  /** When the newest version was made. */
  changedAt: Date;
}

/** What one run of a prompt is given, and what is wanted of it. A case that does not change keeps its id from version to version. */
export interface DatasetCase {
  id: string;
  datasetId: string;
  /** Unique in a version. */
  name: string | undefined;
  variables: Record<string, unknown>;
  /** Text or any JSON; undefined: nothing is. */
  expected: unknown;
  source: CaseSource;
  /** The completion that it was recorded from. */
  completionId: string | undefined;
  /** Variables that were kept nowhere when it was recorded. While there are any it cannot be run. */
  missing: string[];
}

export const GRADER_TYPES = [
  'EXACT',
  'REGEX',
  'JSON_EQUALITY',
  'JSON_SCHEMA',
  'NUMERIC',
  'EMBEDDING',
  'JUDGE',
] as const;
export type GraderType = (typeof GRADER_TYPES)[number];

/** What each type of grader is told. Paths are JSON Pointers (RFC 6901); undefined: the whole answer. */
export interface GraderSettings {
  /** The answer is what is expected. */
  EXACT: { path: string | undefined; trim: boolean; ignoreCase: boolean };
  /** A pattern (RE2) is found in the answer; or, with `absent`, is not. */
  REGEX: { path: string | undefined; pattern: string; ignoreCase: boolean; absent: boolean };
  /** Both are the same JSON, whatever the order of keys. The score is the share of values that are the same. */
  JSON_EQUALITY: {
    path: string | undefined;
    /** What is not looked at; `*` stands for any key or place. */
    ignore: string[];
  };
  JSON_SCHEMA: { path: string | undefined; schema: JsonSchema };
  /** No further apart than one of the two tolerances. */
  NUMERIC: { path: string | undefined; absolute: number; relative: number };
  /** How near the meaning is to the expected one: the cosine of what an embedding model makes of both. */
  EMBEDDING: { path: string | undefined; model: string };
  /** A model reads the answer and gives a score by a rubric. */
  JUDGE: { model: string; rubric: string };
}

/** How answers are judged in one respect. */
export type Grader = {
  [Type in GraderType]: {
    /** Unique among those of an evaluation. */
    name: string;
    type: Type;
    /** From 0 to 1; an answer passes from this score on. */
    threshold: number;
    settings: GraderSettings[Type];
  };
}[GraderType];

/** What a grader thinks of one answer. */
export interface Graded {
  /** Its name. */
  grader: string;
  /** From 0 to 1. */
  score: number;
  passed: boolean;
  /** For people. */
  reason: string;
  /** Of a judge: the completion that it cost. */
  completionId: string | undefined;
}

export const EVALUATION_STATUSES = ['QUEUED', 'RUNNING', 'PASSED', 'FAILED', 'STOPPED'] as const;
/** FAILED: all was run, and too little passed. STOPPED: it is not known, because not all was run. */
export type EvaluationStatus = (typeof EVALUATION_STATUSES)[number];

export const STOP_REASONS = ['BUDGET', 'CANCELLED', 'ERROR'] as const;
export type StopReason = (typeof STOP_REASONS)[number];

/** One version of a prompt, run on each case of one version of a dataset. */
export interface Evaluation {
  id: string;
  organisationId: string;
  promptId: string;
  /** Number of the prompt's version. */
  promptVersion: number;
  datasetId: string;
  datasetVersion: number;
  graders: Grader[];
  /** Instead of the model of the prompt; undefined: that one. */
  model: string | undefined;
  /** The most that it may cost, judges included. */
  budgetNanos: bigint;
  /** So many of the cases, the same ones of a dataset each time; undefined: all. */
  sample: number | undefined;
  /** How many cases run at a time. */
  concurrency: number;
  /** The share of cases that has to pass, from 0 to 1. */
  passingRate: number;
  status: EvaluationStatus;
  stopped: { reason: StopReason; message: string } | undefined;
  counts: EvaluationCounts;
  /** Nano-USD that are settled by now; of what has no known price nothing is counted. */
  costNanos: bigint;
  /** Id of the key or of the user. */
  startedBy: string;
  createdAt: Date;
  /** When the first case began. */
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
}

/** Cases of an evaluation. `total` is those of its dataset, the rest is what has come of them so far. */
export interface EvaluationCounts {
  total: number;
  passed: number;
  failed: number;
  /** There was no answer to grade. */
  errors: number;
}

/** What came of one case. */
export interface EvaluationResult {
  evaluationId: string;
  caseId: string;
  /** Undefined where none was begun. */
  completionId: string | undefined;
  /** The answer; null where there is none. */
  text: string | undefined;
  object: unknown;
  graded: Graded[];
  /** Every grader lets it pass. */
  passed: boolean;
  /** Why there is no answer, or none that could be graded. */
  error: string | undefined;
  latencyMs: number;
  /** Nano-USD with its judges; undefined where no price is known. */
  costNanos: bigint | undefined;
}
