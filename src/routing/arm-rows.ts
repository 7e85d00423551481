import type { ISql, Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Arms, PlacedArm } from './arms.ts';
import { FADING } from './learned.ts';

/** So many arms fit into the memory of an instance; what was seen last is read. */
const READ_MAX = 50_000;
/** Rows of transactions that were still open at the last look are among those of the last minute. */
const OVERLAP_MS = 60_000;
const KEPT_DAYS = 90;
/** What came before so many values has faded to nothing; a higher power is more than PostgreSQL can tell from 0. */
const FADED_AFTER = 10_000;

/** What was learned, in the database. */
export interface LearnedStore {
  /** Writes what this instance has seen, and reads what the others have. */
  exchange(): Promise<void>;
  /** Drops what nobody has added to for long. */
  trim(): Promise<void>;
}

export function openLearnedStore(sql: Sql, arms: Pick<Arms, 'exchange'>): LearnedStore {
  let readUpToMs = 0;
  return {
    exchange: () =>
      arms.exchange(async (news) => {
        const written = news.length > 0 ? await write(sql, news) : [];
        const { rows, nowMs } = await readSince(sql, readUpToMs - OVERLAP_MS);
        readUpToMs = nowMs;
        return [...written, ...rows];
      }),
    async trim() {
      await sql`DELETE FROM learned_arms WHERE updated_at < now() - ${KEPT_DAYS}::int * interval '1 day'`;
    },
  };
}

interface Row {
  route_id: string;
  learning: number;
  target: string;
  success_count: number;
  success_sum: number;
  feedback_count: number;
  feedback_sum: number;
  cost_count: number;
  cost_sum: number;
  latency_count: number;
  latency_sum: number;
}

/** In one order, so that instances that write the same ones wait for each other and for nobody else. */
async function write(sql: ISql, news: PlacedArm[]): Promise<PlacedArm[]> {
  const { success, feedback, costNanos, latencyMs } = FADING;
  const rows = await sql<Row[]>`
    INSERT INTO learned_arms AS l
    SELECT (row).* FROM (
      SELECT jsonb_populate_record(NULL::learned_arms, news || jsonb_build_object('updated_at', now())) AS row
      FROM jsonb_array_elements(${toJsonParameter(news.map(toRow))}::text::jsonb) AS news
    ) rows ORDER BY (row).route_id, (row).learning, (row).target
    ON CONFLICT (route_id, learning, target) DO UPDATE SET
      success_count = l.success_count + excluded.success_count,
      success_sum = l.success_sum * power(${success}::float8, least(excluded.success_count, ${FADED_AFTER}::int))
        + excluded.success_sum,
      feedback_count = l.feedback_count + excluded.feedback_count,
      feedback_sum = l.feedback_sum * power(${feedback}::float8, least(excluded.feedback_count, ${FADED_AFTER}::int))
        + excluded.feedback_sum,
      cost_count = l.cost_count + excluded.cost_count,
      cost_sum = l.cost_sum * power(${costNanos}::float8, least(excluded.cost_count, ${FADED_AFTER}::int))
        + excluded.cost_sum,
      latency_count = l.latency_count + excluded.latency_count,
      latency_sum = l.latency_sum * power(${latencyMs}::float8, least(excluded.latency_count, ${FADED_AFTER}::int))
        + excluded.latency_sum,
      updated_at = excluded.updated_at
    RETURNING l.*`;
  return rows.map(toPlaced);
}

async function readSince(sql: ISql, sinceMs: number): Promise<{ rows: PlacedArm[]; nowMs: number }> {
  const [clock] = await sql<{ now_ms: number }[]>`SELECT extract(epoch FROM now())::float8 * 1000 AS now_ms`;
  const rows = await sql<Row[]>`
    SELECT * FROM learned_arms WHERE updated_at > to_timestamp(${sinceMs / 1_000}::float8)
    ORDER BY updated_at DESC LIMIT ${READ_MAX}::int`;
  return { rows: rows.map(toPlaced), nowMs: clock!.now_ms };
}

function toRow({ routeId, learning, target, arm }: PlacedArm): Row {
  const { success, feedback, costNanos, latencyMs } = arm;
  return {
    route_id: routeId,
    learning,
    target,
    success_count: success.count,
    success_sum: success.sum,
    feedback_count: feedback.count,
    feedback_sum: feedback.sum,
    cost_count: costNanos.count,
    cost_sum: costNanos.sum,
    latency_count: latencyMs.count,
    latency_sum: latencyMs.sum,
  };
}

function toPlaced({ route_id: routeId, learning, target, ...row }: Row): PlacedArm {
  return {
    routeId,
    learning,
    target,
    arm: {
      success: { count: row.success_count, sum: row.success_sum },
      feedback: { count: row.feedback_count, sum: row.feedback_sum },
      costNanos: { count: row.cost_count, sum: row.cost_sum },
      latencyMs: { count: row.latency_count, sum: row.latency_sum },
    },
  };
}
