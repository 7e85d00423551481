import type { CompletionEvent } from '../domain/completion.ts';
import { book, call, type Call } from './call.ts';
import type { Deps } from './complete.ts';
import type { Failed } from './fallback.ts';
import { enterNext, goOnWith, prepareCall, type Progress } from './progress.ts';
import { race } from './race.ts';

/**
 * Calls the model whose turn it is, and where the course says so the next one too when nothing comes: once in a completion,
 * and as rarely as retries. Whoever speaks first goes on; the other one is booked before anything is told.
 * @returns as `call`.
 */
export async function* callHedged(
  deps: Deps,
  progress: Progress,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent, Failed | undefined> {
  const { course, current, position, isHedged } = progress;
  const at = position.at + 1;
  const afterMs = course.hedgeAfterMs;
  // Once the caller has a part of the answer there is one who goes on with it.
  const hasBegun = current.meter.told().parts.length > 0;
  if (afterMs === undefined || isHedged || hasBegun || at >= course.targets.length)
    return yield* call(deps, current, signal);
  const prepare = () => enterBeside(deps, progress, at, signal);
  const { winner, events, loser } = await race(deps, current, { afterMs, prepare }, signal);
  if (winner !== current) goOnWith({ progress, call: winner }, { ...position, at, retries: 0 });
  if (loser) progress.earlier.push(await book(deps, loser));
  return yield* events;
}

async function enterBeside(
  deps: Deps,
  progress: Progress,
  at: number,
  signal: AbortSignal,
): Promise<Call | undefined> {
  const { request, course, current, earlier } = progress;
  if (!deps.retryBudget.spend(current.entered.planned.model.name)) return undefined;
  progress.isHedged = true;
  const { planned } = course.targets[at]!;
  const { completion } = current.entered;
  const attempt = earlier.length + 1;
  const entered = await enterNext(deps, request, { planned, completion, attempt, hedges: true }, signal);
  return typeof entered === 'string'
    ? undefined
    : prepareCall(deps, progress, { entered, at, index: attempt });
}
