import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Route, RouteSpec, RouteTarget, RouteVersion } from '../domain/route.ts';
import { toTrial, type TrialRow } from '../trials/rows.ts';

/** A route as it stands, or as it stood when it was deleted. */
export interface KeptRoute extends Route {
  isDeleted: boolean;
}

interface RouteRow {
  id: string;
  organisation_id: string;
  version: number;
  learning: number;
  spec: RouteSpec;
  author_id: string;
  created_ms: number;
  updated_ms: number;
  is_deleted: boolean;
  trial: TrialRow | null;
}

/** @param organisationId of one organisation; undefined for all. */
export async function readRoutes(sql: ISql, organisationId?: string): Promise<KeptRoute[]> {
  const rows = await sql<RouteRow[]>`
    SELECT r.id, r.organisation_id, r.version, r.learning, v.spec, v.author_id, r.deleted_at IS NOT NULL AS is_deleted,
      extract(epoch FROM r.created_at)::float8 * 1000 AS created_ms,
      extract(epoch FROM v.created_at)::float8 * 1000 AS updated_ms, to_jsonb(t.*) AS trial
    FROM routes r JOIN route_versions v ON v.route_id = r.id AND v.number = r.version
      LEFT JOIN trials t ON t.subject_id = r.id AND t.superseded_at IS NULL
    WHERE ${organisationId === undefined ? sql`true` : sql`r.organisation_id = ${organisationId}`}`;
  return rows.map((row) => ({
    ...toSpec(row.spec),
    id: row.id,
    organisationId: row.organisation_id,
    version: row.version,
    learning: row.learning,
    createdAt: new Date(row.created_ms),
    updatedAt: new Date(row.updated_ms),
    updatedBy: row.author_id,
    trial: row.trial ? toTrial(row.trial) : undefined,
    isDeleted: row.is_deleted,
  }));
}

interface VersionRow {
  route_id: string;
  number: number;
  spec: RouteSpec;
  note: string | null;
  author_id: string;
  created_ms: number;
}

/** Those of each route, the last one first. */
export async function listVersionsOf(
  sql: ISql,
  routeIds: readonly string[],
  { first, after }: { first: number; after?: string | undefined },
): Promise<RouteVersion[]> {
  const before = after === undefined ? null : Number(after);
  const rows = await sql<VersionRow[]>`
    SELECT * FROM (
      SELECT route_id, number, spec, note, author_id, extract(epoch FROM created_at)::float8 * 1000 AS created_ms,
        row_number() OVER (PARTITION BY route_id ORDER BY number DESC) AS place
      FROM route_versions
      WHERE route_id IN (SELECT jsonb_array_elements_text(${toJsonParameter(routeIds)}::text::jsonb))
        AND (${before}::int IS NULL OR number < ${before}::int)
    ) AS found WHERE place <= ${first}::int ORDER BY route_id, place`;
  return rows.map(toVersion);
}

export async function countVersionsOf(sql: ISql, routeIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql<{ route_id: string; count: number }[]>`
    SELECT route_id, count(*)::int AS count FROM route_versions
    WHERE route_id IN (SELECT jsonb_array_elements_text(${toJsonParameter(routeIds)}::text::jsonb)) GROUP BY route_id`;
  return new Map(rows.map(({ route_id, count }) => [route_id, count]));
}

/** Also of a route that was deleted. */
export async function findVersion(
  sql: ISql,
  organisationId: string,
  { name, number }: { name: string; number: number },
): Promise<RouteVersion | undefined> {
  const rows = await sql<VersionRow[]>`
    SELECT v.*, extract(epoch FROM v.created_at)::float8 * 1000 AS created_ms
    FROM routes r JOIN route_versions v ON v.route_id = r.id
    WHERE r.organisation_id = ${organisationId} AND r.name = ${name} AND v.number = ${number}::int`;
  return rows.map(toVersion)[0];
}

function toVersion(row: VersionRow): RouteVersion {
  return {
    ...toSpec(row.spec),
    routeId: row.route_id,
    number: row.number,
    note: row.note ?? undefined,
    createdAt: new Date(row.created_ms),
    createdBy: row.author_id,
  };
}

/** JSON has no `undefined`; here every member is there. */
function toSpec({ hedgePercentile, shadow, probeSeconds, targets, ...rest }: RouteSpec): RouteSpec {
  return { ...rest, hedgePercentile, shadow, probeSeconds, targets: targets.map(toTarget) };
}

function toTarget({ condition, upTo, timeouts, ...rest }: RouteTarget): RouteTarget {
  const { connectMs, firstTokenMs, idleMs, totalMs } = timeouts;
  return { ...rest, condition, upTo, timeouts: { connectMs, firstTokenMs, idleMs, totalMs } };
}
