import { BudgetExceeded } from '../../../src/domain/errors.ts';
import { seenBeside } from './acts.ts';
import { beginBeside, countedIn, endBeside, finishBeside } from './beside.ts';
import { drawAll, post } from './draws.ts';
import { ensure } from './ensure.ts';
import { endAttempt, resume } from './further.ts';
import type { Asked, Ended } from './happened.ts';
import type { Ask } from './history.ts';
import type { Observed } from './observe.ts';
import {
  budgetsFor,
  HOLD_S,
  needOf,
  placeOf,
  setLimit,
  type Account,
  type BudgetState,
  type Draw,
  type Window,
  type World,
} from './world.ts';

/** Everything that happened at once. */
export interface Happened {
  asked: Asked[];
  ended: Ended[];
  beaten: { account: Account; seen: number; lost: boolean }[];
  /** Holds that were late when somebody looked for such. */
  late: Account[];
  limits: { budget: BudgetState; limit: bigint }[];
}

/** Between which values a budget's window was, while everything happened at once. */
interface Range {
  leastLimit: bigint;
  mostLimit: bigint;
  leastUsed: bigint;
  mostUsed: bigint;
  /** Held by what was let through. */
  admitted: bigint;
}

/** Moves the model on by what happened, as far as every answer can be explained; throws where one cannot. */
export function judge(world: World, happened: Happened, observed: Observed): void {
  const before = new Map(world.budgets.map((budget) => [budget, currentWindow(world, budget)]));
  const used = new Map(
    [...before].map(([budget, window]) => [budget, window ? window.settled + window.held : 0n]),
  );
  const ranges = new Map(
    world.budgets.map((budget) => {
      const limits = [before.get(budget)?.limit ?? budget.limits, ...limitsSet(happened, budget)].flat();
      const base = used.get(budget) ?? 0n;
      const range = {
        leastLimit: min(limits),
        mostLimit: max(limits),
        leastUsed: base,
        mostUsed: base,
        admitted: 0n,
      };
      return [budget, range];
    }),
  );
  for (const { budget, limit } of happened.limits) setLimit(world, budget, limit);
  const opened = openAll(world, happened.asked, observed);
  const widen = (draw: Draw, by: bigint) => {
    const range = ranges.get(draw.budget);
    if (!range || draw.window !== currentWindow(world, draw.budget)) return;
    if (by < 0n) range.leastUsed += by;
    else range.mostUsed += by;
  };
  for (const { draws } of opened) {
    for (const draw of draws) {
      ranges.get(draw.budget)!.admitted += draw.amount;
      widen(draw, draw.amount);
    }
  }
  closeAll(world, happened, { opened, observed, widen });
  for (const asked of happened.asked)
    judgeAnswer(world, asked, ranges, new Set(opened.map(({ account }) => account)));
  for (const [budget, range] of ranges) ensureWithinLimit(budget, range);
}

function limitsSet({ limits }: Happened, budget: BudgetState): bigint[] {
  return limits.flatMap((each) => (each.budget === budget ? each.limit : []));
}

function currentWindow(world: World, budget: BudgetState): Window | undefined {
  return budget.windows.get(placeOf(world, budget));
}

/** An attempt that was let through, and what it holds. */
interface Opened {
  account: Account;
  draws: Draw[];
}

function openAll(world: World, asked: readonly Asked[], observed: Observed): Opened[] {
  return asked.flatMap((each): Opened[] => {
    const { id, ask, answer, again, hedges } = each;
    const row = observed.completions.get(id);
    if (again && hedges) {
      const draws = beginBeside(world, { ...each, again }, observed);
      return draws ? [{ account: again, draws }] : [];
    }
    if (again) {
      const isOpened = resume(world, { ...each, again }, observed);
      return isOpened ? [{ account: again, draws: again.draws }] : [];
    }
    const mayBe = answer === 'UNKNOWN' && ask.fate !== 'NEVER_SENT';
    ensure(
      answer === 'OPENED' ? row !== undefined : !row || mayBe,
      () => `${id} was answered ${String(answer)} and is ${row ? 'there' : 'not there'}`,
    );
    if (!row) return [];
    const account: Account = {
      id,
      ask,
      attempt: 0,
      begun: 1,
      beside: undefined,
      resting: false,
      earlier: 0n,
      counted: new Set(),
      state: 'PENDING',
      owner: answer === 'OPENED' && ask.crash === 'NEVER' ? ask.instance : undefined,
      expiresAtS: world.nowS + HOLD_S,
      seen: 0,
      dispatched: answer === 'OPENED' && ask.crash !== 'AFTER_RESERVE',
      draws: drawAll(world, ask, row, observed),
      cost: undefined,
      corrected: 0n,
    };
    world.accounts.push(account);
    return [{ account, draws: account.draws }];
  });
}

