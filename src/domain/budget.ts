import { formatNanos } from '../lib/money.ts';
import type { Tag } from './completion.ts';

export const BUDGET_SCOPES = [
  'ORGANISATION',
  'TEAM',
  'KEY',
  'END_USER',
  'MODEL',
  'PROVIDER',
  'ROUTE',
  'PROMPT',
  'TAG',
] as const;
/** What a budget is set on. */
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

export const BUDGET_UNITS = ['MONEY', 'TOKENS', 'REQUESTS'] as const;
/** What a budget counts: nano-USD, tokens in and out together, or requests. */
export type BudgetUnit = (typeof BUDGET_UNITS)[number];

export const BUDGET_WINDOWS = ['MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH', 'TOTAL'] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

export const ON_EXCEED = ['BLOCK', 'WARN', 'FALLBACK_TO_CHEAPER', 'QUEUE'] as const;
/** What happens to an ask that does not fit into what is left. */
export type OnExceed = (typeof ON_EXCEED)[number];

/** A budget and its current window. Amounts are in its unit: nano-USD, tokens or requests. */
export interface Budget {
  id: string;
  organisationId: string;
  teamId: string | undefined;
  scope: BudgetScope;
  subjectId: string;
  name: string | undefined;
  unit: BudgetUnit;
  limit: bigint;
  window: BudgetWindow;
  /** IANA name of the zone whose days, weeks and months count. */
  timeZone: string;
  /** Day of the month (1 to 28) or of the week (1 is Monday) that a window begins on. */
  startDay: number;
  onExceed: OnExceed;
  /** For FALLBACK_TO_CHEAPER: what answers instead. */
  fallbackModel: string | undefined;
  /** For QUEUE: how long an ask may wait for room. */
  queueMs: number;
  /** Measured and told, never enforced. */
  shadow: boolean;
  /** For MONEY: whether models without a known price may run, counted as nothing. */
  allowUnpriced: boolean;
  /** Percentages of the limit that are told, ascending. */
  thresholds: number[];
  createdAt: Date;
  /** When it stops to hold by itself. */
  endsAt: Date | undefined;
  deletedAt: Date | undefined;
  current: BudgetState;
}

/** How a budget's window stands. */
export interface BudgetState {
  windowId: string;
  startsAt: Date;
  /** Undefined: never. */
  resetsAt: Date | undefined;
  limit: bigint;
  settled: bigint;
  held: bigint;
  /** How often something did not fit: it was refused, or let through where that is the rule. */
  exceeded: bigint;
  version: bigint;
}

/** What is left for the next ask; never below zero, also where a limit was lowered below what is used. */
export function remainingOf({
  limit,
  settled,
  held,
}: Pick<BudgetState, 'limit' | 'settled' | 'held'>): bigint {
  const left = limit - settled - held;
  return left > 0n ? left : 0n;
}

/** `SCOPE:id`, by which a budget and a completion find each other. */
export function subjectOf(scope: BudgetScope, id: string): string {
  return `${scope}:${id}`;
}

/** A tag as the id of a budget's subject. */
export function tagSubject({ key, value }: Tag): string {
  return `${key}=${value}`;
}

/** An amount for people: `$0.25`, `1200 tokens`. */
export function formatAmount(unit: BudgetUnit, amount: bigint): string {
  return unit === 'MONEY' ? `$${formatNanos(amount)}` : `${amount} ${unit.toLowerCase()}`;
}
