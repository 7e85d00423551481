import type { Attempt, CompletionEvent, Outcome } from '../domain/completion.ts';
import { GatewayError, UpstreamBusy } from '../domain/errors.ts';
import { NOTHING_USED } from '../domain/outcome.ts';
import { sleep } from '../lib/abort.ts';
import { enter, type Admitted, type Entered } from './admit.ts';
import { book, call, timeoutsOf, type Call } from './call.ts';
import type { Deps, Request } from './complete.ts';
import { chooseNext, type Failed, type NextStep, type Position } from './fallback.ts';
import { createMeter } from './meter.ts';
import type { Plan } from './plan.ts';
import { race } from './race.ts';
import { planRepair } from './repair.ts';

/** The attempts of one completion, one after the other. */
export interface Attempts {
  /**
   * Calls vendors until one has answered or nobody is left to ask. Each attempt is booked before the next one is reserved;
   * the last one is left to whoever settles the completion. Yields what subscribers are told.
   * @throws what ended the last attempt.
   */
  run(signal: AbortSignal): AsyncGenerator<CompletionEvent>;
  /** Something ended the work; `signal` tells a caller's wish from a vendor's failure. */
  fail(error: unknown, signal: AbortSignal): void;
  /** How the work stands after its last attempt. */
  last(): LastAttempt;
}

export interface LastAttempt extends Pick<Entered, 'completion' | 'taken' | 'turn'> {
  /** Of the last attempt: nothing used where that one is booked, and the next one was not let in. */
  outcome: Outcome;
  /** The attempts that are booked. */
  earlier: Attempt[];
  /** One was asked beside another. */
  isHedged: boolean;
}

/** @param first was let in; the attempts own what it took from then on. */
export function createAttempts(deps: Deps, request: Request, first: Admitted): Attempts {
  const { course } = first;
  const begunMs = deps.clock.monotonicMs();
  const leftMs = () => deps.timeouts.totalMs - (deps.clock.monotonicMs() - begunMs);
  const earlier: Attempt[] = [];
  let position: Position = { at: first.at, retries: 0, repairs: 0 };
  let current = begin(first);
  let isBooked = false;
  let isHedged = false;

  function begin(entered: Entered): Call {
    const made = prepare(entered, position.at, earlier.length);
    request.onMeter(made.meter);
    return made;
  }

  function prepare(entered: Entered, at: number, index: number): Call {
    const meter = createMeter(entered, { index, begunMs }, deps);
    const timeouts = timeoutsOf(course.targets[at]!.timeouts, deps.timeouts, leftMs());
    return { entered, meter, timeouts, requestId: request.requestId };
  }

  /** Calls the target, and where the course says so the next one too if nothing comes. */
  async function* callOne(signal: AbortSignal): AsyncGenerator<CompletionEvent, Failed | undefined> {
    const at = position.at + 1;
    const target = course.targets[at];
    const { hedgeAfterMs } = course;
    if (hedgeAfterMs === undefined || isHedged || !target) return yield* call(deps, current, signal);
    const enterBeside = async () => {
      if (!deps.retryBudget.spend(current.entered.planned.model.name)) return undefined;
      isHedged = true;
      const attempt = earlier.length + 1;
      const before = { ...current, attempt, hedges: true };
      const entered = await enterNext(deps, request, { planned: target.planned, before }, signal);
      return typeof entered === 'string' ? undefined : prepare(entered, at, attempt);
    };
    const raced = await race(deps, current, { afterMs: hedgeAfterMs, prepare: enterBeside }, signal);
    if (raced.winner !== current) {
      current = raced.winner;
      position = { ...position, at, retries: 0 };
      request.onMeter(current.meter);
    }
    if (raced.loser) earlier.push(await book(deps, raced.loser));
    return yield* raced.events;
  }

  /** Of the same target as it is, or of the next one as the course has it. */
  const planOf = ({ position: { at } }: NextStep) =>
    at === position.at ? current.entered.planned : course.targets[at]!.planned;

  function findNext(failed: Failed): NextStep | undefined {
    const { name } = current.entered.planned.model;
    const mayRetry = () => deps.retryBudget.spend(name);
    return leftMs() > 0 ? chooseNext(course, position, failed, { mayRetry, random: Math.random }) : undefined;
  }

  /** @returns whether another attempt was let in. The caller is not told why it was not: the failure before says more. */
  async function moveOn(failed: Failed, signal: AbortSignal): Promise<boolean> {
    let why = failed;
    for (let next = findNext(why); next; next = findNext(why)) {
      const planned = next.isRepair ? planRepair(deps, current, failed.error) : planOf(next);
      if (!isBooked) earlier.push(await book(deps, current));
      isBooked = true;
      await sleep(next.afterMs, signal);
      position = next.position;
      const before = { ...current, attempt: earlier.length };
      const entered = await enterNext(deps, request, { planned, before }, signal);
      if (entered === 'REFUSED') return false;
      if (entered !== 'BUSY') {
        current = begin(entered);
        isBooked = false;
        return true;
      }
      // Another vendor may have room.
      why = { reason: 'RATE_LIMITED', error: undefined, isTold: false };
    }
    return false;
  }

  return {
    async *run(signal) {
      deps.retryBudget.earn(current.entered.planned.model.name);
      for (;;) {
        const failed = yield* callOne(signal);
        if (!failed) return;
        if (!(await moveOn(failed, signal))) {
          if (failed.error === undefined) return;
          throw failed.error;
        }
        if (failed.isTold) yield { type: 'reset', reason: 'RESTARTED' };
      }
    },
    fail: (error, signal) => current.meter.fail(error, signal),
    last() {
      const outcome = current.meter.outcome();
      const nothing = isBooked ? { usage: NOTHING_USED, costNanos: 0n, attempts: [] } : {};
      return { ...current.entered, earlier, isHedged, outcome: { ...outcome, ...nothing } };
    },
  };
}

/** @throws the signal's reason, or what is no refusal. */
async function enterNext(
  deps: Deps,
  request: Request,
  { planned, before }: { planned: Plan; before: Call & { attempt: number; hedges?: boolean } },
  signal: AbortSignal,
): Promise<Entered | 'BUSY' | 'REFUSED'> {
  // The caller has been told how the limits stand; of later attempts there is nobody to tell.
  const candidate = { ...request, onLimits() {} };
  const { attempt, hedges = false } = before;
  const further = { completion: before.entered.completion, attempt, hedges };
  const entry = { candidate, countedIn: [], begunMs: deps.clock.monotonicMs(), further };
  try {
    return await enter(deps, planned, entry, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GatewayError)) throw error;
    return error instanceof UpstreamBusy ? 'BUSY' : 'REFUSED';
  }
}
