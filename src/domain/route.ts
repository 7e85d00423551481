import type { CanarySpec, ExperimentSpec, Trial } from './trial.ts';

export const ROUTE_STRATEGIES = [
  'PRIORITY',
  'WEIGHTED',
  'ROUND_ROBIN',
  'LEAST_BUSY',
  'LOWEST_COST',
  'LOWEST_LATENCY',
  'STICKY',
  'BY_COMPLEXITY',
  'LEARNED',
] as const;
/** How a route chooses the order in which its targets are tried. */
export type RouteStrategy = (typeof ROUTE_STRATEGIES)[number];

export const STICKY_KEYS = ['END_USER', 'CONVERSATION'] as const;
/** What stays with one target: an end user, or everything that begins with the same messages. */
export type StickyKey = (typeof STICKY_KEYS)[number];

export const CUT_ACTIONS = ['FAIL', 'RESTART', 'CONTINUE'] as const;
/** What follows when a vendor's stream breaks off after its first words. */
export type CutAction = (typeof CUT_ACTIONS)[number];

export const FALLBACK_REASONS = [
  'ERROR',
  'TIMEOUT',
  'RATE_LIMITED',
  'CONTEXT_OVERFLOW',
  'CONTENT_FILTER',
  'SCHEMA_MISMATCH',
] as const;
/** Why the next target is tried. */
export type FallbackReason = (typeof FALLBACK_REASONS)[number];

/** Milliseconds; what is undefined is that of the config. */
export interface TargetTimeouts {
  connectMs?: number | undefined;
  firstTokenMs?: number | undefined;
  idleMs?: number | undefined;
  totalMs?: number | undefined;
}

/** One way that a route may go. */
export interface RouteTarget {
  /** `provider/model`, or the name of another route. */
  model: string;
  /** For WEIGHTED: its share among all weights; 0: only when the others fail. */
  weight: number;
  /** CEL; undefined: always. */
  condition: string | undefined;
  timeouts: TargetTimeouts;
  /** How often the same target is tried again before the next one. */
  retries: number;
  /** For BY_COMPLEXITY: the highest score, from 0 to 1, of requests that it is meant for; undefined: all. */
  upTo: number | undefined;
}

/** Where copies of what callers ask for go, beside their answers. */
export interface RouteShadow {
  /** `provider/model`, or the name of another route. */
  model: string;
  /** How many of 100 completions are copied; more than 0. */
  percent: number;
  /** Copies that each instance has under way at a time; what comes beyond is not copied. */
  maxConcurrent: number;
}

/** What a route says, in one of its versions. */
export interface RouteSpec {
  /** Without a slash, so that it is never mistaken for a model. */
  name: string;
  strategy: RouteStrategy;
  targets: RouteTarget[];
  stickyBy: StickyKey;
  onCut: CutAction;
  /** The others end the completion. */
  fallbackOn: FallbackReason[];
  /** How often a model is shown its own answer that does not meet the schema, and asked again. */
  repairs: number;
  /** When nothing has come after this percentile of its usual time, a second target is asked too; undefined: never. */
  hedgePercentile: number | undefined;
  shadow: RouteShadow | undefined;
  /** How long a model of it may go without a call before it is probed; undefined: none is. */
  probeSeconds: number | undefined;
  /** A model that is to take over. Not beside an experiment. */
  canary?: CanarySpec | undefined;
  /** Models that are compared. */
  experiment?: ExperimentSpec | undefined;
}

/** A route as it stands. Each change is a version of its own; none is ever changed. */
export interface Route extends RouteSpec {
  id: string;
  organisationId: string;
  /** From 1 on. */
  version: number;
  /** How often it was told to forget what it had learned: what counts is what it has learned since. */
  learning: number;
  createdAt: Date;
  updatedAt: Date;
  /** Id of the key or user that made this version. */
  updatedBy: string;
  /** How its canary or its experiment stands. */
  trial?: Trial | undefined;
}

/** What a route does that does not say otherwise. */
export const ROUTE_DEFAULTS = {
  stickyBy: 'END_USER',
  onCut: 'FAIL',
  fallbackOn: ['ERROR', 'TIMEOUT', 'RATE_LIMITED', 'CONTEXT_OVERFLOW'],
  repairs: 0,
} satisfies Partial<RouteSpec>;
export const SHADOW_DEFAULTS = { maxConcurrent: 10 } satisfies Partial<RouteShadow>;
export const TARGET_DEFAULTS = { weight: 1, retries: 1 } satisfies Partial<RouteTarget>;

/** Whether a name is that of a route; models have theirs behind the name of their provider and a slash. */
export function isRouteName(name: string): boolean {
  return !name.includes('/');
}

/** What a route said at some time. */
export interface RouteVersion extends RouteSpec {
  routeId: string;
  number: number;
  note: string | undefined;
  createdAt: Date;
  /** Id of the key or user. */
  createdBy: string;
}
