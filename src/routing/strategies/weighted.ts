import { rankBy, type Strategy } from '../strategy.ts';

/**
 * Drawn without replacement, each with its share of the weights (Efraimidis and Spirakis, 2006); weight 0 comes last.
 */
export const rankByWeight: Strategy = (options, { random }) =>
  rankBy(
    options,
    ({ target: { weight } }): Record<string, number> =>
      weight > 0 ? { weight, draw: -Math.log(1 - random()) / weight } : { weight },
    ({ draw }) => draw,
  );
