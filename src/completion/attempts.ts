import type { Attempt, CompletionEvent, Outcome } from '../domain/completion.ts';
import { GatewayError, OutputInvalid, UpstreamBusy } from '../domain/errors.ts';
import { NOTHING_USED } from '../domain/outcome.ts';
import type { FallbackReason } from '../domain/route.ts';
import { sleep } from '../lib/abort.ts';
import { enter, type Admitted } from './admit.ts';
import { attempt } from './attempt.ts';
import type { Deps, Request } from './complete.ts';
import { chooseNext, reasonOf, type Failed, type NextStep, type Position } from './fallback.ts';
import { createMeter, type Meter } from './meter.ts';
import type { Plan } from './plan.ts';
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
  /** Where it ended. */
  last(): LastAttempt;
}

/** How the work stands after its last attempt. */
export interface LastAttempt extends Pick<Admitted, 'completion' | 'taken' | 'turn'> {
  /** Of the last attempt: nothing used where that one is booked, and the next one was not let in. */
  outcome: Outcome;
  /** The attempts that are booked. */
  earlier: Attempt[];
}

type Ended = Failed | 'ANSWERED';

/** @param first was let in; the attempts own what it took from then on. */
export function createAttempts(deps: Deps, request: Request, first: Admitted): Attempts {
  const { course } = first;
  const begunMs = deps.clock.monotonicMs();
  // The caller has been told how the limits stand; of later attempts there is nobody to tell.
  const quiet = { ...request, onLimits() {} };
  const earlier: Attempt[] = [];
  let position: Position = { at: first.at, retries: 0, repairs: 0 };
  let current = first;
  let isBooked = false;
  let meter = startMeter(first);

  function startMeter({ planned, queueMs }: Admitted): Meter {
    const made = createMeter({ planned, queueMs }, { index: earlier.length, begunMs }, deps);
    request.onMeter(made);
    return made;
  }

  async function* call(signal: AbortSignal): AsyncGenerator<CompletionEvent, Ended> {
    let isTold = false;
    try {
      for await (const chunk of attempt(deps, { ...current, timeouts: timeoutsNow() }, signal)) {
        const event = meter.count(chunk);
        if (!event) continue;
        isTold = true;
        yield event;
      }
      meter.succeed();
      return meter.isFiltered() ? { reason: 'CONTENT_FILTER', error: undefined, isTold } : 'ANSWERED';
    } catch (error) {
      meter.fail(error, signal);
      const reason = signal.aborted ? undefined : reasonOf(error);
      if (!reason) throw error;
      if (!(error instanceof GatewayError)) deps.reporter.unexpected(error, request.requestId);
      return { reason, error, isTold };
    }
  }

  /** All of them together may take as long as one alone. */
  function timeoutsNow() {
    const { connectMs: _connect, firstTokenMs, idleMs, totalMs } = course.targets[position.at]!.timeouts;
    const { timeouts } = deps;
    const leftMs = Math.max(1, Math.ceil(timeouts.totalMs - (deps.clock.monotonicMs() - begunMs)));
    return {
      firstChunkMs: firstTokenMs ?? timeouts.firstChunkMs,
      idleMs: idleMs ?? timeouts.idleMs,
      totalMs: Math.min(totalMs ?? timeouts.totalMs, leftMs),
    };
  }

  function findNext(failed: Failed): NextStep | undefined {
    if (deps.clock.monotonicMs() - begunMs >= deps.timeouts.totalMs) return undefined;
    const { name } = current.planned.model;
    return chooseNext(course, position, failed, {
      mayRetry: () => deps.retryBudget.spend(name),
      random: Math.random,
    });
  }

  /** Settles the attempt, in limits too, as one that is not the last. */
  async function book(): Promise<void> {
    const { attempts, usage } = meter.outcome();
    const ended = attempts[0]!;
    current.turn.end(meter.outcome());
    try {
      await deps.ledger.endAttempt(current.completion.id, ended);
    } finally {
      await current.taken.settle({ TOKENS_PER_MINUTE: usage.input + usage.output });
    }
    earlier.push(ended);
    isBooked = true;
  }

  function planNext({ position: { at }, isRepair }: NextStep, failed: Failed): Plan {
    if (isRepair && failed.error instanceof OutputInvalid)
      return planRepair(deps, current.planned, meter.text(), failed.error);
    return at === position.at ? current.planned : course.targets[at]!.planned;
  }

  /** @returns whether another attempt was let in. The caller is not told why it was not: the failure before says more. */
  async function moveOn(failed: Failed, signal: AbortSignal): Promise<boolean> {
    let why = failed;
    for (let next = findNext(why); next; next = findNext(why)) {
      const planned = planNext(next, failed);
      if (!isBooked) await book();
      await sleep(next.afterMs, signal);
      position = next.position;
      try {
        const entry = {
          candidate: quiet,
          countedIn: [],
          begunMs: deps.clock.monotonicMs(),
          further: { completion: current.completion, attempt: earlier.length },
        };
        current = { ...current, ...(await enter(deps, planned, entry, signal)) };
        isBooked = false;
        meter = startMeter(current);
        return true;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof GatewayError)) throw error;
        // Another vendor may have room; what a budget or a limit refuses stays refused.
        if (!(error instanceof UpstreamBusy)) return false;
        why = { ...failed, reason: 'RATE_LIMITED' satisfies FallbackReason, error: undefined };
      }
    }
    return false;
  }

  return {
    async *run(signal) {
      deps.retryBudget.earn(current.planned.model.name);
      for (;;) {
        const ended = yield* call(signal);
        if (ended === 'ANSWERED') return;
        if (!(await moveOn(ended, signal))) {
          if (ended.error !== undefined) throw ended.error;
          return;
        }
        if (ended.isTold) yield { type: 'reset', reason: 'RESTARTED' };
      }
    },
    fail: (error, signal) => meter.fail(error, signal),
    last() {
      const outcome = meter.outcome();
      const rest = { usage: NOTHING_USED, costNanos: 0n, attempts: [] };
      const { completion, taken, turn } = current;
      return { completion, taken, turn, earlier, outcome: isBooked ? { ...outcome, ...rest } : outcome };
    },
  };
}
