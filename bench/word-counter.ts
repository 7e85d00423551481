import { WORD } from './scenario.ts';

/** Counts a word in a body that comes in pieces, without reading what stands around it: that must cost little. */
export function createWordCounter(): { count(data: Buffer): number; total(): number } {
  const needle = Buffer.from(WORD);
  let rest: Buffer = Buffer.alloc(0);
  let total = 0;
  return {
    count(data) {
      const text = rest.length > 0 ? Buffer.concat([rest, data]) : data;
      let found = 0;
      let end = 0;
      for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, end)) {
        found += 1;
        end = at + needle.length;
      }
      rest = text.subarray(Math.max(end, text.length - needle.length + 1));
      total += found;
      return found;
    },
    total: () => total,
  };
}
