import type { Ask } from '../domain/ask.ts';
import { ownerOf, type Background } from '../domain/completion-origin.ts';
import type { Principal } from '../domain/principal.ts';
import { newId, newTraceId } from '../lib/ids.ts';
import { complete, type Deps } from './complete.ts';
import { createRun, type Run } from './run.ts';
import type { RunRegistry } from './run-registry.ts';

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

/** Starts a completion that no caller waits for, through all that those of callers go through. It runs until it ends or is aborted. */
export function startInBackground(deps: Deps, runs: RunRegistry, who: Principal, ask: Ask): Run {
  const request = {
    who,
    ask,
    idempotencyKey: undefined,
    askHash: '',
    traceId: newTraceId(),
    requestId: newId('req'),
    ip: '',
    onLimits() {},
  };
  const run = createRun((signal, onMeter) => complete(deps, { ...request, onMeter }, signal), 0);
  // An admin who looks on and leaves does not end it.
  run.join();
  runs.add(run, undefined);
  return run;
}
