import type { AddressRanges } from '../lib/address-ranges.ts';
import type { Tag } from './completion.ts';
import type { Background } from './completion-origin.ts';

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
  'ROUTES_WRITE',
  'PROMPTS_WRITE',
  'PROMPTS_PUBLISH',
  'EVALUATIONS_WRITE',
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
  /**
   * Where its requests may go: what its organisation, its team and its key allow together; undefined: anywhere, empty:
   * nowhere.
   */
  regions: readonly string[] | undefined;
  /** What its key says of that, beside its team and organisation; empty: nothing. */
  keyRegions: readonly string[];
  /** The addresses that it may be used from; undefined: all. */
  allowedFrom: AddressRanges | undefined;
  /** When the credential that was shown stops working. */
  expiresAt: Date | undefined;
  /** The only end user that it may ask for, where its credential names one. */
  endUserId: string | undefined;
  /** Tags that its completions carry beside those of the request, which cannot give another value for their keys. */
  tags: readonly Tag[];
  /** The name of the trusted operation that it runs, where it is one. */
  operation?: string | undefined;
  /** The most that one of its completions may write; undefined: what the model can. */
  maxOutputTokens?: number | undefined;
  /** Runs nothing but trusted operations, because its credential stands where everybody can read it. */
  publishable?: boolean;
  /** What of this was granted for a time; nothing unless it is there. */
  granted?: Granted | undefined;
  /** Its organisation has agreed that what prompts are given is kept for a while. */
  recordsPrompts?: boolean;
  /** It is the gateway itself that asks. */
  background?: Background | undefined;
}

/** What a principal was granted beside what it has by itself; its scopes and models hold it already. */
export interface Granted {
  /** Models and routes, also where the organisation wants to be asked first. */
  names: ReadonlySet<string>;
  /** When the nearest of it ends: then the principal has to be read anew. */
  endsAt: Date | undefined;
  own: Pick<Principal, 'scopes' | 'models'>;
}

/** What a request shows of whoever sent it. */
export interface Credentials {
  /** Value of the header `authorization`. */
  authorization: string | undefined;
  /** Address of the client. */
  ip: string;
  /** The verified certificate of the client, where its connection has one. */
  certificate?: ClientCertificate | undefined;
  /** Value of the header `x-sluice-team`: in which of its teams a user acts. */
  team?: string | undefined;
}

/** A client certificate that was verified by whoever took the connection. */
export interface ClientCertificate {
  /** Attributes of its subject, such as `CN=web-1`, as they stand in it. */
  subject: readonly string[];
  /** The URIs and DNS names that it is issued for. */
  sans: readonly string[];
  /** Undefined where that is for the proxy to know that took the connection. */
  expiresAt: Date | undefined;
}

/** The same principal with what it has by itself: what was granted for a time is not for passing on. */
export function withoutGrants(who: Principal): Principal {
  return who.granted ? { ...who, ...who.granted.own, granted: undefined } : who;
}

export function hasScope(who: Pick<Principal, 'scopes'>, scope: Scope): boolean {
  return who.scopes.has(scope) || who.scopes.has('OWNER') || (scope !== 'OWNER' && who.scopes.has('ADMIN'));
}
