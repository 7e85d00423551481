import { countTokens } from '../../lib/tokens.ts';

/** A long answer comes in larger pieces, so that it does not take longer than about this many. */
const MAX_PIECES = 400;
/** A word with the space before it; what has no spaces is cut after 16 characters. */
const WORD = /\s*\S{1,16}|\s+$/gu;

/** A text in the pieces in which it is streamed; together they are the text again. */
export function splitIntoPieces(text: string): string[] {
  const words = text.match(WORD) ?? [];
  const size = Math.ceil(words.length / MAX_PIECES);
  if (size <= 1) return words;
  return Array.from({ length: Math.ceil(words.length / size) }, (_, index) =>
    words.slice(index * size, (index + 1) * size).join(''),
  );
}

/** The longest beginning of a piece that is at most so many tokens. */
export function shortenToTokens(piece: string, tokens: number): string {
  if (tokens === Infinity || countTokens(piece) <= tokens) return piece;
  const characters = Array.from(piece);
  let length = characters.length;
  while (length > 0 && countTokens(characters.slice(0, length).join('')) > tokens) length -= 1;
  return characters.slice(0, length).join('');
}

/** The text up to the first of the stop sequences, which is not part of an answer. */
export function beforeStop(text: string, stops: readonly string[] = []): string {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
  return text.slice(0, Math.min(text.length, ...ends));
}
