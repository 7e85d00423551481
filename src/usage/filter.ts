import { and, eq, inArray, sql, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { toJsonParameter } from '../db/json.ts';
import { matchText, type StringFilter } from '../db/match-text.ts';
import type { CompletionStatus, Tag } from '../domain/completion.ts';
import { COMPLETION_ORIGINS, type CompletionOrigin } from '../domain/completion-origin.ts';
import type { FactDimensions, UsageDimension } from './dimensions.ts';
import { facts } from './facts.ts';

/** Every given member must hold. */
export interface UsageFilter {
  teamId?: string | undefined;
  keyId?: string | undefined;
  model?: StringFilter | undefined;
  provider?: StringFilter | undefined;
  status?: CompletionStatus[] | undefined;
  endUserId?: StringFilter | undefined;
  tag?: Tag | undefined;
  /** By its slug. */
  prompt?: StringFilter | undefined;
  /** Those of callers, unless given. */
  origin?: CompletionOrigin[] | undefined;
}

/** Whoever tells origins apart wants to see all of them. */
export function withOrigins(filter: UsageFilter, groupBy: readonly UsageDimension[]): UsageFilter {
  const origin =
    filter.origin ?? (groupBy.includes('ORIGIN') ? [...COMPLETION_ORIGINS] : ['CALLER' as const]);
  return { ...filter, origin };
}

type Columns = Record<'teamId' | 'keyId' | 'model' | 'provider' | 'status' | 'origin' | 'prompt', PgColumn>;

/** The part of a filter that facts and roll-ups both know. */
export function matching(columns: Columns, filter: UsageFilter): SQL | undefined {
  return and(
    filter.teamId === undefined ? undefined : eq(columns.teamId, filter.teamId),
    filter.keyId === undefined ? undefined : eq(columns.keyId, filter.keyId),
    matchText(columns.model, filter.model),
    matchText(columns.provider, filter.provider),
    matchText(columns.prompt, filter.prompt),
    filter.status && inArray(columns.status, filter.status),
    filter.origin && inArray(columns.origin, filter.origin),
  );
}

/** The part that only facts know. */
export function matchingFacts(filter: UsageFilter): SQL | undefined {
  return and(
    matching(facts, filter),
    matchText(facts.endUserId, filter.endUserId),
    filter.tag && sql`${facts.tags} @> ${toJsonParameter([filter.tag])}::text::jsonb`,
  );
}

/** The same as `matchingFacts` of a fact in memory. */
export function matchesFact(of: FactDimensions, filter: UsageFilter): boolean {
  const { tag } = filter;
  return (
    (filter.teamId === undefined || of.teamId === filter.teamId) &&
    (filter.keyId === undefined || of.keyId === filter.keyId) &&
    matchesText(of.model, filter.model) &&
    matchesText(of.provider, filter.provider) &&
    matchesText(of.endUserId, filter.endUserId) &&
    matchesText(of.prompt, filter.prompt) &&
    (filter.status === undefined || filter.status.some((status) => status === of.status)) &&
    (filter.origin === undefined || filter.origin.includes(of.origin)) &&
    (tag === undefined || of.tags.some(({ key, value }) => key === tag.key && value === tag.value))
  );
}

/** A filter as the database would read it: with U+FFFD for the characters that it has no place for. */
export function asStored(filter: UsageFilter): UsageFilter {
  return JSON.parse(JSON.stringify(filter), (_name, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\0', '\uFFFD').toWellFormed() : value,
  ) as UsageFilter;
}

function matchesText(text: string, filter?: StringFilter): boolean {
  if (!filter) return true;
  const { eq: equal, in: list, contains } = filter;
  return (
    (equal === undefined || text === equal) &&
    (list === undefined || list.includes(text)) &&
    (contains === undefined || text.includes(contains))
  );
}
