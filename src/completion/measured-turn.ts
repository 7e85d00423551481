import { isAboutTheRequest } from '../domain/attempt-fault.ts';
import type { Outcome } from '../domain/completion.ts';
import type { Turn } from '../limits/upstream/gate.ts';
import type { CallEnd } from '../routing/model-health.ts';
import type { Measures } from '../routing/measures.ts';
import type { Plan } from './plan.ts';

/** The same turn; what comes of the call is learned for planning too. */
export function measuredTurn(measures: Measures, { grant, model, path }: Plan, turn: Turn): Turn {
  // While a model rests, a call by its own name is none of the trials that end its rest.
  const isProbe = grant.who.background?.origin === 'PROBE';
  const isCounted = measures.health.begin(model.name, isProbe);
  let over = false;
  function end(outcome?: Outcome): void {
    turn.end(outcome);
    if (over) return;
    over = true;
    if (isCounted) measures.health.end(model.name, toCallEnd(outcome));
    if (!outcome || kindOf(outcome) === 'NEUTRAL') return;
    // A probe is like nothing that is asked else.
    if (isProbe) return;
    const { usage, costNanos, attempts } = outcome;
    measures.observe(
      grant.who.organisationId,
      { model: model.name, path },
      {
        succeeded: outcome.status === 'SUCCEEDED',
        costNanos: costNanos === undefined ? undefined : Number(costNanos),
        latencyMs: attempts.at(-1)?.firstTokenMs,
        usage,
      },
    );
  }
  return { ...turn, end, [Symbol.dispose]: () => end() };
}

/** What a call says of its model. */
export function toCallEnd(outcome: Outcome | undefined): CallEnd {
  if (!outcome) return { kind: 'NEUTRAL', latencyMs: undefined, retryAfterMs: undefined };
  const { attempts, failure } = outcome;
  const attempt = attempts.at(-1);
  const firstTokenMs = attempt?.firstTokenMs;
  // One that has said nothing for all the time that it had is as slow as that.
  const silentMs =
    attempt?.status === 'TIMEOUT' && firstTokenMs === undefined ? attempt.latencyMs : undefined;
  return {
    kind: kindOf(outcome),
    latencyMs: firstTokenMs ?? silentMs,
    retryAfterMs: failure?.retryAfterMs,
  };
}

function kindOf({ attempts }: Outcome): CallEnd['kind'] {
  const attempt = attempts.at(-1);
  switch (attempt?.status) {
    case 'OK':
      return 'OK';
    case 'RATE_LIMITED':
      return 'RATE_LIMITED';
    case 'TIMEOUT':
      return 'FAILED';
    case 'ERROR':
      return isAboutTheRequest(attempt) ? 'NEUTRAL' : 'FAILED';
    default:
      return 'NEUTRAL';
  }
}