function closeAll(
  world: World,
  happened: Happened,
  {
    opened,
    observed,
    widen,
  }: { opened: Opened[]; observed: Observed; widen: (draw: Draw, by: bigint) => void },
): void {
  const { asked, ended, beaten, late } = happened;
  const end = (account: Account, state: Account['state'], cost: bigint | undefined, tokens: bigint) => {
    post(account, { state, cost, tokens }, widen);
    finishBeside(account, state, widen);
  };
  for (const { account, outcome, goesOn, beside, taken } of ended) {
    const row = observed.completions.get(account.id);
    if (goesOn) {
      (beside ? endBeside : endAttempt)({ account, outcome, taken }, row!, widen);
      continue;
    }
    const wasPending = account.state === 'PENDING';
    const isLost = row?.hold_state === 'EXPIRED';
    ensure(!wasPending || !isLost || late.includes(account), () => `${account.id} expired before its time`);
    const expected = wasPending && !isLost ? 1 : 0;
    ensure(
      taken === undefined || taken === expected,
      () => `${account.id} was settled ${taken} times and not ${expected}`,
    );
    if (expected === 0) continue;
    const { usage, costNanos } = outcome;
    end(
      account,
      usage.source === 'NONE' ? 'VOIDED' : 'POSTED',
      costNanos,
      BigInt(usage.input + usage.output),
    );
  }
  for (const { account, seen, lost } of beaten) {
    const isOver = observed.completions.get(account.id)?.hold_state !== 'PENDING';
    ensure(lost === isOver, () => `the heartbeat of ${account.id} was ${lost ? 'refused' : 'taken'}`);
    ensure(
      !lost || account.state !== 'PENDING' || late.includes(account),
      () => `${account.id} expired before its time`,
    );
    if (lost) continue;
    account.expiresAtS = world.nowS + HOLD_S;
    Object.assign(seenBeside(account, seen) ?? account, { seen: account.resting ? 0 : seen });
  }
  for (const account of late) {
    const isExtended = beaten.some((each) => each.account === account && !each.lost);
    if (account.state !== 'PENDING' || isExtended) continue;
    const hasMoved =
      opened.some((each) => each.account === account) ||
      ended.some((each) => each.account === account && each.goesOn);
    // Whoever looked before it moved has left it alone.
    if (hasMoved && observed.completions.get(account.id)?.hold_state === 'PENDING') continue;
    const tokens = account.seen === 0 ? 0n : BigInt(10 + account.seen);
    end(account, 'EXPIRED', account.seen > 0 && account.ask.nanos === undefined ? undefined : tokens, tokens);
  }
  for (const { account } of opened) {
    const { answer } = asked.find(({ id }) => id === account.id)!;
    if (answer !== 'OPENED' && account.attempt === 0 && account.ask.fate === 'CALLER_LEFT')
      end(account, 'VOIDED', 0n, 0n);
  }
}

/** Whoever was refused did not fit at some moment; whoever was told that the key is used was right. */
function judgeAnswer(
  world: World,
  asked: Asked,
  ranges: Map<BudgetState, Range>,
  opened: ReadonlySet<Account>,
): void {
  const { id, ask, answer, again } = asked;
  const counted = countedIn(asked);
  const account = [...opened].find((each) => each.id === id);
  const isTwin = (other: Ask) => other.key === ask.key && other.idempotencyKey === ask.idempotencyKey;
  const isUsed =
    !again &&
    ask.idempotencyKey !== undefined &&
    world.accounts.some((other) => other !== account && isTwin(other.ask));
  if (answer === 'KEY_USED') ensure(isUsed, () => `${id} was told that its key is used`);
  if (account) ensure(!isUsed, () => `two completions have the idempotency key of ${id}`);
  for (const budget of budgetsFor(world, ask)) {
    const isEnforced = budget.rule === 'BLOCK';
    const isFree = needOf(budget, ask, counted) === undefined && !budget.plan.allowUnpriced;
    if (account)
      ensure(!isEnforced || !isFree, () => `${id} has no price and was let through by ${budget.id}`);
    const window = currentWindow(world, budget);
    if (!window) continue;
    const isNamed = answer instanceof BudgetExceeded && answer.budget.id === budget.id;
    if (isNamed) window.exceeded.least += 1n;
    if (isNamed || !account || !isEnforced) window.exceeded.most += 1n;
  }
  if (!(answer instanceof BudgetExceeded)) return;
  const budget = budgetsFor(world, ask).find((each) => each.id === answer.budget.id);
  ensure(budget?.rule === 'BLOCK', () => `${id} was refused by ${answer.budget.id}, which is not in its way`);
  // Where unpriced models are allowed they count as nothing.
  const need = needOf(budget, ask, counted) ?? (budget.plan.allowUnpriced ? 0n : undefined);
  ensure(answer.estimated === need, () => `${id} was told that it needs ${answer.estimated} and not ${need}`);
  const range = ranges.get(budget)!;
  const room = { least: range.leastLimit - range.mostUsed, most: range.mostLimit - range.leastUsed };
  const told = answer.remaining;
  const isTrue = told >= atLeast0(room.least) && told <= atLeast0(room.most);
  ensure(isTrue, () => `${id} was told that ${told} is left, of ${room.least} to ${room.most}`);
  const isRight = need === undefined || need > told || (told === 0n && need > room.least);
  ensure(isRight, () => `${id} needs ${need} and was refused with ${told} left`);
}

function ensureWithinLimit({ id, rule }: BudgetState, range: Range): void {
  if (rule !== 'BLOCK' || range.admitted === 0n) return;
  // What was given back meanwhile may have made room for it.
  const least = range.leastUsed + range.admitted;
  ensure(
    least <= range.mostLimit,
    () => `${id} let ${range.admitted} through and has at least ${least} of ${range.mostLimit}`,
  );
}

const atLeast0 = (value: bigint) => (value > 0n ? value : 0n);
const min = (values: bigint[]) => values.reduce((a, b) => (a < b ? a : b));
const max = (values: bigint[]) => values.reduce((a, b) => (a > b ? a : b));
