import type { Attempt, CompletionEvent, Outcome } from '../domain/completion.ts';
import { NOTHING_USED } from '../domain/outcome.ts';
import { sleep } from '../lib/abort.ts';
import type { Taken } from '../limits/limits.ts';
import type { Admitted, Entered } from './admit.ts';
import { book } from './call.ts';
import type { Deps, Request } from './complete.ts';
import { planContinuation } from './continuation.ts';
import { chooseNext, type Failed, type NextStep } from './fallback.ts';
import { callHedged } from './hedge.ts';
import { beginProgress, enterNext, goOnWith, leftMs, prepareCall, type Progress } from './progress.ts';
import type { Plan } from './plan.ts';
import { planRepair } from './repair.ts';

/** The attempts of one completion, one after the other, and at times two beside each other. */
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

export interface LastAttempt extends Pick<Entered, 'completion' | 'planned' | 'taken' | 'turn'> {
  /** Of the last attempt: nothing used where that one is booked, and the next one was not let in. */
  outcome: Outcome;
  /** What the completion as a whole has taken from limits, with its first attempt. */
  takenFirst: Taken;
  /** The attempts that are booked. */
  earlier: Attempt[];
  /** One was asked beside another. */
  isHedged: boolean;
}

/** @param first was let in; the attempts own what it took from then on. */
export function createAttempts(deps: Deps, request: Request, first: Admitted): Attempts {
  const progress = beginProgress(deps, request, first);
  return {
    async *run(signal) {
      deps.retryBudget.earn(progress.current.entered.planned.model.name);
      for (;;) {
        const failed = yield* callHedged(deps, progress, signal);
        if (!failed) return;
        const step = await moveOn(deps, progress, failed, signal);
        if (!step) {
          if (failed.error === undefined) return;
          throw failed.error;
        }
        if (failed.isTold && step.how !== 'CONTINUED') yield { type: 'reset', reason: 'RESTARTED' };
      }
    },
    fail: (error, signal) => progress.current.meter.fail(error, signal),
    last() {
      const { current, earlier, isBooked, isHedged } = progress;
      const outcome = current.meter.outcome();
      const nothing = isBooked ? { usage: NOTHING_USED, costNanos: 0n, attempts: [] } : {};
      const settled = { ...outcome, ...nothing, route: first.course.decision };
      return { ...current.entered, takenFirst: first.taken, earlier, isHedged, outcome: settled };
    },
  };
}

/** @returns how another attempt was let in, if one was. The caller is not told why it was not: the failure before says more. */
async function moveOn(
  deps: Deps,
  progress: Progress,
  failed: Failed,
  signal: AbortSignal,
): Promise<NextStep | undefined> {
  const { request, earlier, current } = progress;
  let why = failed;
  for (let next = findNext(deps, progress, why); next; next = findNext(deps, progress, why)) {
    const { how, position } = next;
    const planned = planNext(deps, progress, next, failed);
    if (!progress.isBooked) earlier.push(await book(deps, current));
    progress.isBooked = true;
    await sleep(next.afterMs, signal);
    progress.position = position;
    const further = { planned, completion: current.entered.completion, attempt: earlier.length };
    const entered = await enterNext(deps, request, further, signal);
    if (entered === 'REFUSED') return undefined;
    if (entered !== 'BUSY') {
      const beginning = how === 'CONTINUED' ? current.meter.told() : undefined;
      const made = { entered, at: position.at, index: further.attempt, beginning };
      goOnWith({ progress, call: prepareCall(deps, progress, made) }, position);
      return next;
    }
    // Another vendor may have room.
    why = { ...failed, reason: 'RATE_LIMITED', error: undefined, isCut: false, isTold: how === 'CONTINUED' };
  }
  return undefined;
}

function planNext(
  deps: Deps,
  { course, current, ...progress }: Progress,
  next: NextStep,
  failed: Failed,
): Plan {
  const { at } = next.position;
  const target = course.targets[at]!.planned;
  const asBefore = at === progress.position.at ? current.entered.planned : target;
  if (next.how === 'REPAIR') return planRepair(deps, current, failed.error);
  if (next.how === 'ANEW') return asBefore;
  const { model, warnings } = asBefore;
  return planContinuation(deps, { ...target, model, warnings }, current);
}

function findNext(deps: Deps, progress: Progress, failed: Failed): NextStep | undefined {
  if (leftMs(deps, progress) <= 0) return undefined;
  const { model } = progress.current.entered.planned;
  const mayRetry = () => deps.retryBudget.spend(model.name);
  return chooseNext(progress.course, progress.position, failed, { model, mayRetry, random: Math.random });
}
