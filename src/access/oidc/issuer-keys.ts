import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { Agent } from 'undici';
import type { IssuerConfig } from '../../config/config.ts';
import { Unavailable } from '../../domain/errors.ts';
import { createAddressGuard } from '../../lib/safe-address.ts';
import { createSafeConnector } from '../../lib/safe-connect.ts';
import { isSafeUrl } from '../../lib/safe-url.ts';
import { fetchJson } from './fetch-json.ts';

/** For discovery and keys together; nobody waits longer. */
const FETCH_WITHIN_MS = 5_000;
/** Older keys are read anew in the background, so that one that the issuer took back is not believed for long. */
const FRESH_MS = 10 * 60_000;
/** So long an issuer may be away until its keys are not believed any more. */
const KEPT_MS = 24 * 3_600_000;
/** Whoever sends tokens with made-up key ids makes us ask the issuer no more often than this. */
const COOLDOWN_MS = 5_000;

/** Where an issuer is, and into which private networks its keys may be fetched from (in CIDR notation). */
export interface KeySource extends Pick<IssuerConfig, 'issuer' | 'jwksUri'> {
  allowPrivate: readonly string[];
}

/** Finds the public key that a token is verified with. */
export type FindKey = JWTVerifyGetKey;

/**
 * The public keys of an issuer: read when the first token comes, then kept. Whatever asks at the same time waits for
 * one fetch.
 * @param onFailure hears why they could not be read.
 * @returns a function that throws Unavailable for a key that is not known while the issuer cannot be asked.
 */
export function createIssuerKeys(source: KeySource, onFailure: (error: unknown) => void): FindKey {
  let known: { find: ReturnType<typeof createLocalJWKSet>; readMs: number } | undefined;
  let fetching: Promise<void> | undefined;
  let triedMs = -Infinity;
  let failed = false;

  async function refresh(): Promise<void> {
    triedMs = performance.now();
    try {
      const keys = await fetchKeys(source);
      // The first reading is nobody's doing: a key that is new just after it is looked for at once.
      if (!known) triedMs = -Infinity;
      known = { find: createLocalJWKSet(keys), readMs: performance.now() };
      failed = false;
    } catch (error) {
      failed = true;
      onFailure(error);
    }
  }

  /** Does nothing within the cooldown: what is known then is as good as it gets. */
  async function refreshOnce(): Promise<void> {
    if (fetching === undefined && performance.now() - triedMs < COOLDOWN_MS) return;
    fetching ??= refresh().finally(() => (fetching = undefined));
    await fetching;
  }

  function current() {
    return known && performance.now() - known.readMs < KEPT_MS ? known : undefined;
  }

  return async (header, token) => {
    if (!current()) await refreshOnce();
    else if (performance.now() - known!.readMs > FRESH_MS) void refreshOnce();
    const first = current();
    if (!first) throw new Unavailable(`the keys of ${source.issuer} cannot be read; try again`);
    try {
      return await first.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await refreshOnce();
    if (failed) throw new Unavailable(`${source.issuer} cannot be asked for a new key; try again`);
    return (current() ?? first).find(header, token);
  };
}

/** An address inside is asked only where the config itself says so, not because a discovery document does. */
async function fetchKeys({ issuer, jwksUri, allowPrivate }: KeySource): Promise<JSONWebKeySet> {
  const guard = createAddressGuard({ networks: allowPrivate, urls: [issuer, jwksUri] });
  const dispatcher = new Agent({ connect: createSafeConnector(guard) });
  const by = { signal: AbortSignal.timeout(FETCH_WITHIN_MS), dispatcher };
  try {
    // Its form is checked where it is read.
    return (await fetchJson(jwksUri ?? (await discover(issuer, by)), by)) as JSONWebKeySet;
  } finally {
    await dispatcher.destroy();
  }
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
async function discover(issuer: string, by: Parameters<typeof fetchJson>[1]): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = (await fetchJson(url, by)) as { issuer?: unknown; jwks_uri?: unknown } | null;
  if (found?.issuer !== issuer) throw new Error('its discovery document is for another issuer');
  const { jwks_uri: jwksUri } = found;
  if (typeof jwksUri === 'string' && isAsSafeAs(issuer, jwksUri)) return jwksUri;
  throw new Error('its discovery document names no "jwks_uri" that begins with https://');
}

/** Only an issuer on this machine sends us to this machine. */
function isAsSafeAs(issuer: string, url: string): boolean {
  return isSafeUrl(url) && (url.startsWith('https:') || issuer.startsWith('http:'));
}
