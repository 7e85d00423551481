import { UpstreamBusy } from '../../domain/errors.ts';
import type { Priority } from '../../domain/priority.ts';
import type { Clock } from '../../lib/clock.ts';
import { createFairQueue, type Prioritised } from './fair-queue.ts';
import { createGate, type Turn } from './gate.ts';

/** Bounds of what a caller is told to wait where it is a guess. */
const GUESS_FROM_MS = 1_000;
const GUESS_TO_MS = 300_000;

export interface UpstreamLimits {
  /** Calls of one model at a time, at most. */
  upstreamCalls: number;
  queue: {
    /** How many requests may wait for one model. */
    length: number;
    /** How long each of them may. */
    waitMs: number;
  };
}

/** Who wants to call. */
export interface Caller {
  keyId: string;
  priority: Priority;
  /** What the call may come to; of those that are served a key has as many tokens as every other. */
  tokens: number;
}

/** How one model of a provider is doing, as this process sees it. */
export interface UpstreamState {
  /** Calls that may be under way at a time. */
  window: number;
  inFlight: number;
  queued: number;
  /** Until the next call may be made; 0 when it may. */
  pausedMs: number;
}

export interface Upstream {
  /** As `Upstreams.enter`. */
  enter(caller: Caller, signal: AbortSignal): Promise<Turn>;
  state(): UpstreamState;
}

interface Waiter extends Prioritised {
  go(): void;
  refuse(error: unknown): void;
}

/** @param model for messages. */
export function createUpstream(
  model: string,
  { upstreamCalls, queue: { length, waitMs } }: UpstreamLimits,
  clock: Pick<Clock, 'monotonicMs'>,
): Upstream {
  const gate = createGate(upstreamCalls, clock, admit);
  const queue = createFairQueue<Waiter>(length);
  let waking: ReturnType<typeof setTimeout> | undefined;

  /** Lets in whoever may, and looks again when the time that holds the others back is over. */
  function admit(): void {
    while (queue.size() > 0 && gate.mayBegin()) queue.take()?.go();
    clearTimeout(waking);
    if (queue.size() === 0) return;
    const changeMs = gate.changeMs();
    if (changeMs > 0) waking = setTimeout(admit, Math.ceil(changeMs));
  }

  function busy(why: string): UpstreamBusy {
    const guessMs = (gate.meanMs() * (queue.size() + 1)) / gate.window();
    const retryAfterMs = Math.max(gate.pausedMs(), Math.min(GUESS_TO_MS, Math.max(GUESS_FROM_MS, guessMs)));
    return new UpstreamBusy(`${model} ${why}; nothing was called`, Math.ceil(retryAfterMs));
  }

  function wait({ keyId, priority, tokens }: Caller, signal: AbortSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      // Whichever comes first takes away the others: a turn that is given is never lost to an abort behind it.
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const refuse = (error: unknown) => {
        settle();
        queue.remove(waiter);
        reject(error);
      };
      const go = () => {
        settle();
        resolve(gate.begin());
      };
      const waiter: Waiter = { flow: keyId, priority, cost: tokens, go, refuse };
      const onAbort = () => refuse(signal.reason);
      const onLate = () => refuse(busy(`had no room for this request within ${waitMs} ms`));
      const timer = setTimeout(onLate, waitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(waiter)?.refuse(busy(`has as many requests waiting for it as may, ${length}`));
      admit();
    });
  }

  return {
    async enter(caller, signal) {
      signal.throwIfAborted();
      if (queue.size() === 0 && gate.mayBegin()) return gate.begin();
      if (gate.pausedMs() > waitMs) throw busy('is not to be called for now, as its provider asked');
      return wait(caller, signal);
    },
    state: () => ({
      window: gate.window(),
      inFlight: gate.inFlight(),
      queued: queue.size(),
      pausedMs: Math.ceil(gate.pausedMs()),
    }),
  };
}
