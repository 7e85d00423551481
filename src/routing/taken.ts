import type { ISql } from 'postgres';
import type { Model } from '../domain/model.ts';
import { allowedByAll, toRule } from '../domain/regions.ts';
import type { RouteSpec } from '../domain/route.ts';
import { readRoutes } from './rows.ts';
import { findNoWay } from './validate.ts';

/** A change of where the requests of a team or a key may go, as it stands in the database already. */
export interface RuleChange {
  of: { teamId: string } | { keyId: string };
  /** What the rule said before it. */
  before: readonly string[];
}

type Routes = ReadonlyMap<string, RouteSpec>;
type FindModel = (name: string) => Model | undefined;
type Rule = readonly string[] | undefined;

/** A key, or one of many that say the same. */
interface Holder {
  key_id: string;
  key_name: string;
  team_id: string;
  /** Names that it may use; empty: all. */
  models: string[];
  of_organisation: string[];
  of_team: string[];
  of_key: string[];
}

/** Enough to see what is wrong. */
const TOLD_MAX = 20;

/** What a change of a rule takes from keys, that they could use before: routes with no target that is left to them. */
export async function listTakenByRule(
  sql: ISql,
  organisationId: string,
  findModel: FindModel,
  { of, before }: RuleChange,
): Promise<string[]> {
  const holders = await readHolders(sql, organisationId, of);
  const routes = toMap((await readRoutes(sql, organisationId)).filter(({ isDeleted }) => !isDeleted));
  const asBefore = (holder: Holder): Holder =>
    'keyId' in of ? { ...holder, of_key: [...before] } : { ...holder, of_team: [...before] };
  return listTaken(
    findModel,
    holders,
    { routes, ruleOf: (holder) => ruleOf(asBefore(holder)) },
    { routes, ruleOf },
  );
}

/** The same of a change of routes. */
export async function listTakenByRoutes(
  sql: ISql,
  organisationId: string,
  findModel: FindModel,
  change: { before: Routes; after: Routes },
): Promise<string[]> {
  const holders = await readHolders(sql, organisationId);
  const isBound = ({ of_team, of_key }: Holder) => of_team.length + of_key.length > 0;
  return listTaken(
    findModel,
    holders.filter(isBound),
    { routes: change.before, ruleOf },
    { routes: change.after, ruleOf },
  );
}

export function toMap<T extends { name: string }>(routes: readonly T[]): Map<string, T> {
  return new Map(routes.map((route) => [route.name, route]));
}

interface State {
  routes: Routes;
  ruleOf(holder: Holder): Rule;
}

function listTaken(findModel: FindModel, holders: readonly Holder[], before: State, after: State): string[] {
  const [blockedBefore, blockedAfter] = [createJudge(findModel, before), createJudge(findModel, after)];
  const taken: string[] = [];
  for (const holder of holders) {
    for (const name of after.routes.keys()) {
      if (taken.length === TOLD_MAX) return taken;
      if (holder.models.length > 0 && !holder.models.includes(name)) continue;
      const why = blockedAfter(name, holder);
      if (why === undefined || !before.routes.has(name) || blockedBefore(name, holder) !== undefined)
        continue;
      const whose = `the key ${JSON.stringify(holder.key_name)} (${holder.key_id})`;
      taken.push(`${whose} no target of the route ${JSON.stringify(name)}: ${why}`);
    }
  }
  return taken;
}

/** Most keys go by the same few rules, so each route is looked at once for each of these. */
function createJudge(findModel: FindModel, { routes, ruleOf: ruleIn }: State) {
  const known = new Map<string, string | undefined>();
  return (name: string, holder: Holder): string | undefined => {
    const allowedRegions = ruleIn(holder);
    const place = JSON.stringify([name, allowedRegions]);
    const route = routes.get(name);
    if (!known.has(place) && route)
      known.set(
        place,
        findNoWay(route, { findModel, findRoute: (inner) => routes.get(inner), allowedRegions }),
      );
    return known.get(place);
  };
}

function ruleOf({ of_organisation, of_team, of_key }: Holder): Rule {
  return allowedByAll(toRule(of_organisation), toRule(of_team), toRule(of_key));
}

/** Of the keys of a team that may use the same and go to the same, one. */
async function readHolders(
  sql: ISql,
  organisationId: string,
  of: Partial<Record<'teamId' | 'keyId', string>> = {},
): Promise<Holder[]> {
  const { teamId = null, keyId = null } = of;
  return sql<Holder[]>`
    SELECT DISTINCT ON (t.id, k.regions, k.models) k.id AS key_id, k.name AS key_name, t.id AS team_id, k.models,
      o.regions AS of_organisation, t.regions AS of_team, k.regions AS of_key
    FROM api_keys k JOIN teams t ON t.id = k.team_id JOIN organisations o ON o.id = k.organisation_id
    WHERE k.organisation_id = ${organisationId} AND t.id = coalesce(${teamId}, t.id) AND k.id = coalesce(${keyId}, k.id)
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    ORDER BY t.id, k.regions, k.models, k.id`;
}
