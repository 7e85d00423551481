import type { Attempt, Completion } from '../domain/completion.ts';
import { GatewayError } from '../domain/errors.ts';
import { enter, type Admitted, type Entered } from './admit.ts';
import { timeoutsOf, type Call } from './call.ts';
import type { Deps, Request } from './complete.ts';
import type { Beginning } from './continuation.ts';
import type { Course } from './course.ts';
import { isOfTarget } from './detour.ts';
import type { Position } from './fallback.ts';
import { createMeter } from './meter.ts';
import type { Plan } from './plan.ts';

/** How far the attempts of one completion are. */
export interface Progress {
  request: Request;
  course: Course;
  begunMs: number;
  /** The attempts that are booked. */
  earlier: Attempt[];
  position: Position;
  /** The attempt that is under way, or was the last. */
  current: Call;
  /** It is booked, and the next one has not been let in. */
  isBooked: boolean;
  /** One was asked beside another. */
  isHedged: boolean;
}

export function beginProgress(deps: Deps, request: Request, first: Admitted): Progress {
  const { course, at } = first;
  const beginning = { request, course, begunMs: deps.clock.monotonicMs(), earlier: [] };
  const position = { at, retries: 0, repairs: 0 };
  const current = prepareCall(deps, beginning, { entered: first, at, index: 0 });
  request.onMeter(current.meter);
  return { ...beginning, position, current, isBooked: false, isHedged: false };
}

/** What is left of the time that all attempts have together. */
export function leftMs({ timeouts, clock }: Deps, { begunMs }: Pick<Progress, 'begunMs'>): number {
  return timeouts.totalMs - (clock.monotonicMs() - begunMs);
}

/** An attempt that was let in, made ready to be called. */
export function prepareCall(
  deps: Deps,
  progress: Pick<Progress, 'request' | 'course' | 'begunMs'>,
  {
    entered,
    at,
    index,
    beginning,
  }: { entered: Entered; at: number; index: number; beginning?: Beginning | undefined },
): Call {
  const { request, course, begunMs } = progress;
  const timeouts = timeoutsOf(course.targets[at]!.timeouts, deps.timeouts, leftMs(deps, progress));
  return {
    entered,
    meter: createMeter(entered, { index, begunMs, beginning }, deps),
    timeouts,
    requestId: request.requestId,
  };
}

/** From now on this is the attempt that counts. */
export function goOnWith({ progress, call }: { progress: Progress; call: Call }, position: Position): void {
  Object.assign(progress, { current: call, position, isBooked: false });
  progress.request.onMeter(call.meter);
}

/**
 * Lets in the next attempt, after the one before or beside it.
 * @throws the signal's reason, or what is no refusal.
 */
export async function enterNext(
  deps: Deps,
  request: Request,
  { planned, ...further }: { planned: Plan; completion: Completion; attempt: number; hedges?: boolean },
  signal: AbortSignal,
): Promise<Entered | 'BUSY' | 'REFUSED'> {
  // The caller has been told how the limits stand; of later attempts there is nobody to tell.
  const candidate = { ...request, onLimits() {} };
  const entry = { candidate, countedIn: [], begunMs: deps.clock.monotonicMs(), further };
  try {
    return await enter(deps, planned, entry, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GatewayError)) throw error;
    return isOfTarget(error) ? 'BUSY' : 'REFUSED';
  }
}
