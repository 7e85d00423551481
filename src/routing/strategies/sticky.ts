import { createHash } from 'node:crypto';
import type { Ask, AskPart } from '../../domain/ask.ts';
import { rankBy, type Situation, type Strategy } from '../strategy.ts';

/** Of each part: pictures and documents may be megabytes. */
const OPENING_CHARS = 4_000;

/**
 * Consistent hash: each target has a number made from the key and its name, and the highest wins (weighted rendezvous
 * hashing). A target that comes or goes moves only those that are its own; weight 0 comes last.
 */
export const rankByHash: Strategy = (options, situation) => {
  const seed = createHash('sha256').update(stickyKeyOf(situation)).digest().readUInt32BE(0);
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
function stickyKeyOf({ route, request }: Situation): string {
  const { ask } = request;
  if (route.stickyBy === 'END_USER' && ask.endUserId !== undefined) return `user ${ask.endUserId}`;
  return `conversation ${describeOpening(ask)}`;
}

/** The messages up to the first one of the user: what stays the same while a conversation goes on. */
export function describeOpening({ messages }: Pick<Ask, 'messages'>): string {
  const first = messages.findIndex(({ role }) => role === 'USER');
  return messages
    .slice(0, first + 1)
    .flatMap(({ role, parts }) => [role, ...parts.map((part) => beginningOf(part))])
    .join('\n');
}

function beginningOf(part: AskPart): string {
  if (part.type === 'text') return part.text.slice(0, OPENING_CHARS);
  if (part.type === 'image') return part.url.slice(0, OPENING_CHARS);
  return part.type === 'file' ? part.dataBase64.slice(0, OPENING_CHARS) : part.type;
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
