import { sql } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import type { Position } from '../events/outbox.ts';
import type { FactDimensions } from './dimensions.ts';
import { announcedFacts, sumOfMeasures } from './facts.ts';
import { stepOf, type Histogram } from './histogram.ts';
import { placeOf } from './progress.ts';
import type { UsageTotals } from './totals.ts';
import { toTotals, type SumRow } from './sum-row.ts';

/** Facts that differ in nothing but their figures, added up. */
export interface Cell {
  of: FactDimensions;
  totals: UsageTotals;
}

export interface News {
  cells: Cell[];
  /** Everything up to here is in the cells. */
  upTo: Position;
  /** Whether there is more after it. */
  hasMore: boolean;
}

/** Reads the facts of some organisations that were announced after a position, each once, as far as their order is final. */
export async function readNews(
  db: Pick<Db, 'execute'>,
  after: Position,
  options: { organisations: string[]; limit: number },
): Promise<News> {
  const { organisations, limit } = options;
  const rows = await db.execute<NewsRow>(sql`
    with news as materialized (
      select transaction, seq, kind, subject_id from outbox
      where (transaction, seq) > ${placeOf(after)} and transaction < pg_snapshot_xmin(pg_current_snapshot())
        and kind in ('COMPLETION_SETTLED', 'LEDGER_CORRECTED')
        and organisation_id in (select jsonb_array_elements_text(${toJsonParameter(organisations)}::text::jsonb))
      order by transaction, seq limit ${limit}
    ),
    cells as (
      select organisation_id, team_id, key_id, provider, model, status, origin, prompt, tags, end_user_id, ${sumOfMeasures('facts')},
        json_agg(${stepOf(sql`first_token_ms`)}::int) as first_token_steps,
        json_agg(${stepOf(sql`total_ms`)}::int) as latency_steps
      from (${announcedFacts('news')}) facts group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    )
    select (select count(*)::int from news) as events, last.transaction::text as last_transaction, last.seq as last_seq,
      pg_snapshot_xmin(pg_current_snapshot())::text as end_transaction, cells.*
    from (values (1)) as one(row) left join cells on true left join lateral (
      select transaction, seq from news order by transaction desc, seq desc limit 1
    ) last on true`);
  // There is always a row, if only to say where the outbox ends.
  const first = rows[0]!;
  const hasMore = first.events === limit;
  return {
    cells: rows.filter(({ organisation_id: id }) => id !== null).map(toCell),
    upTo: hasMore
      ? { transaction: first.last_transaction, seq: first.last_seq }
      : { transaction: first.end_transaction, seq: -1n },
    hasMore,
  };
}

interface NewsRow extends SumRow, Record<string, unknown> {
  events: number;
  last_transaction: string;
  last_seq: bigint;
  end_transaction: string;
  organisation_id: string;
  team_id: string;
  key_id: string;
  provider: string;
  model: string;
  status: string;
  origin: FactDimensions['origin'];
  prompt: string;
  tags: FactDimensions['tags'];
  end_user_id: string;
  first_token_steps: (number | null)[];
  latency_steps: (number | null)[];
}

function toCell(row: NewsRow): Cell {
  return {
    of: {
      organisationId: row.organisation_id,
      teamId: row.team_id,
      keyId: row.key_id,
      provider: row.provider,
      model: row.model,
      status: row.status,
      origin: row.origin,
      prompt: row.prompt,
      tags: row.tags,
      endUserId: row.end_user_id,
    },
    totals: {
      ...toTotals(row, isError(row.status) ? Number(row.requests) : 0),
      firstTokenMs: countSteps(row.first_token_steps),
      latencyMs: countSteps(row.latency_steps),
    },
  };
}

function isError(status: string): boolean {
  return status === 'FAILED' || status === 'INTERRUPTED';
}

function countSteps(steps: (number | null)[]): Histogram {
  const histogram: Histogram = new Map();
  for (const step of steps) if (step !== null) histogram.set(step, (histogram.get(step) ?? 0) + 1);
  return histogram;
}
