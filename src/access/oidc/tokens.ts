import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose';
import type { ClaimMapping, Config, IssuerConfig } from '../../config/config.ts';
import { Forbidden, GatewayError, Unauthenticated } from '../../domain/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { isPlainText, type Identity } from '../identity.ts';
import { readClaim } from './claims.ts';
import { createIssuerKeys, type FindKey } from './issuer-keys.ts';

/** The last moment that a Date can hold. */
const LAST_MS = 8_640_000_000_000_000;

/** Reads who somebody is from a token (JWT) that one of the configured issuers signed. */
export interface Tokens {
  /**
   * @throws Unauthenticated when it is not to be believed; only of one that is signed as it should be it is told that
   * its time is over or has not come. Unavailable when the issuer's keys cannot be read; Forbidden when it says too
   * little to know where somebody belongs.
   */
  verify(token: string): Promise<Identity>;
}

/** Whether a credential has the form of a token: three parts, of which the first one is base64url of an object. */
export function looksLikeToken(credential: string): boolean {
  return /^e[\w-]+\.[\w-]+\.[\w-]*$/.test(credential);
}

export function createTokens(
  { identity, network }: Pick<Config, 'identity' | 'network'>,
  logger: Pick<Logger, 'debug' | 'warn'>,
): Tokens {
  const byUrl = new Map(
    identity.issuers.map((config) => {
      const { issuer } = config;
      const warn = (err: unknown) => logger.warn({ err, issuer }, 'the keys of an issuer cannot be read');
      return [issuer, { config, findKey: createIssuerKeys({ ...config, ...network }, warn) }];
    }),
  );
  return {
    async verify(token) {
      const issuer = issuerOf(token);
      const known = issuer === undefined ? undefined : byUrl.get(issuer);
      if (!known) throw refusal();
      try {
        return toIdentity(await verifyToken(token, known.config, known.findKey), known.config);
      } catch (error) {
        // The reason is for whoever runs the gateway; whoever tries tokens learns nothing from it.
        logger.debug({ issuer, err: error }, 'a token was refused');
        throw error instanceof GatewayError ? error : toRefusal(error);
      }
    },
  };
}

/** Only to look up whom the token has to be verified by. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** Signature first, then what it says. Which key it is, is only ever looked up among those of its issuer. */
async function verifyToken(token: string, config: IssuerConfig, findKey: FindKey): Promise<JWTPayload> {
  const { issuer, audience, algorithms, leewaySeconds } = config;
  const { payload } = await jwtVerify(token, findKey, {
    issuer,
    audience,
    algorithms,
    clockTolerance: leewaySeconds,
    requiredClaims: ['exp', 'sub'],
  });
  if (!isPlainText(payload.sub)) throw new Error('"sub" is no text that can be kept');
  if (payload.iat !== undefined && payload.iat > Date.now() / 1_000 + leewaySeconds)
    throw new errors.JWTClaimValidationFailed('"iat" lies in the future', payload, 'iat', 'check_failed');
  return payload;
}

function toIdentity(payload: JWTPayload, { issuer, leewaySeconds, claims }: IssuerConfig): Identity {
  const first = (mapping: ClaimMapping | undefined) => mapping && readClaim(payload, mapping)[0];
  const organisationId = first(claims.organisation) ?? claims.organisation.default;
  if (organisationId === undefined) throw new Forbidden('the token names no organisation that is known here');
  const endUserId = first(claims.endUser) ?? claims.endUser?.default;
  // A token that should speak for one end user must not be able to speak for all.
  if (claims.endUser && endUserId === undefined) throw new Forbidden('the token names no end user');
  return {
    issuer,
    subject: payload.sub!,
    organisationId,
    teamId: first(claims.team),
    roles: claims.role ? readClaim(payload, claims.role) : [],
    defaults: { teamId: claims.team?.default, role: claims.role?.default },
    endUserId,
    name: first(claims.name) ?? claims.name.default,
    email: first(claims.email) ?? claims.email.default,
    expiresAt: new Date(Math.min((payload.exp! + leewaySeconds) * 1_000, LAST_MS)),
  };
}

function toRefusal(error: unknown): Unauthenticated {
  if (error instanceof errors.JWTExpired) return new Unauthenticated('this token has expired; get a new one');
  const early =
    error instanceof errors.JWTClaimValidationFailed &&
    error.reason === 'check_failed' &&
    (error.claim === 'nbf' || error.claim === 'iat');
  return early ? new Unauthenticated('this token is not valid yet; check the clocks') : refusal();
}

function refusal(): Unauthenticated {
  return new Unauthenticated(
    'this token is not accepted: it has to be signed by an issuer that is known here, for this gateway, and hold "sub" and "exp"',
  );
}
