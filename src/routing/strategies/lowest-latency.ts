import { rankBy, type Ranked, type Strategy } from '../strategy.ts';

/** A model that always fails, and fails fast, must not look fast for ever. */
const MOST_ERRORS = 0.99;

/**
 * The better of two that are drawn (power of two choices), by decaying peak latency × calls under way, so that not
 * everybody runs to the same one; behind it the others, best first. One that nobody has measured counts as fast until
 * it has something to do.
 */
export const rankByLatency: Strategy = (options, { signals, random }) => {
  const ranked = rankBy(
    options,
    ({ lead: { name } }): Record<string, number> => {
      const latencyMs = signals.latencyMs(name);
      const load = signals.inFlight(name) + 1;
      const errors = Math.min(signals.errorRate(name), MOST_ERRORS);
      if (latencyMs === undefined) return { load, expectedMs: load === 1 ? 0 : Number.MAX_VALUE };
      return { latencyMs, load, expectedMs: (latencyMs * load) / (1 - errors) };
    },
    ({ expectedMs }) => expectedMs,
  );
  const first = drawBetter(ranked.length, random);
  return [
    ...ranked.slice(first, first + 1),
    ...ranked.slice(0, first),
    ...ranked.slice(first + 1),
  ] satisfies Ranked[];
};

/** The place of the better of two different ones, of a list that has the best first. */
function drawBetter(count: number, random: () => number): number {
  if (count < 2) return 0;
  const one = Math.floor(random() * count);
  const other = Math.floor(random() * (count - 1));
  return Math.min(one, other >= one ? other + 1 : other);
}
