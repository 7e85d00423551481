import type { Route } from './route.ts';
import type { Assignment } from './trial.ts';

/** One model that a route considered for a request. */
export interface RouteCandidate {
  /** `provider/model`; of a route that could not be followed, its name. */
  model: string;
  /** The routes that lead to it, the one that was asked for first. */
  path: readonly string[];
  /** The numbers that put it into its place. */
  score: Readonly<Record<string, number>>;
  /** Why it was not to be tried; undefined where it was. */
  skippedBecause: string | undefined;
}

/** How a route decided on a request. */
export interface RouteDecision extends Pick<Route, 'name' | 'version' | 'strategy'> {
  /** First those to try, in this order, then those that could not be. */
  candidates: RouteCandidate[];
  /** Its arm in the trial that the route runs; undefined where it runs none, or the request is none of it. */
  trial?: Assignment | undefined;
}
