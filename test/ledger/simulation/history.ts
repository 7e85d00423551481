import fc from 'fast-check';

/** What somebody wants from the ledger, and what becomes of it. Small numbers name things of the history's own. */
export interface Ask {
  /** The process that it comes to. */
  instance: number;
  team: number;
  key: number;
  model: number;
  endUser: number | undefined;
  tag: number | undefined;
  /** The worst case; undefined where no price is known. */
  nanos: bigint | undefined;
  tokens: number;
  idempotencyKey: number | undefined;
  /** Whether the answer of the database comes, is lost after the commit, or the statement never gets there. */
  fate: 'ANSWERED' | 'ANSWER_LOST' | 'NEVER_SENT' | 'CALLER_LEFT';
  /** Where its process dies, if it does. */
  crash: 'NEVER' | 'AFTER_RESERVE' | 'AFTER_DISPATCH' | 'MID_STREAM' | 'BEFORE_POST';
  /** Output tokens that a heartbeat saw before such a death. */
  seen: number;
}

/** What a further attempt asks for, at one of the completions so far. */
export interface Again extends Pick<Ask, 'model' | 'nanos' | 'tokens' | 'fate'> {
  one: number;
  /** Its process dies as soon as it is under way. */
  crash: boolean;
}

/** The end of one of the completions so far, or only of its attempt; `one` is counted round. */
export interface End {
  one: number;
  /** Of the attempt that is under way beside it, where there is one. */
  beside: boolean;
  /** Another attempt is to follow. */
  goesOn: boolean;
  usage: 'REPORTED' | 'ESTIMATED' | 'EXPLICIT_ZERO' | 'NOTHING' | 'MORE_THAN_HELD';
  /** In thousandths of what is held. */
  share: number;
  fate: Exclude<Ask['fate'], 'CALLER_LEFT'>;
  twice: boolean;
}

export interface BudgetPlan {
  scope: 'ORGANISATION' | 'TEAM' | 'KEY' | 'END_USER' | 'MODEL' | 'PROVIDER' | 'TAG';
  subject: number;
  unit: 'MONEY' | 'TOKENS' | 'REQUESTS';
  window: 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'TOTAL';
  limit: bigint;
  rule: 'BLOCK' | 'WARN' | 'SHADOW';
  allowUnpriced: boolean;
  /** It ends by itself after half a day. */
  temporary: boolean;
}

/** What happens between the asks: the clock of the database jumps, processes die, freeze and wake, people change budgets. */
export type Change =
  | { do: 'jump'; by: 'HOLDS' | 'HOUR' | 'DAY' | 'MONTH'; times: number }
  | { do: 'crash' | 'freeze' | 'wake'; instance: number }
  | { do: 'make budget'; plan: BudgetPlan }
  | { do: 'change rule'; budget: number; rule: BudgetPlan['rule'] }
  | { do: 'delete budget'; budget: number }
  | { do: 'correct'; one: number; nanos: bigint };

/** The changes come one after the other; everything else of a step happens at once. */
export interface Step {
  changes: Change[];
  asks: Ask[];
  ends: End[];
  again: Again[];
  /** Attempts beside those that are under way. */
  hedges: Again[];
  beats: { one: number; seen: number }[];
  /** How many processes look for dead holds at the same time. */
  recoverBy: number;
  limits: { budget: number; limit: bigint }[];
}

export interface History {
  /** Nobody lowers a limit and nothing costs more than was held: no budget may ever be seen beyond its limit. */
  strict: boolean;
  budgets: BudgetPlan[];
  steps: Step[];
}

export const INSTANCES = 3;
const two = fc.nat(1);
const one = fc.nat(1_000);
const instance = fc.nat(INSTANCES - 1);
const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 3) => fc.option(arbitrary, { nil: undefined, freq });
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
/** Mostly the first. */
const mostly = <const T extends string>(usual: T, others: readonly T[], weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

/** No less than what the recovery of a dead process comes to: an ask is held for at least its estimate and its output. */
const amount = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt(40n, 120n) },
  { weight: 1, arbitrary: fc.bigInt(40n, 10n ** 15n) },
);
const limit = fc.bigInt(1n, 600n);
const rule = mostly('BLOCK', ['WARN', 'SHADOW'], 3);

