import type { Sql } from 'postgres';
import { EACH, type Limit, type LimitScope, type LimitUnit } from '../domain/limit.ts';
import type { Relay } from '../events/relay.ts';
import { idOfContent } from '../lib/ids.ts';

const RETRY_MS = 1_000;

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
  close(): void;
}

export async function openLimitBook(
  sql: Sql,
  options: { defaults: readonly Default[]; relay: Pick<Relay, 'listen'>; onError(error: unknown): void },
): Promise<LimitBook> {
  const { defaults, relay, onError } = options;
  const byOrganisation = new Map<string, Map<string, Limit>>();
  const retries = new Map<string, NodeJS.Timeout>();
  let last: Promise<void> = Promise.resolve();

  function limitsOf(organisationId: string): Map<string, Limit> {
    const known = byOrganisation.get(organisationId);
    if (known) return known;
    const limits = toMap(defaults.map((each) => ofConfig(organisationId, each)));
    byOrganisation.set(organisationId, limits);
    return limits;
  }

  async function read(organisationId: string): Promise<void> {
    clearTimeout(retries.get(organisationId));
    retries.delete(organisationId);
    try {
      const rows = await readLimits(sql, organisationId);
      byOrganisation.set(
        organisationId,
        toMap([...defaults.map((each) => ofConfig(organisationId, each)), ...rows]),
      );
    } catch (error) {
      onError(error);
      retries.set(organisationId, setTimeout(() => void reload(organisationId), RETRY_MS).unref());
    }
  }

  /** One after the other, so that what was read earlier never replaces what was read later. */
  function reload(organisationId: string): Promise<void> {
    last = last.then(() => read(organisationId));
    return last;
  }

  // Listened to before anything is read, so that no change falls in between.
  const stopListening = relay.listen(({ kind, organisationId }) => {
    if (kind === 'LIMITS_CHANGED') void reload(organisationId);
  });
  const rows = await readLimits(sql);
  for (const row of rows) limitsOf(row.organisationId).set(placeOf(row), row);
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
    reload,
    close() {
      stopListening();
      for (const retry of retries.values()) clearTimeout(retry);
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
