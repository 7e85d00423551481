import type { Strategy } from '../strategy.ts';

/** In the order in which the route lists them. */
export const rankByPriority: Strategy = (options) =>
  options.map((option, place) => ({ option, score: { place } }));
