import type { AskDraft } from '../domain/ask.ts';
import type { Completion } from '../domain/completion.ts';
import { Cancelled, IdempotencyKeyUsed, Unavailable } from '../domain/errors.ts';
import { ensureIdempotencyKey } from '../domain/idempotency-key.ts';
import type { Principal } from '../domain/principal.ts';
import { ensureCursor } from '../events/cursor.ts';
import type { OutboxEvent } from '../events/outbox.ts';
import type { Entry } from '../events/stream-log.ts';
import type { Heartbeat } from '../ledger/holds.ts';
import { raceAbort } from '../lib/abort.ts';
import type { Candidate } from './admit.ts';
import { createBackgroundRuns, type BackgroundRuns } from './background.ts';
import { complete } from './complete.ts';
import { follow, waitUntilSettled } from './follow.ts';
import { completeOnce, hashAsk, type IdempotencyDeps } from './idempotency.ts';
import { createRunRegistry, type RunRegistry } from './run-registry.ts';
import { createRun, type Run } from './run.ts';
import { createShadows, type Shadows } from './shadows.ts';

const CANCEL_WITHIN_MS = 15_000;
const SETTLE_WITHIN_MS = 5_000;

export interface RunsDeps extends Omit<IdempotencyDeps, 'copy'> {
  announce(event: OutboxEvent): Promise<void>;
  /** How long a completion with an idempotency key runs on while nobody listens. */
  abandonMs: number;
}

type StartDeps = RunsDeps & Pick<IdempotencyDeps, 'copy'>;

/** What comes beside an ask. */
export interface RunOptions extends Pick<Candidate, 'traceId' | 'ip' | 'region' | 'onLimits'> {
  idempotencyKey?: string | undefined;
  requestId: string;
}

export interface ReadOptions {
  after?: string | undefined;
  coalesceMs: number;
  /** Hears the text that came before the cursor. */
  onTextBefore?(text: string): void;
}

