import { and, eq, gte, inArray, sql as raw } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { completions } from '../db/tables/completions.ts';
import { visibleTo } from '../db/visibility.ts';
import type { Principal } from '../domain/principal.ts';
import { leastIdAt } from '../lib/ids.ts';
import { COST_OF_ALL_ATTEMPTS } from './completions.ts';

/** What callers have asked of a version of a prompt. */
export interface PromptUsage {
  completions: number;
  /** Undefined: not within the time. */
  lastUsedAt: Date | undefined;
  costNanos: bigint;
  /** How many have no known cost. */
  unpriced: number;
}

export const NEVER_USED: PromptUsage = { completions: 0, lastUsedAt: undefined, costNanos: 0n, unpriced: 0 };

/** By the id of the version; only what `who` may see. @param since those that began then or later. */
export async function sumPromptUsage(
  db: Db,
  who: Principal,
  versions: readonly { id: string; promptId: string }[],
  since: Date,
): Promise<Map<string, PromptUsage>> {
  const rows = await db
    .select({
      id: completions.promptVersionId,
      completions: raw<number>`count(*)::int`,
      lastMs: raw<number>`extract(epoch from max(${completions.createdAt}))::float8 * 1000`,
      costNanos: raw<string>`coalesce(sum(${COST_OF_ALL_ATTEMPTS}), 0)::text`,
      unpriced: raw<number>`(count(*) - count(${COST_OF_ALL_ATTEMPTS}))::int`,
    })
    .from(completions)
    .where(
      and(
        visibleTo(who, completions, completions.keyId),
        eq(completions.origin, 'CALLER'),
        inArray(completions.promptId, [...new Set(versions.map(({ promptId }) => promptId))]),
        inArray(
          completions.promptVersionId,
          versions.map(({ id }) => id),
        ),
        gte(completions.id, leastIdAt('cmpl', since)),
      ),
    )
    .groupBy(completions.promptVersionId);
  return new Map(
    rows.map(({ id, lastMs, costNanos, ...counts }) => [
      id!,
      { ...counts, lastUsedAt: new Date(lastMs), costNanos: BigInt(costNanos) },
    ]),
  );
}
