import type { Ask } from '../domain/ask.ts';
import { ownerOf, type Background } from '../domain/completion-origin.ts';
import { Cancelled } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { newId, newTraceId } from '../lib/ids.ts';
import type { AttemptTimeouts } from './attempt.ts';
import { complete, type Deps, type Request } from './complete.ts';
import { createRun, type Run } from './run.ts';
import type { RunRegistry } from './run-registry.ts';

export interface BackgroundOptions extends Pick<Request, 'region'> {
  timeouts?: AttemptTimeouts;
}

/** Completions that no caller waits for. */
export interface BackgroundRuns {
  /**
   * Begins one, through all that those of callers go through.
   * @param options.timeouts instead of the usual ones.
   */
  start(who: Principal, ask: Ask, options: BackgroundOptions): Run;
  /** Stops all that run; one that is started later is stopped before anything is called. */
  stop(): void;
}

/**
 * Who asks where the gateway does by itself, in place of somebody: it may go where that one may, and what takes an approval
 * it gets only where that one was granted it.
 */
export function inBackground(who: Principal, background: Background): Principal {
  const owner = ownerOf(background.origin, who.organisationId);
  return {
    ...who,
    keyId: owner,
    teamId: owner,
    scopes: new Set(['COMPLETIONS_WRITE']),
    models: [],
    operation: undefined,
    background,
  };
}

export function createBackgroundRuns(deps: Deps, runs: RunRegistry): BackgroundRuns {
  const running = new Set<Run>();
  let isStopped = false;
  const stop = (run: Run) => run.abort(new Cancelled('the gateway is shutting down'));
  return {
    start(who, ask, { region, timeouts = deps.timeouts }) {
      const request = {
        who,
        ask,
        idempotencyKey: undefined,
        askHash: '',
        traceId: newTraceId(),
        requestId: newId('req'),
        ip: '',
        region,
        onLimits() {},
      };
      const run = createRun(
        (signal, onMeter) => complete({ ...deps, timeouts }, { ...request, onMeter }, signal),
        0,
      );
      // An admin who looks on and leaves does not end it.
      run.join();
      runs.add(run, undefined);
      running.add(run);
      const forget = () => void running.delete(run);
      run.ended.then(forget, forget);
      if (isStopped) stop(run);
      return run;
    },
    stop() {
      isStopped = true;
      for (const run of running) stop(run);
    },
  };
}
