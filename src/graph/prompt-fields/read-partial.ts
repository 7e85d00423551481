import { MAX_JSON_LEVELS } from '../../lib/json-depth.ts';

const MAX_CHARS = 262_144;

/** Stands at the end of a text that still grows; no model writes a character for private use there. */
export const GROWING = '\uE000';

/**
 * Reads JSON that has not come to its end, in one walk and one JSON.parse, whatever the text holds. What has no end yet
 * is left out, because a number, `true` or a key may go on; only a text stays, with a mark at its end.
 * @returns undefined where nothing can be read.
 */
export function readPartial(text: string): unknown {
  if (text.length > MAX_CHARS) return undefined;
  const closed = close(text);
  if (closed === undefined) return undefined;
  try {
    return JSON.parse(closed);
  } catch {
    // Nothing has come yet, or it is no JSON.
    return undefined;
  }
}

/** @returns the text up to where everything in it is complete, with what closes it; undefined where it is too deep. */
function close(text: string): string | undefined {
  const closers: string[] = [];
  let end = 0;
  let isKeyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === '"') {
      const quote = findQuote(text, at + 1);
      if (quote < 0)
        return isKeyNext ? join(text.slice(0, end), closers) : join(withMark(text), ['"', ...closers]);
      at = quote;
      if (!isKeyNext) end = at + 1;
    } else if (char === '{' || char === '[') {
      if (closers.length === MAX_JSON_LEVELS) return undefined;
      closers.unshift(char === '{' ? '}' : ']');
      isKeyNext = char === '{';
      end = at + 1;
    } else if (char === '}' || char === ']') {
      closers.shift();
      isKeyNext = false;
      end = at + 1;
    } else if (char === ',') {
      isKeyNext = closers[0] === '}';
      end = at;
    } else if (char === ':') isKeyNext = false;
  }
  return join(text.slice(0, end), closers);
}

function join(text: string, closers: readonly string[]): string {
  return text + closers.join('');
}

/** Where the text ends that begins here; -1 while it has no end. */
function findQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return -1;
}

/** Without the `\` or `\u00` at the end that begins a character which has not come yet. */
function withMark(text: string): string {
  const hexDigits = /u[\da-f]{0,3}$/i.exec(text.slice(-4))?.[0] ?? '';
  const tail = [hexDigits, ''].find((each) => countSlashes(text, text.length - each.length) % 2 === 1);
  const whole = tail === undefined ? text : text.slice(0, text.length - tail.length - 1);
  return whole + GROWING;
}

function countSlashes(text: string, end: number): number {
  let count = 0;
  while (text[end - 1 - count] === '\\') count += 1;
  return count;
}
