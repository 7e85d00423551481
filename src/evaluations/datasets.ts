import type { Sql, TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit } from '../events/audit.ts';
import { newId } from '../lib/ids.ts';
import { ensureFits, toUploaded, type NewCase, type WantedCase } from './cases.ts';
import { readDatasets, type StoredDataset } from './rows.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const DESCRIPTION_MAX = 2_000;
const DATASETS_MAX = 1_000;
/** Versions that are kept although no evaluation is of them. */
const VERSIONS_KEPT = 10;

/** A dataset as it is wished for. */
export interface WantedDataset {
  name: string;
  /** Undefined: as it was. */
  description: string | undefined;
  cases: WantedCase[];
}

/**
 * Makes a dataset, or gives one that there is exactly these cases. Those that it has already stay the same cases, so that
 * evaluations of both versions can be compared; where nothing changes there is no new version.
 * @throws InvalidInput with every fault of it.
 */
export async function setDataset(
  sql: Sql,
  who: Principal,
  { name, description, cases: wanted }: WantedDataset,
  by: Origin,
): Promise<StoredDataset> {
  ensureName(name);
  ensureDescription(description);
  const at = ['input', 'cases'];
  const cases = toUploaded(wanted, at);
  ensureFits(cases, { at });
  const changed = await changeDataset(sql, who, { name, by, action: 'dataset.set' }, async (tx, found) => {
    const dataset = found ?? (await addDataset(tx, who, name));
    const { added, removed } = await replaceCases(tx, dataset, cases);
    if (description !== undefined)
      await tx`UPDATE datasets SET description = ${description} WHERE id = ${dataset.id}`;
    return { dataset, added, removed };
  });
  return changed.dataset;
}

/**
 * Adds cases to those that a dataset has, for uploads of more than one request holds.
 * @throws InvalidInput with every fault; NotFound for no such dataset.
 */
export async function addCases(
  sql: Sql,
  who: Principal,
  { name, cases }: { name: string; cases: WantedCase[] },
  by: Origin,
): Promise<StoredDataset> {
  const uploaded = toUploaded(cases, ['input', 'cases']);
  return (await appendCases(sql, who, { name, cases: uploaded }, by)).dataset;
}

/**
 * The same with cases that were made here. Of a completion that the dataset has a case of there is no second one.
 * @param wanted.creates the dataset where there is none.
 */
export async function appendCases(
  sql: Sql,
  who: Principal,
  { name, cases: given, creates = false }: { name: string; cases: readonly NewCase[]; creates?: boolean },
  by: Origin,
): Promise<Changed> {
  if (creates) ensureName(name);
  return changeDataset(sql, who, { name, by, action: 'dataset.add' }, async (tx, found) => {
    if (!found && !creates) throw new NotFound('dataset', name, ['input', 'name']);
    const dataset = found ?? (await addDataset(tx, who, name));
    const at = ['input', 'cases'];
    const cases = await withoutKnown(tx, dataset, given);
    ensureFits(cases, { at, already: { cases: dataset.caseCount, bytes: dataset.bytes } });
    await ensureNamesFree(tx, dataset, cases, at);
    await insertCases(tx, dataset, cases);
    return { dataset, added: cases.length, removed: 0 };
  });
}

/**
 * Forgets a dataset with all that its cases say. What evaluations of it have come to stays.
 * @throws NotFound
 */
export async function deleteDataset(sql: Sql, who: Principal, name: string, by: Origin): Promise<string> {
  const { organisationId, keyId: actorId } = who;
  return sql.begin(async (tx) => {
    await lockDatasets(tx, organisationId);
    const [dataset] = await readDatasets(tx, organisationId, { name });
    if (!dataset) throw new NotFound('dataset', name, ['name']);
    const { id, version, caseCount } = dataset;
    await tx`DELETE FROM dataset_cases WHERE dataset_id = ${id}`;
    await tx`UPDATE datasets SET deleted_at = now(), case_count = 0, bytes = 0 WHERE id = ${id}`;
    const before = { name, version, cases: caseCount };
    await appendAudit(tx, { organisationId, actorId, action: 'dataset.delete', targetId: id, before, ...by });
    return id;
  });
}

/** A dataset after a change, and how many cases that has added. */
interface Changed {
  dataset: StoredDataset;
  added: number;
}

interface Change {
  dataset: StoredDataset;
  added: number;
  removed: number;
}

/** One change after the other of the datasets of an organisation, audited by numbers: what cases say is nobody's there. */
async function changeDataset(
  sql: Sql,
  who: Principal,
  { name, by, action }: { name: string; by: Origin; action: string },
  change: (tx: TransactionSql, found: StoredDataset | undefined) => Promise<Change>,
): Promise<Changed> {
  const { organisationId, keyId: actorId } = who;
  const changed = await sql.begin(async (tx): Promise<Changed> => {
    await lockDatasets(tx, organisationId);
    const [found] = await readDatasets(tx, organisationId, { name });
    const { dataset, added, removed } = await change(tx, found);
    if (added > 0 || removed > 0) await closeVersion(tx, dataset);
    const [after] = await readDatasets(tx, organisationId, { name });
    const record = {
      before: found && { name, version: found.version, cases: found.caseCount },
      after: { name, version: after!.version, cases: after!.caseCount, added, removed },
    };
    if (found && added + removed === 0 && found.description === after!.description)
      return { dataset: after!, added };
    await appendAudit(tx, { organisationId, actorId, action, targetId: dataset.id, ...record, ...by });
    return { dataset: after!, added };
  });
  return changed;
}