const ask: fc.Arbitrary<Ask> = fc.record({
  instance,
  team: two,
  key: two,
  model: two,
  endUser: maybe(two, 1),
  tag: maybe(two, 1),
  nanos: maybe(amount, 8),
  tokens: fc.integer({ min: 40, max: 150 }),
  idempotencyKey: rarely(two),
  fate: mostly('ANSWERED', ['ANSWER_LOST', 'NEVER_SENT', 'CALLER_LEFT'], 12),
  crash: mostly('NEVER', ['AFTER_RESERVE', 'AFTER_DISPATCH', 'MID_STREAM', 'BEFORE_POST'], 5),
  seen: fc.integer({ min: 1, max: 30 }),
});

const again: fc.Arbitrary<Again> = fc.record({
  one,
  model: two,
  nanos: maybe(amount, 8),
  tokens: fc.integer({ min: 40, max: 150 }),
  fate: mostly('ANSWERED', ['ANSWER_LOST', 'NEVER_SENT', 'CALLER_LEFT'], 12),
  crash: fc.nat(7).map((chance) => chance === 0),
});

const end: fc.Arbitrary<End> = fc.record({
  one,
  beside: fc.boolean(),
  goesOn: fc.boolean(),
  usage: mostly('REPORTED', ['ESTIMATED', 'EXPLICIT_ZERO', 'NOTHING', 'MORE_THAN_HELD'], 3),
  share: fc.nat(1_000),
  fate: mostly('ANSWERED', ['ANSWER_LOST', 'NEVER_SENT'], 20),
  twice: fc.nat(5).map((chance) => chance === 0),
});

const plan: fc.Arbitrary<BudgetPlan> = fc
  .record({
    scope: fc.constantFrom('ORGANISATION', 'TEAM', 'TEAM', 'KEY', 'END_USER', 'MODEL', 'PROVIDER', 'TAG'),
    subject: two,
    unit: fc.constantFrom('MONEY', 'MONEY', 'TOKENS', 'REQUESTS'),
    window: fc.constantFrom('HOUR', 'DAY', 'WEEK', 'MONTH', 'TOTAL'),
    limit,
    rule,
    allowUnpriced: fc.boolean(),
    temporary: fc.nat(7).map((chance) => chance === 0),
  })
  .map((made) => ({
    ...made,
    // There is one organisation, and one provider.
    subject: made.scope === 'ORGANISATION' || made.scope === 'PROVIDER' ? 0 : made.subject,
    limit: made.unit === 'REQUESTS' ? (made.limit % 8n) + 1n : made.limit,
    allowUnpriced: made.allowUnpriced && made.unit === 'MONEY',
  }));

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      by: fc.constantFrom('HOLDS', 'HOLDS', 'HOUR', 'DAY', 'MONTH'),
      times: fc.constantFrom(1, 1, 2, -1),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('crash', 'freeze', 'freeze', 'wake', 'wake'), instance }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('make budget' as const), plan }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('change rule' as const), budget: one, rule }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete budget' as const), budget: one }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('correct' as const), one, nanos: fc.bigInt(-50n, 50n) }),
  },
);

const few = <T>(arbitrary: fc.Arbitrary<T>, chance: number) =>
  fc.oneof(
    { weight: chance, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: 1 }) },
    { weight: 100 - chance, arbitrary: fc.constant<T[]>([]) },
  );

const step: fc.Arbitrary<Step> = fc.record({
  changes: few(change, 35),
  asks: fc.array(ask, { maxLength: 3 }),
  ends: fc.array(end, { maxLength: 2 }),
  again: fc.array(again, { maxLength: 3 }),
  hedges: fc.array(again, { maxLength: 2 }),
  beats: few(fc.record({ one, seen: fc.integer({ min: 1, max: 30 }) }), 20),
  recoverBy: fc.constantFrom(0, 0, 1, 2),
  limits: few(fc.record({ budget: one, limit }), 3),
});

/** Two that never end would be one. */
const identify = ({ scope, subject, unit, window, temporary }: BudgetPlan) =>
  temporary ? {} : [scope, subject, unit, window].join();

/** The life of the money of one organisation. */
export const history: fc.Arbitrary<History> = fc.record({
  strict: fc.boolean(),
  budgets: fc.uniqueArray(plan, { minLength: 1, maxLength: 4, selector: identify }),
  steps: fc.array(step, { minLength: 3, maxLength: 6 }),
});
