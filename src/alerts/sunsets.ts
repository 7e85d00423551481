import type { Sql } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import type { Lifecycle } from '../domain/lifecycle.ts';

/** Looks for models that are still called and come to their end. */
export interface SunsetWatch {
  /**
   * Raises what is due, once for a model, its end and a number of days before it, however many instances look.
   * @returns how many alerts were raised.
   */
  look(): Promise<number>;
}

interface SunsetDeps {
  sql: Sql;
  /** So many days before its end a model is told of. */
  warnDays: readonly number[];
  /** What is known of the ends of models, by their names. */
  listLifecycles(organisationId: string): ReadonlyMap<string, Lifecycle>;
  /** Something was raised and is committed. */
  onRaised(): void;
}

interface Due {
  organisation_id: string;
  model: string;
  sunset_at: string;
  days: number;
  replacement: string | undefined;
  about: string;
}

const DAY_MS = 86_400_000;

export function createSunsetWatch({ sql, warnDays, listLifecycles, onRaised }: SunsetDeps): SunsetWatch {
  const told = new Set<string>();

  async function listDue(): Promise<Due[]> {
    const organisations = await sql<{ id: string }[]>`SELECT id FROM organisations`;
    return organisations
      .flatMap(({ id }) => [...listLifecycles(id)].flatMap((entry) => dueOf(id, entry, warnDays)))
      .filter(({ about }) => !told.has(about));
  }

  return {
    async look() {
      const due = await listDue();
      if (due.length === 0) return 0;
      const found = await raise(sql, due);
      for (const { about } of found) told.add(about);
      const raised = found.filter(({ is_new: isNew }) => isNew).length;
      if (raised > 0) onRaised();
      return raised;
    },
  };
}

/** The nearest to the end of the numbers of days that are reached; an end that is over is no news. */
function dueOf(
  organisationId: string,
  [model, { sunsetAt, replacement }]: [string, Lifecycle],
  warnDays: readonly number[],
): Due[] {
  const leftMs = sunsetAt === undefined ? -1 : sunsetAt.getTime() - Date.now();
  const reached = warnDays.filter((days) => leftMs <= days * DAY_MS);
  if (sunsetAt === undefined || leftMs <= 0 || reached.length === 0) return [];
  const days = Math.min(...reached);
  const end = sunsetAt.toISOString();
  const about = `sunset:${organisationId}:${model}:${end}:${days}`;
  return [{ organisation_id: organisationId, model, sunset_at: end, days, replacement, about }];
}

/** @returns those of which the model was called in the last week, by the roll-ups. */
async function raise(sql: Sql, due: readonly Due[]): Promise<{ about: string; is_new: boolean }[]> {
  return sql<{ about: string; is_new: boolean }[]>`
    WITH called AS MATERIALIZED (
      SELECT x.*, sum(r.requests)::text AS requests
      FROM jsonb_to_recordset(${toJsonParameter(due)}::text::jsonb)
        AS x(organisation_id text, model text, sunset_at text, days int, replacement text, about text)
      JOIN usage_series s ON s.organisation_id = x.organisation_id AND s.model = x.model AND NOT s.by_key
      CROSS JOIN LATERAL (
        SELECT requests FROM usage_rollups
        WHERE series_id = s.id AND grain_s = 3600 AND starts_at >= now() - interval '7 days' OFFSET 0
      ) r
      GROUP BY x.organisation_id, x.model, x.sunset_at, x.days, x.replacement, x.about
      HAVING sum(r.requests) > 0
    ),
    raised AS (
      INSERT INTO alerts (organisation_id, kind, about, detail)
      SELECT organisation_id, 'MODEL_SUNSET', about, jsonb_strip_nulls(jsonb_build_object('model', model,
        'sunsetAt', sunset_at, 'days', days, 'replacement', replacement, 'requests', requests))
      FROM called
      ON CONFLICT (about) DO NOTHING
      RETURNING id, organisation_id, about
    ),
    told AS (
      INSERT INTO outbox (organisation_id, kind, subject_id)
      SELECT organisation_id, 'ALERT_RAISED', id::text FROM raised
    )
    SELECT called.about, raised.id IS NOT NULL AS is_new FROM called LEFT JOIN raised ON raised.about = called.about`;
}
