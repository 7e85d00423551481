import type { ISql } from 'postgres';

/**
 * Lets one instance at a time probe a model.
 * @param organisationId who pays.
 * @param options.freshMs a result that is no older will do, whoever has it: all hear of it as of any other call.
 * @param options.claimMs after which an instance that has told nothing is taken for dead.
 * @returns the regions that the organisation allows, none for all; undefined: another instance is at it or has just done it.
 */
export async function claimProbe(
  sql: ISql,
  { model, organisationId }: { model: string; organisationId: string },
  { freshMs, claimMs }: { freshMs: number; claimMs: number },
): Promise<readonly string[] | undefined> {
  const [claim] = await sql<{ regions: string[] | null }[]>`
    INSERT INTO model_probes AS p (model, claimed_until)
    VALUES (${model}, now() + ${claimMs}::int * interval '1 ms')
    ON CONFLICT (model) DO UPDATE SET claimed_until = excluded.claimed_until
      WHERE p.claimed_until < now()
        AND (p.ended_at IS NULL OR p.ended_at < now() - ${Math.floor(freshMs)}::int * interval '1 ms')
    RETURNING (SELECT regions FROM organisations WHERE id = ${organisationId}) AS regions`;
  return claim && (claim.regions ?? []);
}

/** @param isKnown whether something was learned of the model. */
export async function endClaim(sql: ISql, model: string, isKnown: boolean): Promise<void> {
  await sql`
    UPDATE model_probes SET claimed_until = now(), ended_at = CASE WHEN ${isKnown}::bool THEN now() ELSE ended_at END
    WHERE model = ${model}`;
}
