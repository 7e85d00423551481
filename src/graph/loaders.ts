import DataLoader from 'dataloader';
import { findGrants, findGrantsOfRequests, type AccessGrant } from '../access/grants.ts';
import { countKeysOfTeams, findKeys, listKeysOfTeams, type ApiKey } from '../access/keys.ts';
import { countMembersOf, listMembersOf, type Member, type MemberOwner } from '../access/members.ts';
import { findOrganisations, type Organisation } from '../access/organisations.ts';
import { listRoles, type Role } from '../access/roles.ts';
import { findAccessRequests, type AccessRequest } from '../access/requests/read.ts';
import { findTeams, type Team } from '../access/teams.ts';
import { findUsers, type User } from '../access/users.ts';
import { findAlerts, type Alert } from '../alerts/alerts.ts';
import { listDeliveries, type WebhookDelivery } from '../alerts/deliveries.ts';
import { subjectOf, type Budget } from '../domain/budget.ts';
import { findPrices, listPriceHistory } from '../catalog/price-rows.ts';
import type { Completion } from '../domain/completion.ts';
import type { Limit, LimitStanding } from '../domain/limit.ts';
import type { Price } from '../domain/model.ts';
import type { Principal } from '../domain/principal.ts';
import { findAuditEvents, type AuditEvent } from '../events/audit.ts';
import type { Gateway } from '../gateway.ts';
import { findBudgets, listBudgets } from '../ledger/budgets/read.ts';
import { findCompletions, type Page } from '../ledger/completions.ts';
import { findEntries, type LedgerEntry } from '../ledger/entries.ts';
import { subjectsOfCaller } from '../limits/read.ts';
import type { Pace } from '../usage/forecast.ts';
import { readPaces } from '../usage/pace.ts';

/** A subject has at most one budget for each unit and window, so no list of theirs comes near. */
const MOST_BUDGETS = 10_000;

type ById<T> = DataLoader<string, T | null>;

/** One batched read for each kind of row, whatever the number of places that ask. Only what `who` may see is found. */
export interface Loaders {
  completion: ById<Completion>;
  key: ById<ApiKey>;
  team: ById<Team>;
  organisation: ById<Organisation>;
  user: ById<User>;
  /** By its name. */
  role: DataLoader<string, Role | null>;
  entry: ById<LedgerEntry>;
  price: ById<Price>;
  /** By the name of a model. */
  priceHistory: DataLoader<string, Price[]>;
  auditEvent: ById<AuditEvent>;
  alert: ById<Alert>;
  accessRequest: ById<AccessRequest>;
  accessGrant: ById<AccessGrant>;
  /** By the request that it came of. */
  grantOfRequest: ById<AccessGrant>;
  /** How far the webhooks are with an alert. */
  deliveriesOfAlert: DataLoader<string, WebhookDelivery[]>;
  budget: ById<Budget>;
  /** By what they are set on, as `SCOPE:id`. */
  budgetsOn: DataLoader<string, Budget[]>;
  /** How a limit stands for whoever asks; null where that depends on what is asked for. */
  limitStanding: DataLoader<Limit, LimitStanding | null, string>;
  /** How fast that which a budget counts is used; undefined where nothing is known. */
  pace: DataLoader<Budget, Pace | undefined, string>;
  /** The keys of a team, one page of them; the same page of many teams is one read. */
  keysOfTeam(page: Page): DataLoader<string, ApiKey[]>;
  keyCount: DataLoader<string, number>;
  /** The members of a team or the memberships of a user, in the same way. */
  membersOf(owner: MemberOwner, page: Page): DataLoader<string, Member[]>;
  memberCount: Record<MemberOwner, DataLoader<string, number>>;
}

