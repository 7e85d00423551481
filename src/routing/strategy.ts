import type { Model } from '../domain/model.ts';
import type { Route, RouteTarget } from '../domain/route.ts';
import type { RoutingRequest } from './request.ts';
import type { Signals } from './signals.ts';

/** A target that could answer. */
export interface Option {
  target: RouteTarget;
  /** The model that answers if it is chosen; of a route, the first of its own order. */
  lead: Model;
}

/** What a strategy may look at. */
export interface Situation {
  route: Pick<Route, 'name' | 'stickyBy'>;
  request: RoutingRequest;
  signals: Signals;
  /** From 0 to 1, without 1. */
  random(): number;
}

/** An option in its place, with the numbers that put it there. */
export interface Ranked {
  option: Option;
  score: Record<string, number>;
}

/** Puts the options of a route into the order in which they are tried: all of them, each once. */
export type Strategy = (options: readonly Option[], situation: Situation) => Ranked[];

/** Ranks by one number, the lowest first; those that have none come last, each in the order of the route. */
export function rankBy(
  options: readonly Option[],
  scoreOf: (option: Option) => Record<string, number>,
  order: (score: Record<string, number>) => number | undefined,
): Ranked[] {
  return options
    .map((option) => {
      const score = scoreOf(option);
      return { option, score, place: order(score) ?? Infinity };
    })
    .toSorted((a, b) => (a.place === b.place ? 0 : a.place - b.place))
    .map(({ option, score }) => ({ option, score }));
}
