import { filters as BUILT_IN, toValue, type FilterImplOptions } from 'liquidjs';
import { FILTERS, type FilterRule } from './filter-rules.ts';
import { chargeSearch, chargeValue, print, Refusal, type Work } from './work.ts';

type Handler = Extract<FilterImplOptions, (...args: never[]) => unknown>;
type Arguments = unknown[];

const MAX_INDENT = 8;

/** Written here, because those of LiquidJS would let the work of a call go uncounted. */
const OWN: Record<string, (work: Work, value: unknown, args: Arguments) => unknown> = {
  join: (work, value, [separator]) => {
    const between = separator === undefined ? ' ' : print(work, separator);
    const texts = toList(value).map((member) => {
      const text = print(work, member);
      work.use(text.length + between.length + 1);
      return text;
    });
    return texts.join(between);
  },
  where: (_, value, [property, ...wanted]) =>
    toList(value).filter((member) => fits(member, property, wanted)),
  reject: (_, value, [property, ...wanted]) =>
    toList(value).filter((member) => !fits(member, property, wanted)),
  json: (work, value, [indent = 0]) => {
    if (typeof indent !== 'number' || !(indent >= 0 && indent <= MAX_INDENT))
      throw new Refusal(`the indent of json is a number from 0 to ${MAX_INDENT}`);
    chargeIndent(work, toValue(value), indent, 1);
    return JSON.stringify(toValue(value) ?? null, null, indent);
  },
};

/** The filters that templates may use, each so made that it counts its work before it does it. */
export const HANDLERS: Readonly<Record<string, Handler>> = Object.fromEntries(
  [...FILTERS].map(([name, rule]) => [name, bounded(name, rule)]),
);

function bounded(name: string, rule: FilterRule): Handler {
  const own = OWN[name];
  const builtIn = BUILT_IN[name] as Handler;
  return function (value: unknown, ...args: Arguments) {
    const work = this.context.memoryLimit;
    const subject = rule.takes === 'TEXT' && name !== 'date' ? print(work, value) : value;
    const texts = rule.takes === 'TEXT' ? args.map((arg) => (isPlain(arg) ? arg : print(work, arg))) : args;
    chargeCall(work, name, rule, [subject, ...texts]);
    return own ? own(work, subject, texts) : (builtIn.call(this, subject, ...texts) as unknown);
  };
}

/** They do not look at every member; `join` counts by itself. */
const QUICK = new Set(['join', 'size', 'first', 'last', 'default']);

function chargeCall(work: Work, name: string, { searches }: FilterRule, all: Arguments): void {
  work.use(8);
  const [subject, first] = all;
  if (searches) chargeSearch(work, String(subject), String(first));
  if (!QUICK.has(name)) all.forEach((one) => chargeValue(work, one));
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function toList(value: unknown): unknown[] {
  const plain: unknown = toValue(value);
  if (Array.isArray(plain)) return plain;
  return plain === undefined || plain === null ? [] : [plain];
}

/** Without a wanted value: whether the member is there, and not false. */
function fits(item: unknown, property: unknown, wanted: Arguments): boolean {
  const has = typeof item === 'object' && item !== null && Object.hasOwn(item, String(property));
  const member = has ? (item as Record<string, unknown>)[String(property)] : undefined;
  if (wanted.length > 0) return member === toValue(wanted[0]);
  return member !== undefined && member !== null && member !== false;
}

/** The blanks before each line. */
function chargeIndent(work: Work, value: unknown, indent: number, level: number): void {
  if (typeof value !== 'object' || value === null || indent === 0) return;
  for (const member of Object.values(value)) {
    work.use(indent * level);
    chargeIndent(work, member, indent, level + 1);
  }
}