export function createLoaders(gateway: Gateway, { who, ip }: { who: Principal; ip: string }): Loaders {
  const { db, sql } = gateway.database;
  const membersOf = (owner: MemberOwner) =>
    pagesOf(
      (ids, page) => listMembersOf(db, who, owner, ids, page),
      (member) => member[owner],
    );
  const members = { teamId: membersOf('teamId'), userId: membersOf('userId') };
  return {
    completion: byId((ids) => findCompletions(db, who, ids)),
    key: byId((ids) => findKeys(db, who, ids)),
    team: byId((ids) => findTeams(db, who, ids)),
    organisation: byId((ids) => findOrganisations(db, who, ids)),
    user: byId((ids) => findUsers(db, who, ids)),
    role: new DataLoader(async (names) => {
      const roles = await listRoles(db, who);
      return names.map((name) => roles.find((role) => role.name === name) ?? null);
    }),
    entry: byId((ids) => findEntries(db, who, ids)),
    price: byId((ids) => readPrices(gateway, who, ids)),
    priceHistory: new DataLoader(async (models) => {
      const history = await listPriceHistory(sql, who.organisationId, models);
      const byModel = Map.groupBy(history, (price) => price.model);
      return models.map((model) => byModel.get(model) ?? []);
    }),
    auditEvent: byId((ids) => findAuditEvents(db, who, ids)),
    accessRequest: byId((ids) => findAccessRequests(db, who, ids)),
    accessGrant: byId((ids) => findGrants(db, who, ids)),
    grantOfRequest: new DataLoader(async (requestIds) => {
      const grants = await findGrantsOfRequests(db, who, requestIds);
      const found = new Map(grants.map((grant) => [grant.requestId, grant]));
      return requestIds.map((id) => found.get(id) ?? null);
    }),
    alert: byId((ids) => findAlerts(db, who, ids)),
    deliveriesOfAlert: new DataLoader(async (ids) => {
      const deliveries = Map.groupBy(await listDeliveries(db, ids), ({ alertId }) => alertId);
      return ids.map((id) => deliveries.get(id) ?? []);
    }),
    budget: byId((ids) => findBudgets(sql, who, ids)),
    budgetsOn: new DataLoader(async (subjects) => {
      const budgets = await listBudgets(sql, who, { subjects }, { first: MOST_BUDGETS });
      const found = Map.groupBy(budgets, ({ scope, subjectId }) => subjectOf(scope, subjectId));
      return subjects.map((subject) => found.get(subject) ?? []);
    }),
    limitStanding: new DataLoader(
      async (limits) => {
        const standings = await gateway.limits.stand(limits, subjectsOfCaller(who, ip));
        return standings.map((standing) => standing ?? null);
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    pace: new DataLoader(
      async (budgets) => {
        const paces = await readPaces(db, who.organisationId, budgets);
        return budgets.map(({ id }) => paces.get(id));
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    keysOfTeam: pagesOf(
      (teamIds, page) => listKeysOfTeams(db, who, teamIds, page),
      ({ teamId }) => teamId,
    ),
    keyCount: countOf((teamIds) => countKeysOfTeams(db, who, teamIds)),
    membersOf: (owner, page) => members[owner](page),
    memberCount: {
      teamId: countOf((ids) => countMembersOf(db, who, 'teamId', ids)),
      userId: countOf((ids) => countMembersOf(db, who, 'userId', ids)),
    },
  };
}

function byId<T extends { id: string }>(find: (ids: readonly string[]) => Promise<T[]>): ById<T> {
  return new DataLoader(async (ids) => {
    const found = new Map((await find(ids)).map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

/** A loader for each page that is asked for. */
function pagesOf<T>(
  list: (ownerIds: readonly string[], page: Page) => Promise<T[]>,
  ownerOf: (row: T) => string,
): (page: Page) => DataLoader<string, T[]> {
  const pages = new Map<string, DataLoader<string, T[]>>();
  return (page) => {
    const name = `${page.first} ${page.after ?? ''}`;
    const known = pages.get(name);
    if (known) return known;
    const loader = new DataLoader<string, T[]>(async (ownerIds) => {
      const rows = Map.groupBy(await list(ownerIds, page), ownerOf);
      return ownerIds.map((id) => rows.get(id) ?? []);
    });
    pages.set(name, loader);
    return loader;
  };
}

function countOf(
  count: (ids: readonly string[]) => Promise<Map<string, number>>,
): DataLoader<string, number> {
  return new DataLoader(async (ids) => {
    const counts = await count(ids);
    return ids.map((id) => counts.get(id) ?? 0);
  });
}

/** Those that something was priced by, or that were set, are stored; others are known for as long as they may be told. */
async function readPrices(gateway: Gateway, who: Principal, ids: readonly string[]): Promise<Price[]> {
  const stored = await findPrices(gateway.database.sql, who.organisationId, ids);
  const known = new Set(stored.map(({ id }) => id));
  return [
    ...stored,
    ...ids.filter((id) => !known.has(id)).flatMap((id) => gateway.catalog.findGeneralPrice(id) ?? []),
  ];
}
