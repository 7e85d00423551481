import { and, desc, eq, gte, inArray, lt, notInArray, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { ledgerEntries, type LedgerKind } from '../db/tables/ledger.ts';
import { visibleTo } from '../db/visibility.ts';
import {
  COMPLETION_ORIGINS,
  originOfOwner,
  ownerOf,
  type CompletionOrigin,
} from '../domain/completion-origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { Page } from './completions.ts';

/** One line of the journal. */
export interface LedgerEntry {
  id: string;
  kind: LedgerKind;
  /** Nano-USD; undefined when the model had no known price. */
  amountNanos: bigint | undefined;
  at: Date;
  completionId: string | undefined;
  /** Number of the completion's attempt that it is about, from 0 on; undefined for a correction. */
  attempt: number | undefined;
  /** Of what; a correction has that of its completion. */
  origin: CompletionOrigin;
  teamId: string;
  keyId: string | undefined;
  /** The price that the amount was worked out by. */
  priceId: string | undefined;
  /** Key that made a correction. */
  actorKeyId: string | undefined;
  note: string | undefined;
}

export interface LedgerFilter {
  teamId?: string | undefined;
  keyId?: string | undefined;
  completionId?: string | undefined;
  kind?: LedgerKind[] | undefined;
  origin?: CompletionOrigin[] | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/** Newest first. */
export async function listEntries(
  db: Db,
  who: Principal,
  filter: LedgerFilter,
  page: Page,
): Promise<LedgerEntry[]> {
  const rows = await db
    .select()
    .from(ledgerEntries)
    .where(and(matching(who, filter), page.after ? lt(ledgerEntries.id, BigInt(page.after)) : undefined))
    .orderBy(desc(ledgerEntries.id))
    .limit(page.first);
  return rows.map(toEntry);
}

export async function countEntries(db: Db, who: Principal, filter: LedgerFilter): Promise<number> {
  return db.$count(ledgerEntries, matching(who, filter));
}

export async function findEntries(db: Db, who: Principal, ids: readonly string[]): Promise<LedgerEntry[]> {
  const rows = await db
    .select()
    .from(ledgerEntries)
    .where(and(inArray(ledgerEntries.id, ids.map(BigInt)), matching(who, {})));
  return rows.map(toEntry);
}

/** An entry that its reader has just made. */
export async function readEntry(db: Db, id: string): Promise<LedgerEntry> {
  const [row] = await db
    .select()
    .from(ledgerEntries)
    .where(eq(ledgerEntries.id, BigInt(id)));
  return toEntry(row!);
}

function matching(who: Principal, filter: LedgerFilter): SQL | undefined {
  return and(
    visibleTo(who, ledgerEntries, ledgerEntries.keyId),
    filter.teamId === undefined ? undefined : eq(ledgerEntries.teamId, filter.teamId),
    filter.keyId === undefined ? undefined : eq(ledgerEntries.keyId, filter.keyId),
    filter.completionId === undefined ? undefined : eq(ledgerEntries.completionId, filter.completionId),
    filter.kind && inArray(ledgerEntries.kind, filter.kind),
    filter.origin && ofOrigins(who.organisationId, filter.origin),
    filter.from && gte(ledgerEntries.createdAt, filter.from),
    filter.to && lt(ledgerEntries.createdAt, filter.to),
  );
}

function ofOrigins(organisationId: string, origins: readonly CompletionOrigin[]): SQL | undefined {
  const ownersOf = (wanted: readonly CompletionOrigin[]) =>
    wanted.flatMap((origin) => (origin === 'CALLER' ? [] : [ownerOf(origin, organisationId)]));
  if (!origins.includes('CALLER')) return inArray(ledgerEntries.teamId, ownersOf(origins));
  const others = COMPLETION_ORIGINS.filter((origin) => !origins.includes(origin));
  return notInArray(ledgerEntries.teamId, ownersOf(others));
}

function toEntry(row: typeof ledgerEntries.$inferSelect): LedgerEntry {
  return {
    id: row.id.toString(),
    kind: row.kind,
    amountNanos: row.amountNanos ?? undefined,
    at: row.createdAt,
    completionId: row.completionId ?? undefined,
    attempt: row.kind === 'ADJUST' || row.kind === 'CREDIT' ? undefined : row.attempt,
    origin: originOfOwner(row.teamId),
    teamId: row.teamId,
    keyId: row.keyId ?? undefined,
    actorKeyId: row.actorKeyId ?? undefined,
    priceId: row.priceId ?? undefined,
    note: row.note ?? undefined,
  };
}