async function lockDatasets(tx: TransactionSql, organisationId: string): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(hashtextextended(${`datasets ${organisationId}`}, 0))`;
}

async function addDataset(
  tx: TransactionSql,
  { organisationId }: Principal,
  name: string,
): Promise<StoredDataset> {
  const [row] = await tx<{ count: number }[]>`
    SELECT count(*)::int AS count FROM datasets WHERE organisation_id = ${organisationId} AND deleted_at IS NULL`;
  if (row!.count >= DATASETS_MAX)
    throw invalid(['input', 'name'], `would be one dataset more than ${DATASETS_MAX}; delete one first`);
  await tx`
    INSERT INTO datasets (id, organisation_id, name, version, case_count, bytes, created_at, changed_at)
    VALUES (${newId('ds')}, ${organisationId}, ${name}, 1, 0, 0, now(), now())`;
  const [dataset] = await readDatasets(tx, organisationId, { name });
  // Its first version is the one that is being made.
  return { ...dataset!, version: 0 };
}

async function replaceCases(
  tx: TransactionSql,
  { id, version }: StoredDataset,
  cases: readonly NewCase[],
): Promise<{ added: number; removed: number }> {
  const kept = await tx<{ id: string; content_hash: string }[]>`
    SELECT id, content_hash FROM dataset_cases WHERE dataset_id = ${id} AND until_version IS NULL ORDER BY id`;
  const idle = Map.groupBy(kept, ({ content_hash }) => content_hash);
  // Of several that say the same each stands for one.
  const added = cases.filter(({ contentHash }) => idle.get(contentHash)?.shift() === undefined);
  const removed = [...idle.values()].flat().map((row) => row.id);
  await tx`
    UPDATE dataset_cases SET until_version = ${version + 1}::int
    WHERE dataset_id = ${id} AND id IN (SELECT jsonb_array_elements_text(${toJsonParameter(removed)}::text::jsonb))`;
  await insertCases(tx, { id, version }, added);
  return { added: added.length, removed: removed.length };
}

async function insertCases(
  tx: TransactionSql,
  { id, version }: Pick<StoredDataset, 'id' | 'version'>,
  cases: readonly NewCase[],
): Promise<void> {
  const rows = cases.map((each) => ({ ...each, id: newId('case') }));
  await tx`
    INSERT INTO dataset_cases (id, dataset_id, organisation_id, from_version, name, variables, expected, source,
      completion_id, missing, content_hash, bytes)
    SELECT x.id, d.id, d.organisation_id, ${version + 1}::int, x.name, x.variables, x.expected, x.source,
      x."completionId", x.missing, x."contentHash", x.bytes
    FROM jsonb_to_recordset(${toJsonParameter(rows)}::text::jsonb) AS x(id text, name text, variables jsonb,
        expected jsonb, source text, "completionId" text, missing jsonb, "contentHash" text, bytes int),
      (SELECT * FROM datasets WHERE id = ${id}) AS d`;
}

/** Counts what the next version holds, makes it the newest, and lets go what nobody can ask for any more. */
async function closeVersion(tx: TransactionSql, { id, version }: StoredDataset): Promise<void> {
  await tx`
    UPDATE datasets d SET version = ${version + 1}::int, changed_at = now(), case_count = c.count, bytes = c.bytes
    FROM (SELECT count(*)::int AS count, coalesce(sum(bytes), 0)::int AS bytes FROM dataset_cases
      WHERE dataset_id = ${id} AND until_version IS NULL) AS c
    WHERE d.id = ${id}`;
  await tx`
    DELETE FROM dataset_cases c
    WHERE c.dataset_id = ${id} AND c.until_version <= ${version + 1 - VERSIONS_KEPT}::int
      AND NOT EXISTS (SELECT FROM evaluations e WHERE e.dataset_id = ${id}
        AND e.dataset_version >= c.from_version AND e.dataset_version < c.until_version)`;
}

async function withoutKnown(
  tx: TransactionSql,
  { id }: StoredDataset,
  cases: readonly NewCase[],
): Promise<NewCase[]> {
  const ids = cases.flatMap(({ completionId }) => completionId ?? []);
  const rows = await tx<{ completion_id: string }[]>`
    SELECT completion_id FROM dataset_cases WHERE dataset_id = ${id} AND until_version IS NULL
      AND completion_id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`;
  const known = new Set<string | undefined>(rows.map(({ completion_id }) => completion_id));
  return cases.filter(({ completionId }) => completionId === undefined || !known.has(completionId));
}

async function ensureNamesFree(
  tx: TransactionSql,
  { id }: StoredDataset,
  cases: readonly NewCase[],
  at: string[],
): Promise<void> {
  const names = cases.flatMap(({ name }) => name ?? []);
  const [taken] = await tx<{ name: string }[]>`
    SELECT name FROM dataset_cases WHERE dataset_id = ${id} AND until_version IS NULL
      AND name IN (SELECT jsonb_array_elements_text(${toJsonParameter(names)}::text::jsonb)) LIMIT 1`;
  if (!taken) return;
  const place = cases.findIndex(({ name }) => name === taken.name);
  throw invalid(
    [...at, String(place), 'name'],
    `is ${JSON.stringify(taken.name)}, the name of a case that the dataset has`,
  );
}

function ensureName(name: string): void {
  if (NAME.test(name)) return;
  throw invalid(
    ['input', 'name'],
    `is ${JSON.stringify(name.slice(0, 100))}; it must be 1 to 64 characters of a-z, 0-9, ".", "_" and "-", such as "support-tickets"`,
  );
}

function ensureDescription(description: string | undefined): void {
  if (description === undefined || description.length <= DESCRIPTION_MAX) return;
  throw invalid(
    ['input', 'description'],
    `is ${description.length} characters long; at most ${DESCRIPTION_MAX} fit`,
  );
}

function invalid(path: string[], what: string): InvalidInput {
  return new InvalidInput([{ path, message: `${path.join('.')} ${what}` }]);
}
