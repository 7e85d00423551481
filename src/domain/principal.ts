/** What a key may do. `ADMIN` implies the others and sees the whole organisation. */
export const SCOPES = [
  'COMPLETIONS_WRITE',
  'USAGE_READ',
  'KEYS_WRITE',
  'BUDGETS_WRITE',
  'LEDGER_WRITE',
  'AUDIT_READ',
  'ADMIN',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks: the holder of one API key, inside one team of one organisation. */
export interface Principal {
  keyId: string;
  organisationId: string;
  teamId: string;
  scopes: ReadonlySet<Scope>;
  /** Model names the key is limited to; empty means every model. */
  models: readonly string[];
  /** When the credential that was shown stops working. */
  expiresAt: Date | undefined;
}

export function hasScope(who: Principal, scope: Scope): boolean {
  return who.scopes.has(scope) || who.scopes.has('ADMIN');
}
