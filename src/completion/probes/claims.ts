import type { ISql } from 'postgres';
import type { CallEnd } from '../../routing/health.ts';

/** What an instance finds that wants to probe a model. */
export type Claim =
  /** It is its turn. */
  | { kind: 'MINE'; allowedRegions: readonly string[] }
  /** Another one is at it. */
  | { kind: 'TAKEN' }
  /** Another one has just done it. */
  | { kind: 'KNOWN'; end: CallEnd };

interface Row {
  mine: boolean;
  regions: string[] | null;
  kind: CallEnd['kind'] | null;
  latency_ms: number | null;
  is_fresh: boolean | null;
}

/**
 * Lets one instance at a time probe a model.
 * @param organisationId who pays.
 * @param options.freshMs a result that is no older will do, whoever has it.
 * @param options.claimMs after which an instance that has told nothing is taken for dead.
 */
export async function claimProbe(
  sql: ISql,
  { model, organisationId }: { model: string; organisationId: string },
  { freshMs, claimMs }: { freshMs: number; claimMs: number },
): Promise<Claim> {
  const [row] = await sql<Row[]>`
    WITH mine AS (
      INSERT INTO model_probes AS p (model, claimed_until)
      VALUES (${model}, now() + ${claimMs}::int * interval '1 ms')
      ON CONFLICT (model) DO UPDATE SET claimed_until = excluded.claimed_until
        WHERE p.claimed_until < now()
          AND (p.ended_at IS NULL OR p.ended_at < now() - ${Math.floor(freshMs)}::int * interval '1 ms')
      RETURNING model
    )
    SELECT EXISTS (SELECT FROM mine) AS mine, (SELECT regions FROM organisations WHERE id = ${organisationId}) AS regions,
      p.kind, p.latency_ms, p.ended_at >= now() - ${Math.floor(freshMs)}::int * interval '1 ms' AS is_fresh
    FROM (VALUES (1)) AS one(row) LEFT JOIN model_probes p ON p.model = ${model}`;
  const { mine, regions, kind, latency_ms: latencyMs, is_fresh: isFresh } = row!;
  if (mine) return { kind: 'MINE', allowedRegions: regions ?? [] };
  if (!isFresh || kind === null) return { kind: 'TAKEN' };
  return { kind: 'KNOWN', end: { kind, latencyMs: latencyMs ?? undefined, retryAfterMs: undefined } };
}

/** @param end undefined where nothing was learned of the model. */
export async function endClaim(sql: ISql, model: string, end: CallEnd | undefined): Promise<void> {
  if (!end) {
    await sql`UPDATE model_probes SET claimed_until = now() WHERE model = ${model}`;
    return;
  }
  await sql`
    UPDATE model_probes SET claimed_until = now(), ended_at = now(), kind = ${end.kind},
      latency_ms = ${end.latencyMs === undefined ? null : Math.round(end.latencyMs)}::int
    WHERE model = ${model}`;
}
