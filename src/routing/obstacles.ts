import type { Capability, Model } from '../domain/model.ts';
import type { RoutingRequest } from './request.ts';
import type { Signals } from './signals.ts';

/** Why a target cannot be tried. */
export interface Obstacle {
  code:
    | 'UNKNOWN'
    | 'APPROVAL'
    | 'SUNSET'
    | 'REGION'
    | 'CAPABILITY'
    | 'CONTEXT'
    | 'CONDITION'
    | 'RESTING'
    | 'CYCLE'
    | 'TOO_DEEP';
  message: string;
  /** For RESTING: how long it still does. */
  retryAfterMs?: number;
}

/** For whom no approval was given. */
export function approvalObstacle(model: string): Obstacle {
  return { code: 'APPROVAL', message: `${model} takes an approval` };
}

/**
 * What keeps a model from answering this request, the rule that can never be broken first.
 * @param needs what the request asks of a model.
 */
export function findObstacle(
  model: Model,
  request: RoutingRequest,
  needs: readonly Capability[],
  signals: Signals,
): Obstacle | undefined {
  return (
    findResidencyObstacle(model, request) ??
    findCapabilityObstacle(model, needs) ??
    findContextObstacle(model, request) ??
    findRest(model, signals)
  );
}

/** A model whose place nobody has told is nowhere that can be relied on. */
export function findResidencyObstacle(
  { name, region }: Model,
  { allowedRegions }: Pick<RoutingRequest, 'allowedRegions'>,
): Obstacle | undefined {
  if (!allowedRegions || (region !== undefined && allowedRegions.includes(region))) return undefined;
  const place = region === undefined ? 'has no region' : `is in ${region}`;
  return { code: 'REGION', message: `${name} ${place}; allowed: ${allowedRegions.join(', ') || 'none'}` };
}

/** Where nobody has said what a model can do beyond text, it may be able to do it. */
function findCapabilityObstacle(model: Model, needs: readonly Capability[]): Obstacle | undefined {
  const { name, capabilities, capabilitiesDeclared } = model;
  const isLacking = (capability: Capability) => !capabilities.includes(capability);
  const lacking = needs.filter((need) => isLacking(need) && (capabilitiesDeclared || need === 'TEXT'));
  if (lacking.length === 0) return undefined;
  return { code: 'CAPABILITY', message: `${name} lacks ${lacking.join(', ')}` };
}

function findContextObstacle({ name, contextWindow }: Model, request: RoutingRequest): Obstacle | undefined {
  const { inputTokens, ask } = request;
  const tokens = inputTokens + (ask.maxOutputTokens ?? 0);
  if (contextWindow === undefined || tokens <= contextWindow) return undefined;
  return { code: 'CONTEXT', message: `about ${tokens} tokens are needed; ${name} takes ${contextWindow}` };
}

function findRest({ name }: Model, signals: Signals): Obstacle | undefined {
  const retryAfterMs = signals.restingMs(name);
  if (retryAfterMs <= 0) return undefined;
  return { code: 'RESTING', message: `${name} rests for ${Math.ceil(retryAfterMs)} ms`, retryAfterMs };
}
