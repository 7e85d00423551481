import { sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import type { Budget, BudgetScope } from '../domain/budget.ts';
import { settledFacts } from './facts.ts';
import type { Pace } from './forecast.ts';
import { findWatermark } from './progress.ts';

/** How far back. What the roll-ups do not tell apart is read from the facts, of which there are many. */
const ROLLED_UP_HOURS = 7 * 24;
const FACT_HOURS = 24;

const ROLLED_UP: ReadonlySet<BudgetScope> = new Set(['ORGANISATION', 'TEAM', 'KEY', 'MODEL', 'PROVIDER']);
const OF_FACTS: ReadonlySet<BudgetScope> = new Set(['END_USER', 'TAG']);

type Asked = Pick<Budget, 'id' | 'scope' | 'subjectId' | 'unit' | 'createdAt'>;

/**
 * How fast the subjects of budgets use what the budgets count, by the ids of the budgets, in at most two reads of
 * usage: the whole hours of the last week, and for end users and tags of the last day. It begins with the first use or
 * with the budget, whichever came first. Requests that came to nothing are counted too, though budgets do not.
 * @param budgets of one organisation. Nothing is known about routes and prompts.
 */
export async function readPaces(
  db: Db,
  organisationId: string,
  budgets: readonly Asked[],
): Promise<Map<string, Pace>> {
  const rolledUp = budgets.filter(({ scope }) => ROLLED_UP.has(scope));
  const ofFacts = budgets.filter(({ scope }) => OF_FACTS.has(scope));
  // While the roll-ups are being made they say too little.
  const canUseRollUps = rolledUp.length > 0 && (await findWatermark(db)) !== undefined;
  return new Map([
    ...(canUseRollUps ? await read(db, rolledUp, rolledUpHours(organisationId), ROLLED_UP_HOURS) : []),
    ...(ofFacts.length > 0 ? await read(db, ofFacts, hoursOfFacts(organisationId), FACT_HOURS) : []),
  ]);
}

async function read(db: Db, budgets: Asked[], hours: SQL, past: number): Promise<[string, Pace][]> {
  const asked = budgets.map(({ id, scope, subjectId, unit, createdAt }) => ({
    id,
    scope,
    subject_id: subjectId,
    unit,
    since: createdAt,
  }));
  const rows = await db.execute<PaceRow>(sql`
    with asked as materialized (
      select * from jsonb_to_recordset(${toJsonParameter(asked)}::text::jsonb)
        as x(id text, scope text, subject_id text, unit text, since timestamptz)
    ),
    span as materialized (
      select date_bin('1 hour', now(), 'epoch') as ends_at,
        date_bin('1 hour', now(), 'epoch') - make_interval(hours => ${past}::int) as starts_at
    ),
    hours as (${hours})
    select a.id, coalesce(sum(h.amount), 0)::text as sum, coalesce(sum(h.amount * h.amount), 0)::text as sum_of_squares,
      extract(epoch from now())::float8 * 1000 as as_of_ms, (extract(epoch from max(span.ends_at) - greatest(
        max(span.starts_at), date_bin('1 hour', least(min(h.at), max(a.since)), 'epoch'))) / 3600)::int as hours
    from asked a cross join span left join hours h using (id) group by a.id`);
  return rows.map((row) => [
    row.id,
    {
      hours: row.hours,
      sum: BigInt(row.sum),
      sumOfSquares: BigInt(row.sum_of_squares),
      asOf: new Date(row.as_of_ms),
    },
  ]);
}

/** Rows of `id`, `at` and `amount`: what was used in one hour. */
function rolledUpHours(organisationId: string): SQL {
  return sql`
    select a.id, r.starts_at as at, ${amountOf('r')} as amount
    from usage_series s cross join lateral (
      select 'KEY' as scope, s.key_id as subject_id where s.by_key
      union all select * from (
        values ('ORGANISATION', s.organisation_id), ('TEAM', s.team_id), ('MODEL', s.model), ('PROVIDER', s.provider)
      ) whole where not s.by_key
    ) subject join asked a using (scope, subject_id) cross join span cross join lateral (
      select * from usage_rollups where series_id = s.id and grain_s = 3600
        and starts_at >= span.starts_at and starts_at < span.ends_at offset 0
    ) r where s.organisation_id = ${organisationId} group by a.id, r.starts_at`;
}

function hoursOfFacts(organisationId: string): SQL {
  const facts = settledFacts({
    completions: (those) => sql`span cross join lateral (
        select * from completions where organisation_id = ${organisationId}
          and finished_at >= span.starts_at and finished_at < span.ends_at and ${those} offset 0
      ) c where true`,
    corrections: sql`span cross join lateral (
        select * from ledger_entries where organisation_id = ${organisationId} and kind in ('ADJUST', 'CREDIT')
          and created_at >= span.starts_at and created_at < span.ends_at offset 0
      ) e left join completions c on c.id = e.completion_id where true`,
  });
  return sql`
    select a.id, date_bin('1 hour', f.at, 'epoch') as at, ${amountOf('f')} as amount
    from (${facts}) f cross join lateral (
      select 'END_USER' as scope, f.end_user_id as subject_id
      union select 'TAG', (tag ->> 'key') || '=' || (tag ->> 'value') from jsonb_array_elements(f.tags) tag
    ) subject join asked a using (scope, subject_id) where f.origin = 'CALLER' group by a.id, 2`;
}

function amountOf(table: string): SQL {
  const t = sql.raw(table);
  return sql`sum(case a.unit when 'MONEY' then ${t}.cost_nanos when 'TOKENS' then ${t}.input_tokens + ${t}.output_tokens
    else ${t}.requests end)`;
}

type PaceRow = { id: string; sum: string; sum_of_squares: string; as_of_ms: number; hours: number };
