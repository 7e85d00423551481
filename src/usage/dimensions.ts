import type { Tag } from '../domain/completion.ts';
import type { CompletionOrigin } from '../domain/completion-origin.ts';

export const GRANULARITIES = ['MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const USAGE_DIMENSIONS = [
  'MODEL',
  'PROVIDER',
  'TEAM',
  'KEY',
  'TAG',
  'STATUS',
  'END_USER',
  'ORIGIN',
  'PROMPT',
] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** What a fact belongs to. A correction has the dimensions of its completion, or empty ones where it names none. */
export interface FactDimensions {
  organisationId: string;
  teamId: string;
  keyId: string;
  provider: string;
  model: string;
  status: string;
  origin: CompletionOrigin;
  /** A slug; empty: none. */
  prompt: string;
  tags: Tag[];
  endUserId: string;
}

/** The groups that a fact counts in: one, or with TAG one for each of its tags. */
export function groupsOf(of: FactDimensions, groupBy: readonly UsageDimension[]): Tag[][] {
  const values: Record<Exclude<UsageDimension, 'TAG'>, string> = {
    MODEL: of.model,
    PROVIDER: of.provider,
    TEAM: of.teamId,
    KEY: of.keyId,
    STATUS: of.status,
    END_USER: of.endUserId,
    ORIGIN: of.origin,
    PROMPT: of.prompt,
  };
  const keyWith = (tag: Tag) =>
    groupBy.map((name) => (name === 'TAG' ? tag : { key: name, value: values[name] }));
  return groupBy.includes('TAG') ? of.tags.map(keyWith) : [keyWith({ key: '', value: '' })];
}
