import type { Strategy } from '../strategy.ts';

/** The next one each time; the others follow in turn. */
export const rankInTurn: Strategy = (options, { route, signals }) => {
  if (options.length === 0) return [];
  const first = signals.takeTurn(route.name) % options.length;
  return [...options.slice(first), ...options.slice(0, first)].map((option, place) => ({
    option,
    score: { place },
  }));
};
