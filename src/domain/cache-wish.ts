import { InvalidInput } from './errors.ts';

/**
 * How a completion may be answered with an earlier one. OFF: never; READ: if there is one, but this one is not kept;
 * READ_WRITE: if there is one, else this one is kept; REFRESH: never, but this one is kept.
 */
export const CACHE_MODES = ['OFF', 'READ', 'READ_WRITE', 'REFRESH'] as const;
export type CacheMode = (typeof CACHE_MODES)[number];

export interface CacheWish {
  mode: CacheMode;
  /** The oldest answer that will do, and how long this one is kept. */
  maxAgeSeconds: number;
}

export const CACHE_DEFAULTS: CacheWish = { mode: 'READ_WRITE', maxAgeSeconds: 3_600 };
/** A day. */
export const MAX_AGE_SECONDS = 86_400;

/** As callers give it. */
export type CacheGiven = { [Name in keyof CacheWish]?: CacheWish[Name] | null } | null | undefined;

/** Without any, every ask is answered anew. */
export function parseCacheWish(given: CacheGiven): CacheWish {
  const { mode, maxAgeSeconds } = { ...CACHE_DEFAULTS, ...given };
  return {
    mode: given ? (mode ?? CACHE_DEFAULTS.mode) : 'OFF',
    maxAgeSeconds: maxAgeSeconds ?? CACHE_DEFAULTS.maxAgeSeconds,
  };
}

export function isCacheWishValid({ maxAgeSeconds }: CacheWish): boolean {
  return maxAgeSeconds >= 1 && maxAgeSeconds <= MAX_AGE_SECONDS;
}

/** @throws InvalidInput when the age is out of bounds. */
export function ensureCacheWish(given: CacheGiven): void {
  const wish = parseCacheWish(given);
  if (isCacheWishValid(wish)) return;
  const message = `cache.maxAgeSeconds is ${wish.maxAgeSeconds}; it must be from 1 to ${MAX_AGE_SECONDS}`;
  throw new InvalidInput([{ path: ['cache', 'maxAgeSeconds'], message }]);
}
