/** Who somebody is by the word of an issuer of tokens or certificates; not yet what they may do. */
export interface Identity {
  /** Who vouches for them: the issuer of tokens, or `mtls`. */
  issuer: string;
  /** What the issuer names them by. */
  subject: string;
  organisationId: string;
  /** Where the issuer names a team. */
  teamId: string | undefined;
  /** Where it names roles: the mightiest counts. */
  roles: readonly string[];
  /** What counts where neither the issuer nor a membership says anything. */
  defaults: { teamId: string | undefined; role: string | undefined };
  endUserId: string | undefined;
  name: string | undefined;
  email: string | undefined;
  /** When the credential stops working. */
  expiresAt: Date | undefined;
}

/** What can be stored and compared: no control characters, no halves of characters. */
const PLAIN = /^[^\p{Cc}\p{Cs}]{1,256}$/u;

export function isPlainText(value: unknown): value is string {
  return typeof value === 'string' && PLAIN.test(value);
}
