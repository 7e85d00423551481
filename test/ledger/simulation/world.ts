import type { Completion, Tag } from '../../../src/domain/completion.ts';
import { INSTANCES, type Ask, type BudgetPlan, type Change } from './history.ts';

/** How long a hold stands. Every jump of the clock is far from a boundary of it, so that the real time of a test is nothing. */
export const HOLD_S = 600;
const TEMPORARY_S = 12 * 3_600;
const DAY_S = 86_400;

type Kind = BudgetPlan['window'];

/** What a window of a budget should say. */
export interface Window {
  /** Known once something was held in it. */
  id: string | undefined;
  limit: bigint;
  settled: bigint;
  held: bigint;
  /** How often something did not fit, at least and at most. */
  exceeded: { least: bigint; most: bigint };
}

/** What a budget should say: one window for each place of the clock that something was held in. */
export interface BudgetState {
  id: string;
  plan: BudgetPlan;
  rule: BudgetPlan['rule'];
  /** What it is now and was before. */
  limits: bigint[];
  endsAtS: number | undefined;
  deleted: boolean;
  windows: Map<number, Window>;
}

export interface Draw {
  budget: BudgetState;
  window: Window;
  amount: bigint;
}

/** What should be known of one completion. */
export interface Account {
  id: string;
  /** With the model and the hold of the attempt that is under way, or was the last. */
  ask: Ask;
  /** Its number, from 0 on. */
  attempt: number;
  /** How many have begun. */
  begun: number;
  /** What is under way beside it. */
  beside: Pick<Account, 'attempt' | 'ask' | 'draws' | 'seen'> | undefined;
  /** It has ended, and the completion waits for the next one. */
  resting: boolean;
  /** What the attempts before cost. */
  earlier: bigint;
  /** Budgets of requests that have counted it. */
  counted: Set<BudgetState>;
  state: 'PENDING' | 'POSTED' | 'VOIDED' | 'EXPIRED';
  /** Undefined when its process died, or never learnt of it. */
  owner: number | undefined;
  expiresAtS: number;
  seen: number;
  /** The vendor was called for it. */
  dispatched: boolean;
  draws: Draw[];
  cost: bigint | undefined;
  corrected: bigint;
}

/** The model ledger of one organisation: plain numbers, no database. */
export interface World {
  organisationId: string;
  strict: boolean;
  nowS: number;
  /** Where the clock stands, in windows of each kind. */
  place: Record<Exclude<Kind, 'TOTAL'>, number>;
  budgets: BudgetState[];
  accounts: Account[];
  frozen: boolean[];
}

export function createWorld(organisationId: string, strict: boolean): World {
  const frozen = Array.from({ length: INSTANCES }, () => false);
  const place = { HOUR: 0, DAY: 0, WEEK: 0, MONTH: 0 };
  return { organisationId, strict, nowS: 0, place, budgets: [], accounts: [], frozen };
}

export interface Jump {
  seconds: number;
  /** By how many of its own windows each kind moves. */
  windows: World['place'];
}

const JUMPS: Record<Extract<Change, { do: 'jump' }>['by'], Jump> = {
  HOLDS: { seconds: 2 * HOLD_S, windows: { HOUR: 0, DAY: 0, WEEK: 0, MONTH: 0 } },
  HOUR: { seconds: 3_600, windows: { HOUR: 1, DAY: 0, WEEK: 0, MONTH: 0 } },
  DAY: { seconds: DAY_S, windows: { HOUR: 24, DAY: 1, WEEK: 0, MONTH: 0 } },
  MONTH: { seconds: 31 * DAY_S, windows: { HOUR: 24 * 31, DAY: 31, WEEK: 5, MONTH: 1 } },
};

