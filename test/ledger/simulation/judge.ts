import { BudgetExceeded } from '../../../src/domain/errors.ts';
import type { Outcome } from '../../../src/domain/completion.ts';
import type { Ask } from './history.ts';
import type { CompletionRow, Observed } from './observe.ts';
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

/** An ask that was made, and how it was answered. */
export interface Asked {
  id: string;
  ask: Ask;
  /** The completion that it is a further attempt of. */
  again: Account | undefined;
  answer: 'OPENED' | 'KEY_USED' | 'OVER' | 'UNKNOWN' | BudgetExceeded;
}

/** A settlement that its own process, or one that takes itself for it, handed in. */
export interface Ended {
  account: Account;
  outcome: Outcome;
  /** Only its attempt ended. */
  goesOn: boolean;
  /** How many of those who handed it in were told that theirs was taken; undefined where they cannot know. */
  taken: number | undefined;
}

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

/** @throws Error that says in what the database and the model differ. */
export function ensure(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
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
  for (const asked of happened.asked) judgeAnswer(world, asked, ranges, new Set(opened));
  for (const [budget, range] of ranges) ensureWithinLimit(budget, range);
}

function limitsSet({ limits }: Happened, budget: BudgetState): bigint[] {
  return limits.flatMap((each) => (each.budget === budget ? each.limit : []));
}

function currentWindow(world: World, budget: BudgetState): Window | undefined {
  return budget.windows.get(placeOf(world, budget));
}

function openAll(world: World, asked: readonly Asked[], observed: Observed): Account[] {
  return asked.flatMap(({ id, ask, answer, again }) => {
    const row = observed.completions.get(id);
    if (again) return resume(world, { id, ask, answer, again }, observed) ? [again] : [];
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
    return [account];
  });
}

/** @returns whether the completion goes on with another attempt. */
function resume(world: World, { id, ask, answer, again }: Asked & { again: Account }, observed: Observed): boolean {
  const row = observed.completions.get(id)!;
  const isResumed = row.attempt > again.attempt;
  const mayBe = again.state === 'PENDING' && again.resting;
  const isExplained =
    answer === 'OPENED' || (isResumed && answer === 'UNKNOWN' && ask.fate !== 'NEVER_SENT')
      ? mayBe && isResumed && row.attempt === again.attempt + 1
      : !isResumed;
  const isOver = !mayBe || row.hold_state === 'EXPIRED';
  ensure(
    isExplained && (answer !== 'OVER' || isOver),
    () => `attempt ${again.attempt + 1} of ${id} was answered ${String(answer)}, and the row is at ${row.attempt}`,
  );
  if (!isResumed) return false;
  Object.assign(again, {
    ask,
    attempt: row.attempt,
    resting: false,
    owner: answer === 'OPENED' && ask.crash !== 'NEVER' ? undefined : again.owner,
    expiresAtS: world.nowS + HOLD_S,
    seen: 0,
    draws: drawAll(world, ask, row, observed, again),
  });
  return true;
}

/** All budgets that it meets hold what it may come to, and no others. */
function drawAll(
  world: World,
  ask: Ask,
  row: CompletionRow,
  observed: Observed,
  again?: Account,
): Draw[] {
  const budgets = budgetsFor(world, ask);
  const held = row.budget_holds ?? [];
  ensure(
    held.length === budgets.length,
    () => `${row.id} draws on ${held.length} windows and not on ${budgets.length}`,
  );
  return budgets.map((budget) => {
    const windows = observed.windows.get(budget.id) ?? [];
    const hold = held.find((each) => windows.some(({ id }) => id === String(each.window)));
    const amount = needOf(budget, ask, again) ?? 0n;
    ensure(
      hold?.unit === budget.plan.unit && BigInt(hold.amount) === amount,
      () => `${row.id} holds ${hold?.amount} ${hold?.unit} in ${budget.id} and not ${amount}`,
    );
    const window = findWindow(world, budget, String(hold.window), observed);
    window.held += amount;
    return { budget, window, amount };
  });
}

/** At one place of the clock a budget has one window, and no window stands at two. */
function findWindow(world: World, budget: BudgetState, id: string, observed: Observed): Window {
  const place = placeOf(world, budget);
  const known = budget.windows.get(place);
  if (known) {
    ensure(
      known.id === id,
      () => `at ${place} ${budget.id} draws on the window ${id} and not on ${known.id}`,
    );
    return known;
  }
  for (const [other, window] of budget.windows)
    ensure(window.id !== id, () => `the window ${id} stands at ${other} and at ${place}`);
  const row = observed.windows.get(budget.id)?.find((each) => each.id === id);
  ensure(
    row !== undefined && budget.limits.includes(row.limit_amount),
    () => `the window ${id} has the limit ${row?.limit_amount}`,
  );
  const made: Window = {
    id,
    limit: row.limit_amount,
    settled: 0n,
    held: 0n,
    exceeded: { least: 0n, most: row.exceeded },
  };
  budget.windows.set(place, made);
  return made;
}

