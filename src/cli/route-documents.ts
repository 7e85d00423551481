import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import type { RouteDocument } from '../config/route-files.ts';
import { ROUTE_DEFAULTS, SHADOW_DEFAULTS, TARGET_DEFAULTS } from '../domain/route.ts';
import {
  CANARY_DEFAULTS,
  CANARY_STEP_DEFAULTS,
  EXPERIMENT_ARM_DEFAULTS,
  EXPERIMENT_DEFAULTS,
  ROLLBACK_DEFAULTS,
} from '../domain/trial.ts';
import { askGateway, type GatewayAddress } from './ask-gateway.ts';

const ROUTES = `query Routes($after: String) {
  routes(first: 100, after: $after) {
    nodes {
      name strategy stickyBy onCut fallbackOn repairs hedgePercentile probeSeconds
      shadow { model: name percent maxConcurrent }
      targets { model: name weight condition connectMs firstTokenMs idleMs timeoutMs retries upTo }
      canary {
        model steps { percent minutes requests } stickyBy
        rollBackWhen {
          afterRequests errorRateAbove latencyRatioAbove costRatioAbove feedbackBelow afterRatings
        }
      }
      experiment { name arms { name model weight } stickyBy metric goal confidence minRequests }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

interface RoutesAnswer {
  routes: {
    nodes: RouteDocument[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
  };
}

/** All routes that a gateway has, each without what goes without saying. */
export async function readDocuments(gateway: GatewayAddress): Promise<RouteDocument[]> {
  const documents: RouteDocument[] = [];
  for (let after: string | null = null; ;) {
    const { routes }: RoutesAnswer = await askGateway<RoutesAnswer>(gateway, ROUTES, { after });
    documents.push(...routes.nodes.map(ensureName).map(shorten));
    if (!routes.pageInfo.hasNextPage) return documents;
    after = routes.pageInfo.endCursor;
  }
}

/** It becomes the name of a file, so it has to be one that the gateway itself would let be set. */
function ensureName(document: RouteDocument): RouteDocument {
  if (/^[a-z0-9][a-z0-9._-]*$/.test(document.name)) return document;
  throw new Error(`the gateway names a route ${JSON.stringify(document.name)}, which is no name of a route`);
}

/** The same route without what is as it would be anyway. */
export function shorten({ targets, shadow, canary, experiment, ...settings }: RouteDocument): RouteDocument {
  return {
    ...without(settings, ROUTE_DEFAULTS),
    ...(shadow && { shadow: without(shadow, SHADOW_DEFAULTS) }),
    targets: targets.map((target) => without(target, TARGET_DEFAULTS)),
    ...(canary && { canary: shortenCanary(canary) }),
    ...(experiment && { experiment: shortenExperiment(experiment) }),
  };
}

function shortenCanary(canary: NonNullable<RouteDocument['canary']>): RouteDocument['canary'] {
  return {
    ...without(canary, CANARY_DEFAULTS),
    steps: canary.steps.map((step) => without(step, CANARY_STEP_DEFAULTS)),
    rollBackWhen: without(canary.rollBackWhen, ROLLBACK_DEFAULTS),
  };
}

function shortenExperiment(
  experiment: NonNullable<RouteDocument['experiment']>,
): RouteDocument['experiment'] {
  return {
    ...without(experiment, EXPERIMENT_DEFAULTS),
    arms: experiment.arms.map((arm) => without(arm, EXPERIMENT_ARM_DEFAULTS)),
  };
}

export function toYaml(document: RouteDocument): string {
  return stringify(document, { lineWidth: 120 });
}

function without<T extends object>(members: T, defaults: Readonly<Record<string, unknown>>): T {
  const said = Object.entries(members).filter(
    ([name, value]) => value !== null && value !== undefined && !isDeepStrictEqual(value, defaults[name]),
  );
  return Object.fromEntries(said) as T;
}
