import { rankBy, type Strategy } from '../strategy.ts';

/**
 * First the target with the lowest `upTo` that the request does not pass, then those for harder ones: that is how it
 * escalates when one fails or its context is too small. Those for easier requests come last, the strongest first.
 */
export const rankByComplexity: Strategy = (options, { request }) => {
  const { score: complexity, features } = request.ask.complexity;
  return rankBy(
    options,
    ({ target: { upTo = 1 } }) => ({ complexity, upTo, ...features }),
    ({ upTo = 1 }) => (complexity <= upTo ? upTo : 3 - upTo),
  );
};
