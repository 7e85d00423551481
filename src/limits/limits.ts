import { RateLimited, type GatewayError } from '../domain/errors.ts';
import {
  EACH,
  LIMIT_SCOPES,
  LIMIT_UNITS,
  formatLimit,
  type Limit,
  type LimitAmounts,
  type LimitScope,
  type LimitStanding,
  type LimitSubjects,
} from '../domain/limit.ts';
import { newId } from '../lib/ids.ts';
import { networkOf } from '../lib/ip-address.ts';
import type { LimitBook } from './book.ts';
import type { Draw, Level, LimitStore } from './store.ts';

/** What was taken from all limits that match a request. All ways to end it may be called; of each part only the first one counts. */
export interface Taken {
  /** As if it had never been taken. */
  undo(): Promise<void>;
  /** The call of the model is over, and more may follow: what counts calls is settled, what counts requests is not. */
  endCall(actual: LimitAmounts): Promise<void>;
  /** The work is done: its places are free, and `actual` counts instead of the estimate. */
  settle(actual: LimitAmounts): Promise<void>;
}

/** Something that takes from limits, and what it would use of them. */
export interface Taking {
  subjects: LimitSubjects;
  amounts: LimitAmounts;
  /**
   * One more call for a request that has taken already: models and providers count it, all others count its tokens alone.
   */
  isFurther?: boolean;
}

/** What the headers of an answer tell: how the limits stand that a request met, and what refused it. */
export interface LimitFacts {
  standings: LimitStanding[];
  refusal: GatewayError | undefined;
}

export interface Limits {
  /**
   * Takes what a request would use from every limit that matches it, or from none.
   * @param tell hears how they stand, also when it throws.
   * @throws RateLimited with the limit that keeps it away longest.
   */
  take(taking: Taking, tell: (facts: LimitFacts) => void): Promise<Taken>;
  /** What `take` would throw now. */
  findRefusal(subjects: LimitSubjects, amounts: LimitAmounts): Promise<RateLimited | undefined>;
  /** The limits that match, whatever is asked for. */
  matching(subjects: LimitSubjects): Limit[];
  /** How limits stand for these subjects; undefined for one of a scope in which they have none. */
  stand(limits: readonly Limit[], subjects: LimitSubjects): Promise<(LimitStanding | undefined)[]>;
}

/** A limit that matches a request, and what it draws on it. */
interface Match {
  limit: Limit;
  draw: Draw;
}

const NOTHING_OF_ALL: LimitAmounts = Object.fromEntries(LIMIT_UNITS.map((unit) => [unit, 0]));
const NOTHING_TAKEN: Taken = { undo: async () => {}, endCall: async () => {}, settle: async () => {} };
/** Their limits count calls; those of whoever asks count requests. */
const CALLED: ReadonlySet<LimitScope> = new Set(['MODEL', 'PROVIDER']);

