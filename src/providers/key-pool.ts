import type { ProviderConfig } from '../config/config.ts';
import type { ProviderError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';

/** A wrong key may have been put right at the vendor's. */
const REFUSED_MS = 10 * 60_000;
/** Where the vendor does not say how long. */
const LIMITED_MS = 30_000;

/** The keys of one provider, used in turn. */
export interface KeyPool {
  /** The next key that does not rest; where all do, the one that does so for the shortest time. */
  take(): string | undefined;
  /** Lets a key rest that was refused with 401 or 429. True: another one can be used meanwhile. */
  refused(key: string | undefined, error: ProviderError): boolean;
}

export function createKeyPool(keys: readonly string[], clock: Pick<Clock, 'monotonicMs'>): KeyPool {
  const pool = keys.map((key) => ({ key, restsUntilMs: 0 }));
  let turn = 0;

  return {
    take() {
      const nowMs = clock.monotonicMs();
      for (let step = 0; step < pool.length; step += 1) {
        const place = (turn + step) % pool.length;
        if ((pool[place]?.restsUntilMs ?? 0) > nowMs) continue;
        turn = place + 1;
        return pool[place]?.key;
      }
      return pool.toSorted((a, b) => a.restsUntilMs - b.restsUntilMs)[0]?.key;
    },
    refused(key, { httpStatus, retryAfterMs = LIMITED_MS }) {
      if (httpStatus !== 401 && httpStatus !== 429) return false;
      const nowMs = clock.monotonicMs();
      const entry = pool.find((member) => member.key === key);
      if (entry) entry.restsUntilMs = nowMs + (httpStatus === 401 ? REFUSED_MS : retryAfterMs);
      return pool.some((other) => other !== entry && other.restsUntilMs <= nowMs);
    },
  };
}

/** All keys of a provider, each once; variables that are set to nothing are none. */
export function listKeys({ apiKey, apiKeys = [] }: Pick<ProviderConfig, 'apiKey' | 'apiKeys'>): string[] {
  return [...new Set([apiKey ?? '', ...apiKeys])].filter((key) => key !== '');
}
