/** Longer texts are read up to here. */
const READ_CHARS = 20_000;
const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** What stands in a text and can go into a form. Each find is given out once, in the order of the text. */
export interface Facts {
  text: string;
  /** Value behind a label, as in "city: Paris" or "the city is Paris". */
  findLabelled(key: string): string | undefined;
  take(kind: FactKind, fits: (value: string) => boolean): string | undefined;
}

export type FactKind = 'email' | 'uri' | 'date' | 'number' | 'name';

const PATTERNS: Record<Exclude<FactKind, 'date'>, RegExp> = {
  email: /[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{2,64})+/g,
  uri: /https?:\/\/[^\s"'<>)]+/g,
  // Not a part of a word or of a version.
  number: /(?<![\w.-])-?\d+(?:\.\d+)?(?![\w-]|\.\d)/g,
  name: /(?<![\w.@/])\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)*/gu,
};

export function readFacts(source: string): Facts {
  const text = source.slice(0, READ_CHARS);
  const found: Record<FactKind, string[]> = {
    email: text.match(PATTERNS.email) ?? [],
    uri: text.match(PATTERNS.uri) ?? [],
    date: findDates(text),
    number: text.replaceAll(DATE, ' ').match(PATTERNS.number) ?? [],
    name: findNames(text),
  };
  return {
    text,
    findLabelled: (key) => findLabelled(text, key),
    take(kind, fits) {
      const index = found[kind].findIndex(fits);
      return index < 0 ? undefined : found[kind].splice(index, 1)[0];
    },
  };
}

/** A name inside a sentence comes before a word that is only capital because it begins one. */
function findNames(text: string): string[] {
  const names = [...text.matchAll(PATTERNS.name)].map(({ 0: name, index }) => ({
    name,
    isCertain: name.includes(' ') || !/(^|[.!?:\n])\s*$/.test(text.slice(Math.max(0, index - 3), index)),
  }));
  return names
    .toSorted((left, right) => Number(right.isCertain) - Number(left.isCertain))
    .map(({ name }) => name);
}

const MONTH = `(${MONTHS.join('|')})`;
const DAY = '(\\d{1,2})(?:st|nd|rd|th)?';
const DATE = new RegExp(`(\\d{4})-\\d\\d-\\d\\d|${DAY} ${MONTH},? (\\d{4})|${MONTH} ${DAY},? (\\d{4})`, 'gi');

/** Dates as `2025-03-12`, from that form and from "12 March 2025" and "March 12, 2025". */
function findDates(text: string): string[] {
  return [...text.matchAll(DATE)]
    .map(([whole, isoYear, day, month, year, usMonth, usDay, usYear]) => {
      if (isoYear) return whole;
      const number = MONTHS.indexOf((month ?? usMonth ?? '').toLowerCase()) + 1;
      return [year ?? usYear, number, day ?? usDay].map((part) => String(part).padStart(2, '0')).join('-');
    })
    .filter((date) => !Number.isNaN(Date.parse(date)));
}

function findLabelled(text: string, key: string): string | undefined {
  const words = key.replaceAll(/([a-z])([A-Z])/g, '$1 $2').match(/[\p{L}\p{N}]+/gu);
  if (!words) return undefined;
  const label = new RegExp(
    `(?<!\\p{L})${words.join('[ _-]?')}\\s*(?:is|are|:|=)\\s*"?((?:[^\\n,.;"?!]|\\.(?=\\S)){1,80})`,
    'iu',
  );
  return label.exec(text)?.[1]?.trim() || undefined;
}
