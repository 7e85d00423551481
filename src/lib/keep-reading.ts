import type { LRUCache } from 'lru-cache';

/**
 * What a cache of promises has, or else what is read for it: whoever asks at once shares one read, and one that fails is not
 * kept, nor one that was forgotten meanwhile.
 */
export function keepReading<T>(
  cache: LRUCache<string, Promise<T>>,
  key: string,
  read: () => Promise<T>,
): Promise<T> {
  const known = cache.get(key);
  if (known) return known;
  const reading = read();
  cache.set(key, reading);
  reading.catch(() => {
    if (cache.peek(key) === reading) cache.delete(key);
  });
  return reading;
}
