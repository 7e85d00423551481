import { Refused } from './errors.ts';

/**
 * Reads a body. A name that stands twice in one object is refused: each reader would take another of its values, and
 * whoever looked at the body on its way here may have read the other one.
 * @throws Refused for what is no JSON in UTF-8.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`the body is no JSON: ${(error as Error).message}`);
  }
  if (countNames(text) !== countMembers(value))
    throw invalid('the body has an object with the same name twice');
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('the body is not in UTF-8');
  }
}

function invalid(message: string): Refused {
  return new Refused(400, 'BAD_REQUEST', message);
}

/** The names of members in a text that is JSON: strings before a colon. */
function countNames(text: string): number {
  let names = 0;
  for (let start = text.indexOf('"'); start >= 0;) {
    const after = endOfString(text, start);
    if (isColonNext(text, after)) names += 1;
    start = text.indexOf('"', after);
  }
  return names;
}

function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === '\\') before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
}

function isColonNext(text: string, at: number): boolean {
  let next = at;
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next += 1;
  return text[next] === ':';
}

/** Without recursion: the value may be nested deeper than the stack is. */
function countMembers(value: unknown): number {
  let members = 0;
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null) continue;
    const values = Object.values(next);
    if (!Array.isArray(next)) members += values.length;
    for (const each of values) waiting.push(each);
  }
  return members;
}
