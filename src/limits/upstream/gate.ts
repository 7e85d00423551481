import type { Outcome } from '../../domain/completion.ts';
import type { Quota } from '../../domain/quota.ts';
import type { Clock } from '../../lib/clock.ts';
import { createAllowance } from './allowance.ts';
import { createPause } from './pause.ts';
import { createWindow, type Sighting } from './window.ts';

/** Statuses that mean "too many": RFC 6585, RFC 9110, and the one that Anthropic says instead of the latter. */
const OVERLOADED: ReadonlySet<number> = new Set([429, 503, 529]);
/** Calls that their usual duration is the mean of, roughly. */
const SAMPLES = 20;

/** Leave to call the vendor once. Whoever has it ends it, whatever happens; to end it again does nothing. */
export interface Turn extends Disposable {
  /** The vendor said what is left. */
  hear(quota: Quota): void;
  /** The vendor has begun to answer. */
  accepted(): void;
  /** The call is over. @param outcome what came of it; nothing is learned without. */
  end(outcome?: Outcome): void;
}

/** Whether one more call may begin, by all that the calls before it have told. */
export interface Gate {
  mayBegin(): boolean;
  begin(): Turn;
  inFlight(): number;
  /** Calls that may be under way at a time. */
  window(): number;
  /** Until the vendor wants another call; 0 when it does now. */
  pausedMs(): number;
  /** Until time alone may let more calls begin; 0 when it will not. */
  changeMs(): number;
  /** How long calls take, roughly. */
  meanMs(): number;
}

/**
 * @param max calls under way at a time.
 * @param onRoom is called when more may begin than before.
 */
export function createGate(max: number, clock: Pick<Clock, 'monotonicMs'>, onRoom: () => void): Gate {
  const window = createWindow(max, clock);
  const allowance = createAllowance(clock);
  const pause = createPause(clock);
  let inFlight = 0;
  let probes = 0;
  let meanMs = 0;
  const size = () => Math.min(window.size(), allowance.calls());
  const pausedMs = () => Math.max(pause.leftMs(), allowance.stillMs());

  function learn(seen: Sighting, { attempts, usage, failure }: Outcome): void {
    const attempt = attempts.at(-1);
    const firstTokenMs = attempt?.firstTokenMs;
    if (attempt?.status === 'OK') {
      allowance.spent(usage.input + usage.output);
      return window.answered(seen, firstTokenMs);
    }
    const overloaded = OVERLOADED.has(attempt?.httpStatus ?? 0);
    const silent = attempt?.status === 'TIMEOUT' && firstTokenMs === undefined;
    if (overloaded || failure?.retryAfterMs !== undefined) pause.refused(failure?.retryAfterMs);
    if (overloaded || silent) window.refused(seen, inFlight + 1);
  }
  function accepted(): void {
    if (!pause.inDoubt()) return;
    pause.accepted();
    onRoom();
  }
  function begin(): Turn {
    const probe = pause.inDoubt() ? 1 : 0;
    probes += probe;
    inFlight += 1;
    const seen = window.sight(inFlight);
    const begunMs = clock.monotonicMs();
    let over = false;
    function end(outcome?: Outcome): void {
      if (over) return;
      over = true;
      inFlight -= 1;
      probes -= probe;
      if (outcome) {
        meanMs += (clock.monotonicMs() - begunMs - meanMs) / (meanMs === 0 ? 1 : SAMPLES);
        learn(seen, outcome);
      }
      onRoom();
    }
    return { hear: allowance.hear, accepted, end, [Symbol.dispose]: end };
  }
  return {
    mayBegin: () => inFlight < size() && pausedMs() === 0 && !(pause.inDoubt() && probes > 0),
    begin,
    inFlight: () => inFlight,
    window: size,
    pausedMs,
    changeMs: () => pausedMs() || allowance.leftMs(),
    meanMs: () => meanMs,
  };
}
