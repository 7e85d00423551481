import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { CaseSource, Dataset, DatasetCase } from '../domain/evaluation.ts';

interface DatasetRow {
  id: string;
  organisation_id: string;
  name: string;
  description: string | null;
  version: number;
  case_count: number;
  bytes: number;
  created_ms: number;
  changed_ms: number;
}

/** A dataset, and how large its newest version is. */
export interface StoredDataset extends Dataset {
  bytes: number;
}

/** Datasets of an organisation by name, without those that are deleted. */
export async function readDatasets(
  sql: ISql,
  organisationId: string,
  where: { name?: string; ids?: readonly string[]; after?: string | undefined; first?: number } = {},
): Promise<StoredDataset[]> {
  const { name, ids, after, first = null } = where;
  const rows = await sql<DatasetRow[]>`
    SELECT *, extract(epoch FROM created_at)::float8 * 1000 AS created_ms,
      extract(epoch FROM changed_at)::float8 * 1000 AS changed_ms
    FROM datasets
    WHERE organisation_id = ${organisationId} AND deleted_at IS NULL
      AND ${name === undefined ? sql`true` : sql`name = ${name}`}
      AND ${ids === undefined ? sql`true` : sql`id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`}
      AND ${after === undefined ? sql`true` : sql`name COLLATE "C" > ${after}`}
    ORDER BY name COLLATE "C" LIMIT ${first}::int`;
  return rows.map((row) => ({
    id: row.id,
    organisationId: row.organisation_id,
    name: row.name,
    description: row.description ?? undefined,
    version: row.version,
    caseCount: row.case_count,
    bytes: row.bytes,
    createdAt: new Date(row.created_ms),
    changedAt: new Date(row.changed_ms),
  }));
}

export async function countDatasets(sql: ISql, organisationId: string): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM datasets WHERE organisation_id = ${organisationId} AND deleted_at IS NULL`;
  return row!.count;
}

interface CaseRow {
  id: string;
  dataset_id: string;
  name: string | null;
  variables: Record<string, unknown>;
  expected: unknown;
  source: CaseSource;
  completion_id: string | null;
  missing: string[];
}

/** Names one version of a dataset. */
export interface VersionOfDataset {
  datasetId: string;
  version: number;
}

/** Cases of each of these versions, of datasets of the organisation: the oldest first. */
export async function listCases(
  sql: ISql,
  organisationId: string,
  versions: readonly VersionOfDataset[],
  { first, after }: { first: number; after?: string | undefined },
): Promise<DatasetCase[][]> {
  const rows = await sql<(CaseRow & { of_version: number })[]>`
    SELECT * FROM (
      SELECT c.*, x.version AS of_version,
        row_number() OVER (PARTITION BY c.dataset_id, x.version ORDER BY c.id) AS place
      FROM jsonb_to_recordset(${toJsonParameter(versions)}::text::jsonb) AS x("datasetId" text, version int)
        JOIN dataset_cases c ON c.dataset_id = x."datasetId" AND ${holds(sql, sql`x.version`)}
      WHERE c.organisation_id = ${organisationId} AND ${after === undefined ? sql`true` : sql`c.id > ${after}`}
    ) AS found WHERE place <= ${first}::int ORDER BY id`;
  const keyOf = (datasetId: string, version: number) => `${datasetId} ${version}`;
  const found = Map.groupBy(rows, (row) => keyOf(row.dataset_id, row.of_version));
  return versions.map(({ datasetId, version }) => (found.get(keyOf(datasetId, version)) ?? []).map(toCase));
}

/** How many cases a version has. */
export async function countCases(
  sql: ISql,
  organisationId: string,
  { datasetId, version }: VersionOfDataset,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM dataset_cases c
    WHERE c.organisation_id = ${organisationId} AND c.dataset_id = ${datasetId}
      AND ${holds(sql, sql`${version}::int`)}`;
  return row!.count;
}

/** Cases by their ids, whatever the version. */
export async function findCases(
  sql: ISql,
  organisationId: string,
  ids: readonly string[],
): Promise<DatasetCase[]> {
  const rows = await sql<CaseRow[]>`
    SELECT * FROM dataset_cases
    WHERE organisation_id = ${organisationId}
      AND id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`;
  return rows.map(toCase);
}

function holds(sql: ISql, version: ReturnType<ISql>) {
  return sql`c.from_version <= ${version} AND (c.until_version IS NULL OR c.until_version > ${version})`;
}

function toCase(row: CaseRow): DatasetCase {
  return {
    id: row.id,
    datasetId: row.dataset_id,
    name: row.name ?? undefined,
    variables: row.variables,
    expected: row.expected ?? undefined,
    source: row.source,
    completionId: row.completion_id ?? undefined,
    missing: row.missing,
  };
}
