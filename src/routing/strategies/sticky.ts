import { hashToNumber } from '../ask-facts.ts';
import { rankBy, type Situation, type Strategy } from '../strategy.ts';

/**
 * Consistent hash: each target has a number made from the key and its name, and the highest wins (weighted rendezvous
 * hashing). A target that comes or goes moves only those that are its own; weight 0 comes last.
 */
export const rankByHash: Strategy = (options, situation) => {
  const seed = seedOf(situation);
  return rankBy(
    options,
    ({ target: { model, weight } }): Record<string, number> => {
      if (weight <= 0) return { weight };
      return { weight, draw: -Math.log(hashToUnit(model, seed)) / weight };
    },
    ({ draw }) => draw,
  );
};

/** Without an end user, what stays together is the conversation. */
function seedOf({ route, request: { ask } }: Situation): number {
  const isByUser = route.stickyBy === 'END_USER' && ask.endUserId !== undefined;
  return isByUser ? hashToNumber(`user ${ask.endUserId}`) : ask.conversation;
}

/** A number between 0 and 1, without either: FNV-1a, mixed as at the end of MurmurHash3 so that every bit counts. */
function hashToUnit(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
