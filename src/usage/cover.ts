import { and, eq, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { usageSeries } from '../db/tables/usage.ts';
import { within, type Visibility } from '../db/visibility.ts';
import type { Granularity } from './dimensions.ts';
import { GRAINS_S } from './roll-up.ts';

/** How time is cut. Buckets are those of the time zone's calendar; weeks begin on Monday. */
export interface Buckets {
  granularity: Granularity | undefined;
  timeZone: string;
}

/** By the time of settlement; `to` is exclusive, and without it everything up to now is meant. */
export interface TimeRange {
  from: Date;
  to: Date | undefined;
}

/** Roll-ups of one length that follow each other; of length 0 it is a time that only facts can tell of. */
export interface Run {
  grain_s: number;
  starts_at: string;
  ends_at: string;
}

/** The bucket that a time falls into. */
export function bucketOf(at: SQL, { granularity, timeZone }: Buckets): SQL {
  if (!granularity) return sql`null::timestamptz`;
  return sql`date_trunc(${sql.raw(`'${granularity}'`)}, ${at}, ${timeZone}::text)`;
}

export function inRange(at: SQL, { from, to }: TimeRange): SQL | undefined {
  return and(
    sql`${at} >= ${from.toISOString()}::timestamptz`,
    to && sql`${at} < ${to.toISOString()}::timestamptz`,
  );
}

/**
 * The fewest roll-ups that make up a time: days where a whole day lies in it and in one bucket, else hours, else quarters
 * of an hour; and what is left over at the edges. Nothing outside of the times that have roll-ups.
 */
export async function coverTime(
  db: Pick<Db, 'execute'>,
  visible: Visibility,
  range: TimeRange,
  buckets: Buckets,
): Promise<Run[]> {
  const [quarter, hour, day] = GRAINS_S;
  const series = and(
    within({ organisationId: visible.organisationId }, usageSeries, usageSeries.keyId),
    eq(usageSeries.byKey, false),
  );
  return db.execute<Run & Record<string, unknown>>(sql`
    with known as (
      select min(days.first_day) as starts_at, max(days.last_day) + interval '24 hours' as ends_at
      from usage_series cross join lateral (
        select min(starts_at) as first_day, max(starts_at) as last_day from usage_rollups
        where series_id = usage_series.id and grain_s = ${sql.raw(String(day))}
      ) days where ${series}
    ),
    span as materialized (
      select greatest(starts_at, ${range.from.toISOString()}::timestamptz) as starts_at,
        least(ends_at, ${range.to?.toISOString() ?? 'infinity'}::timestamptz) as ends_at from known where starts_at is not null
    ),
    days as materialized (
      select at, ${fits(day, buckets)} as fits from span, generate_series(
        date_bin('24 hours', span.starts_at, timestamptz 'epoch'), span.ends_at - interval '1 microsecond', '24 hours') at
    ),
    hours as materialized (
      select hour.at, ${fits(hour, buckets, 'hour')} as fits
      from span, days, generate_series(days.at, days.at + interval '23 hours', '1 hour') hour(at)
      where not days.fits and hour.at < span.ends_at and hour.at + interval '1 hour' > span.starts_at
    ),
    quarters as materialized (
      select quarter.at, ${fits(quarter, buckets, 'quarter')} as fits
      from span, hours, generate_series(hours.at, hours.at + interval '45 minutes', '15 minutes') quarter(at)
      where not hours.fits and quarter.at < span.ends_at and quarter.at + interval '15 minutes' > span.starts_at
    ),
    slots as (
      select ${sql.raw(String(day))} as grain_s, ${sql.raw(String(day))} as length_s, at from days where fits
      union all select ${sql.raw(String(hour))}, ${sql.raw(String(hour))}, at from hours where fits
      union all select case when fits then ${sql.raw(String(quarter))} else 0 end, ${sql.raw(String(quarter))}, at from quarters
    ),
    islands as (
      select *, at - row_number() over (partition by grain_s order by at) * make_interval(secs => length_s) as island
      from slots
    )
    select grain_s, min(at) as starts_at, max(at) + make_interval(secs => length_s) as ends_at
    from islands group by grain_s, length_s, island order by starts_at`);
}

/** Whether a slot lies in the time and in one bucket. */
function fits(seconds: number, buckets: Buckets, table?: string): SQL {
  const at = sql.raw(table ? `${table}.at` : 'at');
  const end = sql`${at} + make_interval(secs => ${sql.raw(String(seconds))})`;
  const isOneBucket = buckets.granularity
    ? sql`${bucketOf(sql`${at}`, buckets)} = ${bucketOf(sql`(${end} - interval '1 microsecond')`, buckets)}`
    : sql`true`;
  return sql`(${at} >= span.starts_at and ${end} <= span.ends_at and ${isOneBucket})`;
}
