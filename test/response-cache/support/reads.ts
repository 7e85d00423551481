import { expect } from 'vitest';
export const MODELS =
  '{ models { nodes { name price { rates { amount { amount } } } access { allowed } } } }';

/** Keeps, or gives again, the answer of a demo model. What it shows of key and model is kept with it. */
export const COMPLETE = `query ($input: CompletionInput!, $cache: CacheInput) {
  complete(input: $input, cache: $cache) {
    completion { id text key { hint } model { name prices { amount { amount } } } }
    errors { code message path }
  }
}`;

export function say(text: string, model = 'demo/echo') {
  return { model, source: { text } };
}

/** What `extensions.responseCache` tells. */
export function toldIn({ extensions }: { extensions?: Record<string, unknown> }): unknown {
  return extensions?.['responseCache'];
}

export const HIT = { hit: true, ageMs: expect.any(Number) };
export const NOT_KEPT = { hit: false, didCache: false };
export function kept(ttl: number) {
  return { hit: false, didCache: true, ttl };
}
