import { rankBy, type Strategy } from '../strategy.ts';

/** What this request is likely to cost, the least first; models without a known price come last. */
export const rankByCost: Strategy = (options, { request, signals }) => {
  const tokens = { input: request.inputTokens, output: request.outputTokens };
  return rankBy(
    options,
    ({ lead }): Record<string, number> => {
      const costNanos = signals.costNanos(lead, tokens);
      return costNanos === undefined ? {} : { costNanos };
    },
    ({ costNanos }) => costNanos,
  );
};
