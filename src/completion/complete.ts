import { authorize } from '../access/authorize.ts';
import type { Ask, AskDraft } from '../domain/ask.ts';
import type { Completion, CompletionEvent } from '../domain/completion.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { Reporter } from '../events/reporter.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { admit, type AdmitDeps, type Admitted, type Candidate } from './admit.ts';
import type { AttemptTimeouts, CallProvider } from './attempt.ts';
import { createAttempts } from './attempts.ts';
import { close } from './closing.ts';
import type { Meter } from './meter.ts';
import type { RetryBudget } from './retry-budget.ts';

/** Exactly what the pipeline uses. */
export interface Deps extends AdmitDeps {
  render: Render;
  ledger: Pick<Ledger, 'reserve' | 'endAttempt' | 'settle'>;
  callProvider: CallProvider;
  /** Of a completion that says nothing of its own; `totalMs` bounds all of its attempts together. */
  timeouts: AttemptTimeouts;
  retryBudget: RetryBudget;
  /** Reads a completion that another process settled in our place. */
  reread(who: Principal, id: string): Promise<Completion>;
  reporter: Reporter;
  /** Sends a copy of what was let in elsewhere, where its route says so. Neither waits nor throws. */
  copy(admitted: Admitted, request: Pick<Request, 'region'>): void;
}

/**
 * Has the prompt that is named write the messages, by the one version that is fixed here.
 * @throws NotFound for no such prompt, label or version; InvalidInput for its variables.
 */
export type Render = (who: Principal, draft: AskDraft) => Ask | Promise<Ask>;

/** One request, with what identifies it. */
export interface Request extends Candidate {
  who: Principal;
  ask: AskDraft;
  /** Of the HTTP request or the operation on a socket, for the log. */
  requestId: string;
  /** Is told the meter of each attempt as soon as there is one, for heartbeats. */
  onMeter(meter: Meter): void;
}

/**
 * The pipeline: one completion from the ask to its settlement, straight down. Yields `started` once the hold is
 * durable, then what vendors say, then exactly one terminal event once everything is settled.
 * @throws GatewayError before `started` when the ask is refused; afterwards failures are events.
 */
export async function* complete(
  deps: Deps,
  request: Request,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  const ask = await deps.render(request.who, request.ask);
  const grant = authorize(deps.askFirst, request.who, ask);
  const admitted = await admit(deps, grant, request, signal); // From here on every path ends in settle.
  // That of its route is told of also where another model than its arm's was let in.
  const trial = admitted.course.trial ?? admitted.completion.trial;
  const attempts = createAttempts(deps, request, admitted);
  let ended: CompletionEvent | undefined;
  try {
    yield { type: 'started', completion: admitted.completion };
    deps.copy(admitted, request);
    yield* attempts.run(signal);
  } catch (error) {
    if (!(error instanceof GatewayError)) deps.reporter.unexpected(error, request.requestId);
    attempts.fail(error, signal);
  } finally {
    ended = await close(deps, request, attempts.last()).finally(() => {
      if (trial) deps.trials.settled(trial);
    });
  }
  yield ended;
}
