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
  const key = stickyKeyOf(situation);
  return rankBy(
    options,
    ({ target: { model, weight } }): Record<string, number> => {
      if (weight <= 0) return { weight };
      return { weight, draw: -Math.log(hashToUnit(`${key}\n${model}`)) / weight };
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
function describeOpening({ messages }: Ask): string {
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

/** A number between 0 and 1, without either. */
function hashToUnit(text: string): number {
  const hash = createHash('sha256').update(text).digest();
  return (hash.readUIntBE(0, 6) + 0.5) / 2 ** 48;
}
