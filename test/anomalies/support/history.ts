import { foldUsage } from '../../../src/usage/fold.ts';
import { addKey, addTeam } from '../../access/support/organisation.ts';
import { outcomeOf, reservationFor } from '../../ledger/support.ts';
import type { TestGateway } from '../../support/gateway.ts';

export interface Owner {
  organisationId: string;
  teamId: string;
  keyId: string;
}

/** What was settled so many hours ago. */
export interface PastUse {
  hoursAgo: number;
  requests?: number;
  failed?: number;
  /** Of each request, in and out together. */
  tokens?: number;
  /** Of each request. */
  costNanos?: bigint;
  tags?: { key: string; value: string }[];
  endUserId?: string;
}

/** A team with one key that may ask and that can be looked up by what it spends. */
export async function addCaller(
  gateway: TestGateway,
  organisationId = 'org_default',
): Promise<Owner & { secret: string }> {
  const teamId = await addTeam(gateway, organisationId, 'of callers');
  const { id, secret } = await addKey(gateway, { organisationId, teamId, name: 'caller' }, [
    'COMPLETIONS_WRITE',
  ]);
  return { organisationId, teamId, keyId: id, secret };
}

/** One hour after the other, each like this, up to the one that is over. */
export function pastHours(hours: number, use: Omit<PastUse, 'hoursAgo'> = {}): PastUse[] {
  return Array.from({ length: hours }, (_, hour) => ({ ...use, hoursAgo: hour + 1 }));
}

/** Settles all of it through the ledger, moves it to where it belongs, and makes the roll-ups anew. */
export async function settlePast(gateway: TestGateway, owner: Owner, uses: PastUse[]): Promise<void> {
  const { database } = gateway.gateway;
  const settled = await Promise.all(uses.map((use) => settleAll(gateway, owner, use)));
  const moves = uses.flatMap(({ hoursAgo }, at) => settled[at]!.map((id) => ({ id, hours: hoursAgo })));
  await database.sql`
    UPDATE completions c SET created_at = created_at - make_interval(hours => x.hours),
      finished_at = finished_at - make_interval(hours => x.hours)
    FROM jsonb_to_recordset(${JSON.stringify(moves)}::text::jsonb) AS x(id text, hours int) WHERE c.id = x.id`;
  await database.sql`UPDATE usage_progress SET server = ''`;
  await foldAll(gateway);
}

async function settleAll(gateway: TestGateway, owner: Owner, use: PastUse): Promise<string[]> {
  const { requests = 1, failed = 0, tokens = 100, costNanos = 100_000n, tags = [], endUserId } = use;
  const { ledger } = gateway.gateway;
  return Promise.all(
    Array.from({ length: requests }, async (_, at) => {
      const reservation = reservationFor({ ...owner, tags, endUserId, worstCaseNanos: costNanos });
      const { id } = reservation.completion;
      await ledger.reserve(reservation, new AbortController().signal);
      const usage = { ...outcomeOf(0n).usage, input: tokens, output: 0 };
      const status = at < failed ? 'FAILED' : 'SUCCEEDED';
      await ledger.settle({ completionId: id, outcome: outcomeOf(costNanos, { usage, status }) });
      return id;
    }),
  );
}

/** Until every completion is in the roll-ups, whoever puts it there. */
export async function foldAll(gateway: TestGateway): Promise<void> {
  const { db, sql } = gateway.gateway.database;
  for (;;) {
    await foldUsage(db, 10_000);
    const [row] = await sql<{ done: boolean }[]>`
      SELECT (SELECT count(*) FROM completions WHERE finished_at IS NOT NULL) = (
        SELECT coalesce(sum(r.requests), 0) FROM usage_rollups r JOIN usage_series s ON s.id = r.series_id
        WHERE r.grain_s = 3600 AND NOT s.by_key
      ) AND EXISTS (SELECT FROM usage_progress WHERE server <> '' AND backfilled_to IS NULL) AS done`;
    if (row?.done) return;
  }
}
