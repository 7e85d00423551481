import { estimate, type Estimate as EstimateRow } from '../completion/estimate.ts';
import { parseAsk } from '../domain/ask.ts';
import type { GatewayError } from '../domain/errors.ts';
import { builder } from './builder.ts';
import { CompletionInput } from './completion-input.ts';
import { isUserError, toUserErrors, UserError } from './errors.ts';
import { Model } from './model.ts';
import { Money, toMoney } from './money.ts';

/** Counting the tokens of a long prompt takes about as long as reading a page of a list. */
export const ESTIMATE_COST = 20;

const TokenEstimate = builder.objectRef<EstimateRow & { exact: boolean }>('TokenEstimate').implement({
  description: 'How long a prompt is. Nothing is called.',
  fields: (t) => ({
    inputTokens: t.field({ type: 'SafeInt', resolve: ({ inputTokens }) => inputTokens }),
    exact: t.exposeBoolean('exact', {
      description:
        'Whether the model counts with the very tokenizer that was used here, as the demo models do.',
    }),
    cost: t.field({
      type: Money,
      nullable: true,
      description: 'Likely cost with its answer; null when the model or its price is not known.',
      resolve: ({ costs }) => toMoney(costs?.likelyNanos),
    }),
    fitsContextWindow: t.boolean({
      nullable: true,
      description: 'Null when the model is not known.',
      resolve: ({ costs }) => costs?.fitsContextWindow,
    }),
  }),
});

export const Estimate = builder.objectRef<EstimateRow>('Estimate').implement({
  description:
    'What a request would come to, and whether it would be refused now. Nothing is called, nothing is held.',
  fields: (t) => ({
    model: t.field({ type: Model, nullable: true, resolve: ({ costs }) => costs?.model }),
    inputTokens: t.field({ type: 'SafeInt', resolve: ({ inputTokens }) => inputTokens }),
    likelyOutputTokens: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'What the model usually gives the viewer’s team.',
      resolve: ({ costs }) => costs?.likelyOutputTokens,
    }),
    maxOutputTokens: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'What would be held for the answer.',
      resolve: ({ costs }) => costs?.maxOutputTokens,
    }),
    likelyCost: t.field({
      type: Money,
      nullable: true,
      resolve: ({ costs }) => toMoney(costs?.likelyNanos),
    }),
    worstCost: t.field({
      type: Money,
      nullable: true,
      description: 'The most that it can come to, which is what would be held in budgets.',
      resolve: ({ costs }) => toMoney(costs?.worstNanos),
    }),
    fitsContextWindow: t.boolean({ nullable: true, resolve: ({ costs }) => costs?.fitsContextWindow }),
    allowed: t.boolean({ resolve: ({ refusals }) => refusals.length === 0 }),
    refusals: t.field({
      type: [UserError],
      description:
        'Everything that would keep it from being answered: input, rights, model, limits, budgets.',
      resolve: ({ refusals }) => refusals.flatMap(toUserErrors),
    }),
  }),
});

builder.queryFields((t) => ({
  tokenEstimate: t.field({
    type: TokenEstimate,
    args: { input: t.arg({ type: CompletionInput, required: true }) },
    complexity: ESTIMATE_COST,
    resolve: async (_root, { input }, { gateway, who, ip, region }) => {
      const found = await estimate(gateway.estimates, { who, ip, region }, parseAsk(input));
      const provider = found.costs && gateway.catalog.findProvider(found.costs.model.provider);
      return { ...found, exact: provider?.kind === 'DEMO' };
    },
  }),
  estimate: t.field({
    type: Estimate,
    args: { input: t.arg({ type: CompletionInput, required: true }) },
    complexity: ESTIMATE_COST,
    resolve: async (_root, { input }, { gateway, who, ip, region }) => {
      try {
        return await estimate(gateway.estimates, { who, ip, region }, parseAsk(input));
      } catch (error) {
        if (!isUserError(error)) throw error;
        return refusedEstimate(error);
      }
    },
  }),
}));

/** Of what cannot be estimated. */
export function refusedEstimate(error: GatewayError): EstimateRow {
  return { inputTokens: 0, costs: undefined, refusals: [error] };
}
