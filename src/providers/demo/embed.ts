import type { Ask } from '../../domain/ask.ts';
import type { Chunk } from '../../domain/completion.ts';
import type { Capability } from '../../domain/model.ts';
import { ProviderError } from '../../domain/errors.ts';
import { textsOf } from '../embed.ts';
import { countInput } from './read-ask.ts';

const DIMENSIONS = 256;
const GRAM_CHARS = 3;

/** Texts by the letters that stand together in them: near to one another where they are written alike, whatever they mean. */
export function* embed(capabilities: readonly Capability[], ask: Ask): Generator<Chunk, void, undefined> {
  if (!capabilities.includes('EMBEDDINGS'))
    throw new ProviderError('demo answered 400: this model does not embed', { httpStatus: 400 });
  yield { type: 'vectors', vectors: textsOf(ask).map(toVector) };
  const usage = { input: countInput(ask), output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
  yield { type: 'usage', usage };
  yield { type: 'finish', reason: 'STOP' };
}

/** FNV-1a. */
function placeOf(gram: string): number {
  let hash = 0x811c9dc5;
  for (const letter of gram) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) % DIMENSIONS;
}

function toVector(text: string): number[] {
  const vector = Array.from({ length: DIMENSIONS }, () => 0);
  const letters = ` ${text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `;
  for (let at = 0; at + GRAM_CHARS <= letters.length; at += 1) {
    const place = placeOf(letters.slice(at, at + GRAM_CHARS));
    vector[place] = (vector[place] ?? 0) + 1;
  }
  return vector;
}
