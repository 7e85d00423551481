import type { Sql } from 'postgres';
import { EACH, type Limit, type LimitScope, type LimitUnit } from '../domain/limit.ts';
import type { Relay } from '../events/relay.ts';
import { idOfContent } from '../lib/ids.ts';
import { createReloadQueue } from '../lib/reload-queue.ts';

type Default = Pick<Limit, 'scope' | 'unit' | 'max'>;

/** Every limit there is, in memory: no request reads the database for them. */
export interface LimitBook {
  /**
   * The limit that holds for a subject: the one set on it, else the one for each of its scope, else that of the config.
   */
  find(organisationId: string, scope: LimitScope, subjectId: string, unit: LimitUnit): Limit | undefined;
  /** Those of an organisation and of the config, by their ids, the last one first. */
  list(organisationId: string): Limit[];
  /** Reads those of an organisation anew; what cannot be read now is tried again until it can. */
  reload(organisationId: string): Promise<void>;
  close(): Promise<void>;
}

/** @throws Error when the database cannot be read. */
export async function openLimitBook(
  sql: Sql,
  options: { defaults: readonly Default[]; relay: Pick<Relay, 'listen'>; onError(error: unknown): void },
): Promise<LimitBook> {
  const { defaults, relay, onError } = options;
  const byOrganisation = new Map<string, Map<string, Limit>>();

  function keep(organisationId: string, rows: readonly Limit[]): Map<string, Limit> {
    const limits = toMap([...defaults.map((each) => ofConfig(organisationId, each)), ...rows]);
    byOrganisation.set(organisationId, limits);
    return limits;
  }

  function limitsOf(organisationId: string): Map<string, Limit> {
    return byOrganisation.get(organisationId) ?? keep(organisationId, []);
  }

  async function readAll(): Promise<void> {
    const rows = await readLimits(sql);
    for (const [id, ofOne] of Map.groupBy(rows, (row) => row.organisationId)) keep(id, ofOne);
  }

  const first = readAll();
  const reloads = createReloadQueue(
    first,
    async (organisationId) => void keep(organisationId, await readLimits(sql, organisationId)),
    onError,
  );
  // Heard from before the first read is over, so that nothing falls between the two.
  const stopListening = relay.listen(({ kind, organisationId }) => {
    if (kind === 'LIMITS_CHANGED') void reloads.add(organisationId);
  });
  await first.catch((error: unknown) => {
    stopListening();
    throw error;
  });
  return {
    find(organisationId, scope, subjectId, unit) {
      const limits = limitsOf(organisationId);
      if (limits.size === 0) return undefined;
      return (
        limits.get(placeOf({ scope, subjectId, unit })) ??
        limits.get(placeOf({ scope, subjectId: EACH, unit }))
      );
    },
    list: (organisationId) =>
      [...limitsOf(organisationId).values()].toSorted((a, b) => (a.id < b.id ? 1 : -1)),
    reload: (organisationId) => reloads.add(organisationId),
    close() {
      stopListening();
      return reloads.close();
    },
  };
}

function toMap(limits: readonly Limit[]): Map<string, Limit> {
  return new Map(limits.map((limit) => [placeOf(limit), limit]));
}

function placeOf({ scope, subjectId, unit }: Pick<Limit, 'scope' | 'subjectId' | 'unit'>): string {
  return `${scope} ${unit} ${subjectId}`;
}

/** Its id is always the same, so that a client can tell it from others. */
function ofConfig(organisationId: string, { scope, unit, max }: Default): Limit {
  const id = idOfContent('lim', `${organisationId} ${scope} ${unit}`);
  const subject = { subjectId: EACH, teamId: undefined, createdAt: undefined };
  return { id, organisationId, scope, unit, max, ...subject };
}

interface LimitRow {
  id: string;
  organisation_id: string;
  team_id: string | null;
  scope: LimitScope;
  subject_id: string;
  unit: LimitUnit;
  max: bigint;
  created_ms: number;
}

async function readLimits(sql: Sql, organisationId?: string): Promise<Limit[]> {
  const rows = await sql<LimitRow[]>`
    SELECT *, extract(epoch FROM created_at)::float8 * 1000 AS created_ms FROM rate_limits
    WHERE ${organisationId === undefined ? sql`true` : sql`organisation_id = ${organisationId}`}`;
  return rows.map((row) => ({
    id: row.id,
    organisationId: row.organisation_id,
    teamId: row.team_id ?? undefined,
    scope: row.scope,
    subjectId: row.subject_id,
    unit: row.unit,
    max: Number(row.max),
    createdAt: new Date(row.created_ms),
  }));
}
