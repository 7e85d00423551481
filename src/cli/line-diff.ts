import { findCommon } from '../lib/common-subsequence.ts';

/** Lines around a change that are shown with it. */
const AROUND = 3;
/** Of pairs of lines that are compared; texts that differ in more are shown one after the other. */
const PAIRS_MAX = 1_000_000;

const NO_END = '\\ no end of the line';

interface Line {
  sign: ' ' | '-' | '+';
  text: string;
}

/**
 * What became of a text, line by line: `-` was there, `+` is there, and what stands around them. `…` is left out.
 * @param before empty for a text that is new.
 */
export function diffLines(before: string, after: string): string[] {
  const endsAlike = before === '' || after === '' || before.endsWith('\n') === after.endsWith('\n');
  const toLines = (text: string) => splitLines(text, endsAlike ? [] : [NO_END]);
  const lines = compare(toLines(before), toLines(after));
  const isNear = (index: number) =>
    lines.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(({ sign }) => sign !== ' ');
  const shown: string[] = [];
  for (const [index, { sign, text }] of lines.entries()) {
    if (isNear(index)) shown.push(`${sign} ${text}`);
    else if (shown.at(-1) !== '…') shown.push('…');
  }
  return shown;
}

/** @param unended what follows a last line that does not end. */
function splitLines(text: string, unended: readonly string[]): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) !== '') return [...lines, ...unended];
  return lines.slice(0, -1);
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  const isSame = (one: string, other: string) => one === other;
  let begin = 0;
  while (begin < before.length && begin < after.length && before[begin] === after[begin]) begin += 1;
  let end = 0;
  while (end < Math.min(before.length, after.length) - begin && before.at(-1 - end) === after.at(-1 - end))
    end += 1;
  const old = before.slice(begin, before.length - end);
  const young = after.slice(begin, after.length - end);
  const common = old.length * young.length > PAIRS_MAX ? [] : findCommon(old, young, isSame);
  const lines: Line[] = [];
  let [from, to] = [0, 0];
  const add = (sign: Line['sign'], texts: readonly string[]) =>
    lines.push(...texts.map((text) => ({ sign, text })));
  add(' ', before.slice(0, begin));
  for (const same of [...common, { from: old.length, to: young.length }]) {
    add('-', old.slice(from, same.from));
    add('+', young.slice(to, same.to));
    add(' ', old.slice(same.from, same.from + 1));
    [from, to] = [same.from + 1, same.to + 1];
  }
  add(' ', after.slice(after.length - end));
  return lines;
}
