import type { Tag } from './completion.ts';

/** What somebody may do. `ADMIN` implies all others but `OWNER`, which implies everything. */
export const SCOPES = [
  'COMPLETIONS_WRITE',
  'USAGE_READ',
  'KEYS_WRITE',
  'BUDGETS_WRITE',
  'LIMITS_WRITE',
  'LEDGER_WRITE',
  'AUDIT_READ',
  'ACCESS_DECIDE',
  'OPERATIONS_WRITE',
  'ADMIN',
  'OWNER',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks: the holder of an API key or a user, inside one team of one organisation. */
export interface Principal {
  /** Id of the API key, or of the user (`user_…`) who asks without one; rows name their caller by it. */
  keyId: string;
  organisationId: string;
  teamId: string;
  scopes: ReadonlySet<Scope>;
  /** Names of models and routes that it is limited to; empty means all. */
  models: readonly string[];
  /** When the credential that was shown stops working. */
  expiresAt: Date | undefined;
  /** The only end user that it may ask for, where its credential names one. */
  endUserId: string | undefined;
  /** Tags that its completions carry beside those of the request. */
  tags: readonly Tag[];
  /** The most that one of its completions may write; undefined: what the model can. */
  maxOutputTokens?: number | undefined;
  /** Runs nothing but trusted operations, because its credential stands where everybody can read it. */
  publishable?: boolean;
}

/** What a request shows of whoever sent it. */
export interface Credentials {
  /** Value of the header `authorization`. */
  authorization: string | undefined;
  /** Address of the client. */
  ip: string;
}

export function hasScope(who: Principal, scope: Scope): boolean {
  return who.scopes.has(scope) || who.scopes.has('OWNER') || (scope !== 'OWNER' && who.scopes.has('ADMIN'));
}
