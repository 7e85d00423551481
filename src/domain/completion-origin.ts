export const COMPLETION_ORIGINS = ['CALLER', 'SHADOW', 'PROBE'] as const;
/**
 * Who wanted a completion. SHADOW: a copy of what a caller asked for, sent to another model. PROBE: the gateway looks
 * whether a model answers. Of the two that are no caller's only admins know.
 */
export type CompletionOrigin = (typeof COMPLETION_ORIGINS)[number];

/** What the gateway asks by itself, for an organisation. */
export interface Background {
  origin: Exclude<CompletionOrigin, 'CALLER'>;
  /** Id of the completion that it is a copy of. */
  shadowOf: string | undefined;
}

/**
 * What stands where a completion of a caller names a team and a key. It is the name of no team, so that no budget of a
 * team meets it, nobody of a team sees it, and in the ledger it has accounts of its own.
 */
export function ownerOf(origin: Background['origin'], organisationId: string): string {
  return `${origin.toLowerCase()}:${organisationId}`;
}

/** @param teamId of a completion or of an entry of the ledger. */
export function originOfOwner(teamId: string): CompletionOrigin {
  const [kind] = teamId.split(':');
  return (
    COMPLETION_ORIGINS.find((origin) => origin !== 'CALLER' && origin.toLowerCase() === kind) ?? 'CALLER'
  );
}
