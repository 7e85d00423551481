import { and, eq, isNull, ne, sql, type SQL } from 'drizzle-orm';
import type { ISql } from 'postgres';
import { apiKeys } from '../db/tables/api-keys.ts';
import { organisations, teams } from '../db/tables/tenancy.ts';
import type { Transaction } from '../db/transaction.ts';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import { allowedByAll, toRule } from '../domain/regions.ts';

/** The regions that there are: those that configured providers are in. */
export type ListRegions = () => readonly string[];

/** A rule that was changed in this transaction: whose, and what it said before. */
interface RuleChange {
  of: { teamId: string } | { keyId: string };
  before: readonly string[];
}

/** What the change of a rule takes from keys; each with the reasons. */
export type ListTakenRoutes = (sql: ISql, organisationId: string, change: RuleChange) => Promise<string[]>;

/** @throws InvalidInput that names the routes which some key could use before, and of which no target is left to it. */
export async function ensureRoutesRemain(
  listTakenRoutes: ListTakenRoutes,
  tx: Transaction,
  organisationId: string,
  change: RuleChange,
): Promise<void> {
  const taken = await listTakenRoutes(tx.sql, organisationId, change);
  if (taken.length > 0) throw new InvalidInput(taken.map((what) => fault(`leaves ${what}`)));
}

/** What is wrong with the regions of a rule of residency, as `input.regions`. */
export function checkRegions(regions: readonly string[], known: readonly string[]): InputIssue[] {
  const unknown = regions.find((region) => !known.includes(region));
  if (unknown !== undefined) {
    const names = known.join(', ') || 'none';
    return [fault(`names ${JSON.stringify(unknown)}, where no configured provider is; known: ${names}`)];
  }
  return new Set(regions).size === regions.length ? [] : [fault('names a region twice')];
}

/**
 * To be asked in the transaction that set regions, after `lockOrganisation`.
 * @param keyId looks at one key only, and not at all that is in the organisation.
 * @throws InvalidInput that names a team or a key of which the rules that hold for it allow no region together.
 */
export async function ensureSomewhereToGo(
  tx: Transaction,
  organisationId: string,
  keyId?: string,
): Promise<void> {
  const rows = await readRules(tx, organisationId, keyId === undefined ? undefined : eq(apiKeys.id, keyId));
  for (const { team, key, ofOrganisation } of rows) {
    const rules = {
      'the organisation': ofOrganisation,
      'the team': team.regions,
      'the key': key?.regions ?? [],
    };
    if (allowedByAll(...Object.values(rules).map(toRule))?.length !== 0) continue;
    const what = key ? `key ${JSON.stringify(key.name)} (${key.id})` : `team ${JSON.stringify(team.name)}`;
    const said = Object.entries(rules).filter(([, regions]) => regions.length > 0);
    const allowed = said.map(([whose, regions]) => `${whose} allows ${regions.join(', ')}`);
    throw new InvalidInput([fault(`leaves the ${what} no region: ${allowed.join('; ')}`)]);
  }
}

/** Every team, once by itself or with each of its keys that says where it may go. */
async function readRules({ db }: Transaction, organisationId: string, which: SQL | undefined) {
  const isRestricted = and(isNull(apiKeys.revokedAt), ne(apiKeys.regions, sql`'[]'::jsonb`));
  return db
    .select({
      team: { name: teams.name, regions: teams.regions },
      key: { id: apiKeys.id, name: apiKeys.name, regions: apiKeys.regions },
      ofOrganisation: organisations.regions,
    })
    .from(organisations)
    .innerJoin(teams, eq(teams.organisationId, organisations.id))
    .leftJoin(apiKeys, and(eq(apiKeys.teamId, teams.id), isRestricted))
    .where(and(eq(organisations.id, organisationId), which));
}

function fault(what: string): InputIssue {
  return { path: ['input', 'regions'], message: `input.regions ${what}` };
}
