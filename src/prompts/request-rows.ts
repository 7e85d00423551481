import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { LabelRequest, LabelRequestStatus } from '../domain/prompt.ts';

interface RequestRow extends Omit<
  LabelRequest,
  'version' | 'note' | 'createdAt' | 'lapsesAt' | 'deciderId' | 'decidedAt' | 'decisionNote'
> {
  version: number | null;
  note: string | null;
  createdMs: number;
  lapsesMs: number;
  deciderId: string | null;
  decidedMs: number | null;
  decisionNote: string | null;
}

export interface RequestFilter {
  ids?: readonly string[] | undefined;
  status?: LabelRequestStatus | undefined;
}

/** Newest first. One that nobody decided on in time is EXPIRED, without anybody having to write that down. */
export async function readLabelRequests(
  sql: ISql,
  organisationId: string,
  { first, after, ...filter }: RequestFilter & { first?: number; after?: string | undefined },
): Promise<LabelRequest[]> {
  const rows = await sql<RequestRow[]>`
    ${selectRequests(sql, organisationId, filter)}
      AND ${after === undefined ? sql`true` : sql`id < ${after}`}
    ORDER BY id DESC ${first === undefined ? sql`` : sql`LIMIT ${first}::int`}`;
  return rows.map(({ createdMs, lapsesMs, decidedMs, ...row }) => ({
    ...row,
    version: row.version ?? undefined,
    note: row.note ?? undefined,
    deciderId: row.deciderId ?? undefined,
    decisionNote: row.decisionNote ?? undefined,
    createdAt: new Date(createdMs),
    lapsesAt: new Date(lapsesMs),
    decidedAt: decidedMs === null ? undefined : new Date(decidedMs),
  }));
}

export async function countLabelRequests(
  sql: ISql,
  organisationId: string,
  filter: RequestFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM (${selectRequests(sql, organisationId, filter)}) AS found`;
  return row!.count;
}

function selectRequests(sql: ISql, organisationId: string, { ids, status }: RequestFilter) {
  const now = new Date().toISOString();
  return sql`
    SELECT * FROM (
      SELECT id, organisation_id AS "organisationId", prompt_id AS "promptId", label, version,
        requester_id AS "requesterId", note,
        CASE WHEN status = 'PENDING' AND lapses_at <= ${now}::text::timestamptz THEN 'EXPIRED' ELSE status END AS status,
        extract(epoch FROM created_at)::float8 * 1000 AS "createdMs",
        extract(epoch FROM lapses_at)::float8 * 1000 AS "lapsesMs", decider_id AS "deciderId",
        extract(epoch FROM decided_at)::float8 * 1000 AS "decidedMs", decision_note AS "decisionNote"
      FROM prompt_label_requests WHERE organisation_id = ${organisationId}
    ) AS requests
    WHERE ${status === undefined ? sql`true` : sql`status = ${status}`}
      AND ${ids === undefined ? sql`true` : sql`id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`}`;
}