/** All completions under way in this process, and the way to those elsewhere. */
export interface Runs {
  /**
   * Starts a completion, or attaches to the one that the idempotency key stands for.
   * @throws GatewayError when the ask is refused.
   */
  stream(
    who: Principal,
    ask: AskDraft,
    options: RunOptions & ReadOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterableIterator<Entry>>;
  /** The same, answered as a whole once it is settled. */
  answer(who: Principal, ask: AskDraft, options: RunOptions, signal: AbortSignal): Promise<Completion>;
  /** The same for work that nobody waits for: once the signal aborts it is stopped, and answered as it was settled then. */
  answerOrStop(who: Principal, ask: AskDraft, options: RunOptions, signal: AbortSignal): Promise<Completion>;
  /** Attaches to a completion by its id, whether it runs here, elsewhere, or is over. */
  attach(
    who: Principal,
    id: string,
    options: ReadOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterableIterator<Entry>>;
  /** Stops a completion and answers it settled; one that is over is answered as it is. */
  cancel(who: Principal, id: string, signal: AbortSignal): Promise<Completion>;
  /** Stops what another instance was asked to cancel. */
  onEvent(event: OutboxEvent): void;
  /** Begins a completion that no caller waits for. */
  startInBackground: BackgroundRuns['start'];
  /** What became of the copies of a route's completions in this process. */
  shadowCounts: Shadows['countsOf'];
  /** How far each completion of this process is. */
  heartbeats(): Heartbeat[];
  /** Stops those completions whose hold this process has lost. */
  stopLost(ids: string[]): void;
  /** Waits for the end of all that callers wait for; once the signal aborts, stops it. The rest is stopped at once. */
  drain(signal: AbortSignal): Promise<void>;
}

export function createRuns(given: RunsDeps): Runs {
  const runs = createRunRegistry();
  const deps: StartDeps = { ...given, copy: (...admitted) => shadows.copy(...admitted) };
  const background = createBackgroundRuns(deps, runs);
  const shadows = createShadows(background.start);
  return {
    async stream(who, ask, options, signal) {
      // Before anything is started, and charged, that could then not be read.
      if (options.after !== undefined) ensureCursor(options.after);
      return read(startOrAttach(deps, runs, { who, ask, ...options }), options, signal);
    },
    answer: async (who, ask, options, signal) =>
      waitForEnd(startOrAttach(deps, runs, { who, ask, ...options }), signal),
    async answerOrStop(who, ask, options, signal) {
      signal.throwIfAborted();
      return runToEnd(startOrAttach(deps, runs, { who, ask, ...options }), signal);
    },
    async attach(who, id, options, signal) {
      await deps.reread(who, id);
      const run = runs.byId(id) ?? createRun((stop) => follow(deps, who, id, stop), 0);
      return read(run, options, signal);
    },
    async cancel(who, id, signal) {
      const completion = await deps.reread(who, id);
      if (completion.status !== 'RUNNING') return completion;
      if (!stopHere(runs, id, 'cancelled on request')) {
        const { organisationId } = who;
        await deps.announce({ kind: 'CANCEL_REQUESTED', organisationId, subjectId: id });
      }
      const late = AbortSignal.timeout(CANCEL_WITHIN_MS);
      const settled = waitUntilSettled(deps, who, id, AbortSignal.any([signal, late]));
      // Its instance may have died: then recovery settles it, once its hold has run out.
      return settled.catch((error: unknown) => {
        throw late.aborted ? new Unavailable('the completion has not ended yet; ask again') : error;
      });
    },
    onEvent({ kind, subjectId }) {
      if (kind === 'CANCEL_REQUESTED') stopHere(runs, subjectId, 'cancelled on request');
    },
    startInBackground: background.start,
    shadowCounts: shadows.countsOf,
    heartbeats: () =>
      runs.begun().flatMap(([completionId, run]) => {
        const progress = run.progress();
        return progress ? [{ completionId, ...progress }] : [];
      }),
    stopLost(ids) {
      for (const id of ids) stopHere(runs, id, 'this process lost the hold of the completion');
    },
    async drain(signal) {
      background.stop();
      const allEnded = Promise.allSettled(runs.running().map((run) => run.ended));
      await raceAbort(allEnded, signal).catch(() => {
        for (const run of runs.running()) run.abort(new Cancelled('the gateway is shutting down'));
      });
      // A database that takes nothing must not keep the process alive: the next start settles what is left.
      await raceAbort(allEnded, AbortSignal.timeout(SETTLE_WITHIN_MS)).catch(() => {});
    },
  };
}

/** @returns whether the work is done in this process: one that only follows another's has nothing to stop. */
function stopHere(runs: RunRegistry, id: string, why: string): boolean {
  const run = runs.byId(id);
  if (!run?.progress()) return false;
  run.abort(new Cancelled(why));
  return true;
}

function startOrAttach(
  deps: StartDeps,
  runs: RunRegistry,
  request: { who: Principal; ask: AskDraft } & RunOptions,
): Run {
  const { idempotencyKey, who, ask } = request;
  if (idempotencyKey === undefined) {
    const keyless = { ...request, idempotencyKey, askHash: '' };
    const run = createRun((signal, onMeter) => complete(deps, { ...keyless, onMeter }, signal), 0);
    runs.add(run, undefined);
    return run;
  }
  ensureIdempotencyKey(idempotencyKey);
  const askHash = hashAsk(ask);
  const slot = `${who.keyId} ${idempotencyKey}`;
  const known = runs.bySlot(slot);
  if (known && known.askHash !== askHash) throw new IdempotencyKeyUsed();
  if (known) return known;
  const keyed = { ...request, idempotencyKey, askHash };
  const source: Parameters<typeof createRun>[0] = (signal, onMeter) =>
    completeOnce(deps, { ...keyed, onMeter }, signal);
  const run = createRun(source, deps.abandonMs, askHash);
  runs.add(run, slot);
  return run;
}

/** Leaves when the signal aborts. */
async function waitForEnd(run: Run, signal: AbortSignal): Promise<Completion> {
  const leave = run.join();
  try {
    return await raceAbort(run.ended, signal);
  } finally {
    leave();
  }
}

/** Stops it when the signal aborts, and waits for that. */
async function runToEnd(run: Run, signal: AbortSignal): Promise<Completion> {
  const leave = run.join();
  const stop = () => run.abort(new Cancelled('it was stopped'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await run.ended;
  } finally {
    signal.removeEventListener('abort', stop);
    leave();
  }
}

async function read(
  run: Run,
  options: ReadOptions,
  signal: AbortSignal,
): Promise<AsyncIterableIterator<Entry>> {
  const leave = run.join();
  try {
    await raceAbort(run.started, signal);
    options.onTextBefore?.(run.log.textBefore(options.after));
    return leaving(run.log.read(options.after, options.coalesceMs, signal), leave, signal);
  } catch (error) {
    leave();
    throw error;
  }
}

/** Entries for as long as they are read; whichever way the reader ends, it is counted out. */
function leaving(
  entries: AsyncIterableIterator<Entry>,
  leave: () => void,
  signal: AbortSignal,
): AsyncIterableIterator<Entry> {
  signal.addEventListener('abort', leave, { once: true });
  const end = () => {
    signal.removeEventListener('abort', leave);
    leave();
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await entries.next();
      if (result.done) end();
      return result;
    },
    async return() {
      end();
      return (await entries.return?.()) ?? { value: undefined, done: true };
    },
  };
}
