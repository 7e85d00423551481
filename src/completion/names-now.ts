import { ensureMayUse, type Grant } from '../access/authorize.ts';
import { isRefused, warnOf } from '../domain/lifecycle.ts';
import type { Model } from '../domain/model.ts';
import { approvalObstacle, type Obstacle } from '../routing/obstacles.ts';
import { plan, type Plan, type Pricing } from './plan.ts';
import type { RoutingDeps } from './routing.ts';

type Deps = Pick<RoutingDeps, 'askFirst' | 'pricing' | 'clock'>;

/**
 * The model that the name leads to now. Whoever may use the name but not the model may not get to it by the name, nor the
 * other way round.
 */
export function planNamed({ askFirst, pricing, clock }: Deps, grant: Grant): Plan {
  const { who, ask } = grant;
  const at = clock.now();
  const name = pricing.nameNow(who.organisationId, ask.model, at);
  if (name === ask.model) return plan(grant, pricing, at);
  ensureMayUse(askFirst, who, name, ask.model);
  const aimed = pricing.findAlias(who.organisationId, ask.model) ?? ask.model;
  const warnings = aimed === name ? [] : [`${aimed} has ended; ${name} answers instead`];
  return plan(grant, pricing, at, name, warnings);
}

/** What the organisation has against a model that a route leads to. */
export function findDenial(deps: Deps, grant: Grant, model: string): Obstacle | undefined {
  const { pricing, clock } = deps;
  const when = { organisationId: grant.who.organisationId, at: clock.now() };
  return findApproval(deps, grant, model) ?? findSunset(pricing, when, pricing.findModel(model));
}

/** A model that takes an approval is not reached by a detour, unless it or the route was granted. */
function findApproval({ askFirst }: Deps, { who, ask }: Grant, model: string): Obstacle | undefined {
  const isGranted = who.granted?.names.has(model) || who.granted?.names.has(ask.model);
  if (isGranted || !askFirst.has(who.organisationId, model)) return undefined;
  return approvalObstacle(model);
}

/** A model that has ended and is refused since then. */
export function findSunset(
  pricing: Pick<Pricing, 'standingOf'>,
  { organisationId, at }: { organisationId: string; at: Date },
  model: Model | undefined,
): Obstacle | undefined {
  const standing = model && pricing.standingOf(model, organisationId, at);
  return standing && isRefused(standing) ? { code: 'SUNSET', message: `${warnOf(standing)}` } : undefined;
}