function closeAll(
  world: World,
  happened: Happened,
  {
    opened,
    observed,
    widen,
  }: { opened: Account[]; observed: Observed; widen: (draw: Draw, by: bigint) => void },
): void {
  const { asked, ended, beaten, late } = happened;
  const end = (account: Account, state: Account['state'], cost: bigint | undefined, tokens: bigint) =>
    post(account, { state, cost, tokens }, widen);
  for (const { account, outcome, goesOn, taken } of ended) {
    const row = observed.completions.get(account.id);
    if (goesOn) {
      endAttempt({ account, outcome, taken }, row!, widen);
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
    if (!lost) Object.assign(account, { seen: account.resting ? 0 : seen, expiresAtS: world.nowS + HOLD_S });
  }
  for (const account of late) {
    const isExtended = beaten.some((each) => each.account === account && !each.lost);
    if (account.state !== 'PENDING' || isExtended) continue;
    const hasMoved =
      opened.includes(account) || ended.some((each) => each.account === account && account.resting);
    // Whoever looked before it moved has left it alone.
    if (hasMoved && observed.completions.get(account.id)?.hold_state === 'PENDING') continue;
    const tokens = account.seen === 0 ? 0n : BigInt(10 + account.seen);
    end(account, 'EXPIRED', account.seen > 0 && account.ask.nanos === undefined ? undefined : tokens, tokens);
  }
  for (const account of opened) {
    const { answer } = asked.find(({ id }) => id === account.id)!;
    if (answer !== 'OPENED' && account.attempt === 0 && account.ask.fate === 'CALLER_LEFT') end(account, 'VOIDED', 0n, 0n);
  }
}

/** Only the row tells whether its end came before its recovery. */
function endAttempt(
  { account, outcome, taken }: Pick<Ended, 'account' | 'outcome' | 'taken'>,
  row: CompletionRow,
  widen: (draw: Draw, by: bigint) => void,
): void {
  const mayBe = account.state === 'PENDING' && !account.resting;
  const isTaken = mayBe && row.earlier > account.attempt;
  ensure(
    (isTaken || !mayBe || row.hold_state === 'EXPIRED') && (taken === undefined || taken === Number(isTaken)),
    () => `the end of attempt ${account.attempt} of ${account.id} was taken ${taken} times`,
  );
  if (!isTaken) return;
  const { usage, costNanos } = outcome;
  const state = usage.source === 'NONE' ? 'VOIDED' : 'POSTED';
  post(account, { state, cost: costNanos, tokens: BigInt(usage.input + usage.output) }, widen);
  const counting = account.draws.filter(({ budget }) => state === 'POSTED' && budget.plan.unit === 'REQUESTS');
  for (const { budget } of counting) account.counted.add(budget);
  const earlier = account.earlier + (costNanos ?? 0n);
  Object.assign(account, { state: 'PENDING', cost: undefined, earlier, resting: true, seen: 0 });
}

function post(
  account: Account,
  { state, cost, tokens }: { state: Account['state']; cost: bigint | undefined; tokens: bigint },
  widen: (draw: Draw, by: bigint) => void,
): void {
  Object.assign(account, { state, cost });
  // Between two attempts nothing is held.
  if (account.resting) return;
  for (const draw of account.draws) {
    const { unit } = draw.budget.plan;
    const used = unit === 'MONEY' ? (cost ?? 0n) : unit === 'TOKENS' ? tokens : state === 'VOIDED' ? 0n : draw.amount;
    draw.window.held -= draw.amount;
    draw.window.settled += used;
    widen(draw, used - draw.amount);
  }
}

/** Whoever was refused did not fit at some moment; whoever was told that the key is used was right. */
function judgeAnswer(
  world: World,
  { id, ask, answer, again }: Asked,
  ranges: Map<BudgetState, Range>,
  opened: ReadonlySet<Account>,
): void {
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
    const isFree = needOf(budget, ask, again) === undefined && !budget.plan.allowUnpriced;
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
  const need = needOf(budget, ask, again) ?? (budget.plan.allowUnpriced ? 0n : undefined);
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