/** A clock may be set back, but no month: they differ in length. */
export function jumpOf({ by, times }: Extract<Change, { do: 'jump' }>): Jump {
  const factor = by === 'MONTH' ? Math.abs(times) : times;
  const { seconds, windows } = JUMPS[by];
  const { HOUR, DAY, WEEK, MONTH } = windows;
  return {
    seconds: seconds * factor,
    windows: { HOUR: HOUR * factor, DAY: DAY * factor, WEEK: WEEK * factor, MONTH: MONTH * factor },
  };
}

export function jump(world: World, { seconds, windows }: Jump): void {
  world.nowS += seconds;
  for (const kind of ['HOUR', 'DAY', 'WEEK', 'MONTH'] as const) world.place[kind] += windows[kind];
}

/** Seconds in a window of this kind, for moving the rows of the database by whole ones. */
export const WINDOW_S = { HOUR: 3_600, DAY: DAY_S, WEEK: 7 * DAY_S, MONTH: 31 * DAY_S };

export function addBudget(world: World, id: string, plan: BudgetPlan): void {
  world.budgets.push({
    id,
    plan,
    rule: plan.rule,
    limits: [plan.limit],
    endsAtS: plan.temporary ? world.nowS + TEMPORARY_S : undefined,
    deleted: false,
    windows: new Map(),
  });
}

export function isInForce(world: World, { deleted, endsAtS }: BudgetState): boolean {
  return !deleted && (endsAtS === undefined || world.nowS < endsAtS);
}

export function placeOf(world: World, { plan }: BudgetState): number {
  return plan.window === 'TOTAL' ? 0 : world.place[plan.window];
}

/** From this place of the clock on. */
export function setLimit(world: World, budget: BudgetState, limit: bigint): void {
  budget.limits.push(limit);
  for (const [place, window] of budget.windows) if (place >= placeOf(world, budget)) window.limit = limit;
}

export function subjectId({ organisationId }: World, { scope, subject }: BudgetPlan): string {
  switch (scope) {
    case 'ORGANISATION':
      return organisationId;
    case 'TEAM':
      return `${organisationId}/team${subject}`;
    case 'KEY':
      return `${organisationId}/key${subject}`;
    case 'END_USER':
      return `user${subject}`;
    case 'MODEL':
      return `vendor/model${subject}`;
    case 'PROVIDER':
      return 'vendor';
    case 'TAG':
      return `job=${subject}`;
  }
}

export function detailsOf(world: World, ask: Ask): Partial<Completion> {
  const { organisationId } = world;
  const tags: Tag[] = ask.tag === undefined ? [] : [{ key: 'job', value: String(ask.tag) }];
  return {
    organisationId,
    teamId: `${organisationId}/team${ask.team}`,
    keyId: `${organisationId}/key${ask.key}`,
    endUserId: ask.endUser === undefined ? undefined : `user${ask.endUser}`,
    model: `vendor/model${ask.model}`,
    tags,
    idempotencyKey: ask.idempotencyKey === undefined ? undefined : `once ${ask.idempotencyKey}`,
  };
}

function isMet({ plan: { scope, subject } }: BudgetState, ask: Ask): boolean {
  const named = { TEAM: ask.team, KEY: ask.key, END_USER: ask.endUser, MODEL: ask.model, TAG: ask.tag };
  return scope === 'ORGANISATION' || scope === 'PROVIDER' || named[scope] === subject;
}

/** The budgets that an ask must fit into, or only counts in. */
export function budgetsFor(world: World, ask: Ask): BudgetState[] {
  return world.budgets.filter((budget) => isInForce(world, budget) && isMet(budget, ask));
}

/**
 * What an ask comes to in a budget, at most; undefined for money of an unknown price.
 * @param counted budgets of requests that count the completion already.
 */
export function needOf(
  budget: BudgetState,
  ask: Ask,
  counted?: ReadonlySet<BudgetState>,
): bigint | undefined {
  const { unit } = budget.plan;
  if (unit === 'REQUESTS') return counted?.has(budget) ? 0n : 1n;
  return unit === 'TOKENS' ? BigInt(ask.tokens) : ask.nanos;
}
