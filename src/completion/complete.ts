import { authorize } from '../access/authorize.ts';
import type { Ask } from '../domain/ask.ts';
import type { Completion, CompletionEvent } from '../domain/completion.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { Reporter } from '../events/reporter.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { admit, type AdmitDeps, type Candidate } from './admit.ts';
import { attempt, type AttemptTimeouts, type CallProvider } from './attempt.ts';
import { close } from './closing.ts';
import { createMeter, type Meter } from './meter.ts';

/** Exactly what the pipeline uses. */
export interface Deps extends AdmitDeps {
  ledger: Pick<Ledger, 'reserve' | 'settle'>;
  callProvider: CallProvider;
  timeouts: AttemptTimeouts;
  /** Reads a completion that another process settled in our place. */
  reread(who: Principal, id: string): Promise<Completion>;
  reporter: Reporter;
}

/** One request, with what identifies it. */
export interface Request extends Candidate {
  who: Principal;
  ask: Ask;
  /** Of the HTTP request or the operation on a socket, for the log. */
  requestId: string;
  /** Is told the meter as soon as there is one, for heartbeats. */
  onMeter(meter: Meter): void;
}

/**
 * The pipeline: one completion from the ask to its settlement, straight down. Yields `started` once the hold is
 * durable, then what the vendor says, then exactly one terminal event once everything is settled.
 * @throws GatewayError before `started` when the ask is refused; afterwards failures are events.
 */
export async function* complete(
  deps: Deps,
  request: Request,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  const grant = authorize(deps.askFirst, request.who, request.ask);
  const admitted = await admit(deps, grant, request, signal); // From here on every path ends in settle.
  using turn = admitted.turn;
  const meter = createMeter(admitted, deps.pricing, deps.clock.monotonicMs);
  let ended: CompletionEvent | undefined;
  try {
    request.onMeter(meter);
    yield { type: 'started', completion: admitted.completion };
    for await (const chunk of attempt(deps, admitted, signal)) {
      const event = meter.count(chunk);
      if (event) yield event;
    }
    meter.succeed();
  } catch (error) {
    if (!(error instanceof GatewayError)) deps.reporter.unexpected(error, request.requestId);
    meter.fail(error, signal);
  } finally {
    const outcome = meter.outcome();
    turn.end(outcome);
    ended = await close(deps, request, admitted, outcome);
  }
  yield ended;
}