export function createLimits({ book, store }: { book: LimitBook; store: LimitStore }): Limits {
  function match(subjects: LimitSubjects, amounts: LimitAmounts): Match[] {
    const { within: organisationId = subjects.ORGANISATION } = subjects;
    if (organisationId === undefined) return [];
    return LIMIT_SCOPES.flatMap((scope) => {
      const subject = subjects[scope];
      if (subject === undefined) return [];
      return LIMIT_UNITS.flatMap((unit) => {
        const amount = amounts[unit];
        const limit = amount === undefined ? undefined : book.find(organisationId, scope, subject, unit);
        return limit ? [{ limit, draw: drawOn(limit, subject, amount!) }] : [];
      });
    });
  }

  return {
    async take({ subjects, amounts, isFurther = false }, tell) {
      const matches = match(subjects, amounts).filter((each) => !isFurther || isOfCall(each));
      if (matches.length === 0) return NOTHING_TAKEN;
      const draws = matches.map(({ draw }) => draw);
      const { taken, levels, receipt } = await store.take(newId('lease'), draws);
      const refusal = taken ? undefined : toRateLimited(matches, levels);
      tell({ standings: toStandings(matches, levels), refusal });
      if (!receipt) throw refusal;
      const open = new Set(matches);
      const end = async (ending: Match[], used: (match: Match) => number) => {
        const ended = ending.filter((each) => open.delete(each));
        if (ended.length === 0) return;
        const inWindows = ended.flatMap((each): [string, number][] => {
          const { key, kind, amount } = each.draw;
          const by = used(each) - amount;
          return by !== 0 && kind === 'window' ? [[key, by]] : [];
        });
        await store.settle({ ...receipt, draws: ended.map(({ draw }) => draw) }, new Map(inWindows));
      };
      const usedOf =
        (actual: LimitAmounts) =>
        ({ limit, draw }: Match) =>
          actual[limit.unit] ?? draw.amount;
      return {
        undo: () => end(matches, () => 0),
        endCall: (actual) => end(matches.filter(isOfCall), usedOf(actual)),
        settle: (actual) => end(matches, usedOf(actual)),
      };
    },
    async findRefusal(subjects, amounts) {
      const matches = match(subjects, amounts);
      if (matches.length === 0) return undefined;
      const { taken, levels } = await store.peek(matches.map(({ draw }) => draw));
      return taken ? undefined : toRateLimited(matches, levels);
    },
    matching: (subjects) => match(subjects, NOTHING_OF_ALL).map(({ limit }) => limit),
    async stand(limits, subjects) {
      const matches = limits.flatMap((limit): Match[] => {
        const subject = limit.subjectId === EACH ? subjects[limit.scope] : limit.subjectId;
        return subject === undefined ? [] : [{ limit, draw: drawOn(limit, subject, 0) }];
      });
      if (matches.length === 0) return limits.map(() => undefined);
      const { levels } = await store.peek(matches.map(({ draw }) => draw));
      const standings = new Map(toStandings(matches, levels).map((standing) => [standing.limit, standing]));
      return limits.map((limit) => standings.get(limit));
    },
  };
}

function isOfCall({ limit: { unit, scope } }: Match): boolean {
  return unit === 'TOKENS_PER_MINUTE' || CALLED.has(scope);
}

/** A limit that is set anew, or on a subject instead of on each, goes on with what was used. */
function drawOn(
  { organisationId, scope, subjectId, unit, max }: Limit,
  subject: string,
  amount: number,
): Draw {
  const counted = scope === 'IP' && subjectId === EACH ? networkOf(subject) : subject;
  const kind = unit === 'CONCURRENT' ? 'slots' : 'window';
  return { key: `${organisationId} ${scope} ${unit} ${counted}`, kind, max, amount };
}

function toStandings(matches: readonly Match[], levels: readonly Level[]): LimitStanding[] {
  return matches.map(({ limit }, at) => {
    const { remaining, resetMs } = levels[at]!;
    return { limit, remaining, resetMs };
  });
}

function toRateLimited(matches: readonly Match[], levels: readonly Level[]): RateLimited {
  const refusals = matches.flatMap((match, at) => {
    const level = levels[at]!;
    return level.waitMs === 0 ? [] : [{ ...match, level, longest: longestOf(match.draw, level) }];
  });
  const [worst] = refusals.toSorted((a, b) => b.longest - a.longest);
  if (!worst) throw new Error('a refusal names no limit');
  const { limit, draw, level } = worst;
  const { remaining, resetMs, waitMs } = level;
  return new RateLimited(describe(limit, draw, level), {
    standing: { limit, remaining, resetMs },
    retryAfterMs: waitMs,
    retryable: draw.amount <= draw.max,
  });
}

/** What never fits is worse than any wait; a place may be free at any moment. */
function longestOf({ amount, max, kind }: Draw, { waitMs }: Level): number {
  if (amount > max) return Number.POSITIVE_INFINITY;
  return waitMs ?? (kind === 'slots' ? 0 : Number.MAX_SAFE_INTEGER);
}

/** The subject of the limit is told; nothing of the request is. */
function describe({ scope, subjectId, unit, max }: Limit, { amount }: Draw, { remaining }: Level): string {
  const scopeName = scope.toLowerCase().replace('_', ' ');
  const whose = subjectId === EACH ? `each ${scopeName}` : `${scopeName} ${JSON.stringify(subjectId)}`;
  const what = `the limit of ${whose} (${formatLimit(unit, max)})`;
  if (unit === 'REQUESTS_PER_MINUTE') return `${what} is reached`;
  if (unit === 'CONCURRENT') return `${what} is reached; wait until one of them has ended`;
  const need = `and this may come to ${amount}`;
  if (amount > max) return `${what} is less than this may come to, which is ${amount}; ask for less at once`;
  return `${what} has ${remaining} left, ${need}`;
}
