import type { Sql } from 'postgres';
import { textOf } from '../completion/answer.ts';
import type { Db } from '../db/database.ts';
import { Conflict, InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { listRecordedRuns, type RecordedFilter, type RecordedRun } from '../ledger/recordings.ts';
import { redactValue } from '../lib/redact-value.ts';
import type { PromptBook } from '../prompts/book.ts';
import { DATASET_LIMITS, toNewCase, type NewCase } from './cases.ts';
import { appendCases } from './datasets.ts';
import type { StoredDataset } from './rows.ts';

export const RECORD_MAX = 1_000;
export const RECORD_DEFAULTS = { limit: 100, expectAnswers: true } as const;

/** Which completions are to become cases, and how. */
export interface WantedRecording extends Omit<RecordedFilter, 'promptId'> {
  /** Name of the dataset; it is made where there is none. */
  name: string;
  /** Slug of the prompt. */
  prompt: string;
  limit: number;
  /** What was answered is what is expected. */
  expectAnswers: boolean;
  /** By variable: what stands in the place of values that were kept nowhere. */
  placeholders: unknown;
}

/** What recording needs. */
export interface RecordStore {
  db: Db;
  sql: Sql;
  book: PromptBook;
}

/**
 * Makes cases of what a prompt was given: of those completions that the caller may see, the last ones first. Answers are redacted as
 * what they were given was. Those that the dataset has already are left out, and those that are too large.
 * @throws Conflict where the organisation has not agreed to it; NotFound for no such prompt; InvalidInput with its faults.
 */
export async function recordCases(
  { db, sql, book }: RecordStore,
  who: Principal,
  wanted: WantedRecording,
  by: Origin,
): Promise<{ dataset: StoredDataset; added: number }> {
  const { name, prompt: slug, limit, expectAnswers, ...filter } = wanted;
  ensureBounds(wanted);
  if (!who.recordsPrompts)
    throw new Conflict(
      'what prompts are given is not kept; an admin agrees to that by organisationUpdate, recordPromptsDays',
    );
  const placeholders = toPlaceholders(wanted.placeholders);
  const prompt = (await book.list(who.organisationId)).get(slug);
  if (!prompt) throw new NotFound('prompt', slug, ['input', 'prompt']);
  const runs = await listRecordedRuns(db, who, { ...filter, promptId: prompt.id }, limit);
  const cases = runs.map((run) => toRecorded(run, placeholders, expectAnswers));
  const fitting = cases.filter(({ bytes }) => bytes <= DATASET_LIMITS.caseBytes);
  // So that the oldest comes first in the dataset too.
  return appendCases(sql, who, { name, cases: fitting.toReversed(), creates: true }, by);
}

function toRecorded(
  { completionId, variables, withheld, parts, object }: RecordedRun,
  placeholders: Readonly<Record<string, unknown>>,
  expectAnswers: boolean,
): NewCase {
  const given = withheld.filter((name) => Object.hasOwn(placeholders, name));
  return toNewCase({
    name: undefined,
    variables: { ...variables, ...Object.fromEntries(given.map((name) => [name, placeholders[name]])) },
    expected: expectAnswers ? redactValue(object ?? textOf(parts)) : undefined,
    source: 'RECORDED',
    completionId,
    missing: withheld.filter((name) => !given.includes(name)),
  });
}

function toPlaceholders(given: unknown): Record<string, unknown> {
  if (given === undefined) return {};
  if (typeof given === 'object' && given !== null && !Array.isArray(given))
    return given as Record<string, unknown>;
  throw invalid('placeholders', 'must be an object with a value for each variable that was kept nowhere');
}

function ensureBounds({ limit, minRating }: WantedRecording): void {
  if (limit < 1 || limit > RECORD_MAX) throw invalid('limit', `is ${limit}; it must be 1 to ${RECORD_MAX}`);
  if (minRating !== undefined && !(minRating >= 0 && minRating <= 1))
    throw invalid('minRating', `is ${minRating}; it must be 0 to 1`);
}

function invalid(field: string, what: string): InvalidInput {
  return new InvalidInput([{ path: ['input', field], message: `input.${field} ${what}` }]);
}
