import { sql, type SQL } from 'drizzle-orm';
import { MEASURES, sumOfMeasures } from './facts.ts';
import { stepOf } from './histogram.ts';

/** Seconds that a roll-up may span, finest first. */
export const GRAINS_S = [900, 3_600, 86_400] as const;

const SERIES = sql.raw('organisation_id, by_key, team_id, key_id, provider, model, status, origin, prompt');
const SLOT = sql.raw('series_id, grain_s, starts_at');
const MEASURE_NAMES = sql.raw(MEASURES.join(', '));
const ADDED = sql.raw(MEASURES.map((name) => `${name} = r.${name} + excluded.${name}`).join(', '));
const GRAINS = sql.raw(GRAINS_S.map((grain) => `(${grain})`).join(', '));

/**
 * Common table expressions that add facts to the roll-ups: for each key and for all keys together, and for every grain.
 * Only who holds the lock of `usage_progress` may run it, so that no other has just made a series that this one cannot see.
 */
export function rollUp(facts: SQL): SQL {
  return sql`
    news as materialized (
      select f.*, cube.by_key, case when cube.by_key then f.key_id else '' end as cube_key
      from (${facts}) f cross join (values (true), (false)) as cube(by_key)
    ),
    wanted as (
      select distinct organisation_id, by_key, team_id, cube_key as key_id, provider, model, status, origin, prompt
      from news
    ),
    made as (
      insert into usage_series (${SERIES}) select ${SERIES} from wanted on conflict do nothing
      returning id, ${SERIES}
    ),
    series as materialized (
      select id, ${SERIES} from made
      union all select s.id, ${SERIES} from usage_series s join wanted using (${SERIES})
    ),
    placed as materialized (
      select s.id as series_id, grain.s as grain_s,
        date_bin(make_interval(secs => grain.s), n.at, timestamptz 'epoch') as starts_at,
        ${sql.raw(MEASURES.map((name) => `n.${name}`).join(', '))}, n.first_token_ms, n.total_ms
      from news n join series s on (s.organisation_id, s.by_key, s.team_id, s.key_id, s.provider, s.model, s.status,
          s.origin, s.prompt)
        = (n.organisation_id, n.by_key, n.team_id, n.cube_key, n.provider, n.model, n.status, n.origin, n.prompt)
        cross join (values ${GRAINS}) as grain(s)
    ),
    steps as (
      select ${SLOT}, first_token, step << 32 | count(*) as packed
      from placed cross join lateral (
        values (true, ${stepOf(sql`first_token_ms`)}), (false, ${stepOf(sql`total_ms`)})
      ) as measured(first_token, step)
      where step is not null
      group by ${SLOT}, first_token, step
    ),
    histograms as (
      select ${SLOT}, array_agg(packed) filter (where first_token) as first_token_steps,
        array_agg(packed) filter (where not first_token) as latency_steps
      from steps group by ${SLOT}
    ),
    rolled_up as (
      insert into usage_rollups as r (${SLOT}, ${MEASURE_NAMES}, first_token_steps, latency_steps)
      select ${SLOT}, ${MEASURE_NAMES}, coalesce(first_token_steps, '{}'), coalesce(latency_steps, '{}')
      from (select ${SLOT}, ${sumOfMeasures('placed')} from placed group by ${SLOT}) sums
        left join histograms using (${SLOT})
      on conflict (${SLOT}) do update set ${ADDED},
        first_token_steps = ${merged('first_token_steps')}, latency_steps = ${merged('latency_steps')}
    )`;
}

/** Counts of one step come together again. */
function merged(column: string): SQL {
  const name = sql.raw(column);
  return sql`array(
    select (packed >> 32) << 32 | sum(packed & 4294967295)::bigint
    from unnest(r.${name} || excluded.${name}) as packed group by packed >> 32)`;
}
