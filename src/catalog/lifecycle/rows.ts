import type { ISql } from 'postgres';
import type { Lifecycle, SunsetAction } from '../../domain/lifecycle.ts';

/** What an organisation has said of models. */
export interface OwnNames {
  /** Models by their aliases. */
  aliases: ReadonlyMap<string, string>;
  lifecycles: ReadonlyMap<string, Lifecycle>;
}

interface LifecycleRow {
  organisation_id: string;
  model: string;
  deprecated_ms: number | null;
  sunset_ms: number | null;
  replacement: string | null;
  after_sunset: SunsetAction;
}

/** @param organisationId of one organisation; undefined for all. */
export async function readOwnNames(sql: ISql, organisationId?: string): Promise<Map<string, OwnNames>> {
  const whose = organisationId === undefined ? sql`true` : sql`organisation_id = ${organisationId}`;
  const aliases = await sql<{ organisation_id: string; alias: string; model: string }[]>`
    SELECT organisation_id, alias, model FROM model_aliases WHERE ${whose}`;
  const lifecycles = await sql<LifecycleRow[]>`
    SELECT organisation_id, model, replacement, after_sunset,
      extract(epoch FROM deprecated_at)::float8 * 1000 AS deprecated_ms,
      extract(epoch FROM sunset_at)::float8 * 1000 AS sunset_ms
    FROM model_lifecycles WHERE ${whose}`;
  const ids = new Set([...aliases, ...lifecycles].map((row) => row.organisation_id));
  const ofOne = (id: string): OwnNames => ({
    aliases: new Map(
      aliases.filter((row) => row.organisation_id === id).map(({ alias, model }) => [alias, model]),
    ),
    lifecycles: new Map(
      lifecycles.filter((row) => row.organisation_id === id).map((row) => [row.model, toLifecycle(row)]),
    ),
  });
  return new Map([...ids].map((id) => [id, ofOne(id)]));
}

function toLifecycle(row: LifecycleRow): Lifecycle {
  return {
    deprecatedAt: toDate(row.deprecated_ms),
    sunsetAt: toDate(row.sunset_ms),
    replacement: row.replacement ?? undefined,
    afterSunset: row.after_sunset,
  };
}

function toDate(ms: number | null): Date | undefined {
  return ms === null ? undefined : new Date(ms);
}
