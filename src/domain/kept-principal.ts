import type { Principal } from './principal.ts';

/**
 * Of whoever began something that outlives the request: as much as is kept with it. What may change meanwhile is looked up
 * each time.
 */
export interface KeptPrincipal extends Pick<
  Principal,
  'keyId' | 'organisationId' | 'teamId' | 'endUserId' | 'operation' | 'maxOutputTokens'
> {
  /** The address that it came from. */
  ip: string;
  /** What it was limited to, by the operation that it ran too. */
  models: string[];
  tags: Principal['tags'][number][];
  /** Of a user: what it may do, and the role in the team that this hangs on. */
  user: { scopes: string[]; role: string | null; roleScopes: string[] } | undefined;
}
