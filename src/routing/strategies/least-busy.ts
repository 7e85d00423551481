import { rankBy, type Strategy } from '../strategy.ts';

/** The fewest calls under way first; among equals by chance, so that they share what comes at once. */
export const rankByLoad: Strategy = (options, { signals, random }) =>
  rankBy(
    options,
    ({ lead }) => ({ inFlight: signals.inFlight(lead.name), draw: random() }),
    ({ inFlight = 0, draw = 0 }) => inFlight + draw,
  );
