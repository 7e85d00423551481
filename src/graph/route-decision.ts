import { authorize } from '../access/authorize.ts';
import { parseAsk } from '../domain/ask.ts';
import type {
  RouteCandidate as CandidateRow,
  RouteDecision as DecisionRow,
} from '../domain/route-decision.ts';
import { builder } from './builder.ts';
import { CompletionInput } from './completion-input.ts';
import { Completion } from './completion.ts';
import { Model } from './model.ts';
import { RouteStrategy } from './route-settings.ts';

/** A decision, and the model that it came to. */
interface Decided extends DecisionRow {
  chosen: string | undefined;
}

const ScorePart = builder.objectRef<{ name: string; value: number }>('ScorePart').implement({
  description:
    'A number that put a candidate into its place; that of a route in a route begins with its name.',
  fields: (t) => ({
    name: t.exposeString('name'),
    value: t.exposeFloat('value'),
  }),
});

const RouteCandidate = builder.objectRef<CandidateRow>('RouteCandidate').implement({
  description: 'One model that a route considered.',
  fields: (t) => ({
    name: t.string({
      description: 'Of the model; of a route that could not be followed, its own.',
      resolve: ({ model }) => model,
    }),
    model: t.field({
      type: Model,
      nullable: true,
      resolve: ({ model }, _args, { gateway }) => gateway.catalog.findModel(model),
    }),
    path: t.stringList({
      description: 'The routes that lead to it, the one that was asked for first.',
      resolve: ({ path }) => [...path],
    }),
    score: t.field({
      type: [ScorePart],
      resolve: ({ score }) => Object.entries(score).map(([name, value]) => ({ name, value })),
    }),
    skippedBecause: t.string({
      nullable: true,
      description: 'Why it was not to be tried.',
      resolve: ({ skippedBecause }) => skippedBecause,
    }),
  }),
});

export const RouteDecision = builder.objectRef<Decided>('RouteDecision').implement({
  description: 'How a route decided on a request.',
  fields: (t) => ({
    name: t.exposeString('name'),
    version: t.exposeInt('version'),
    strategy: t.field({ type: RouteStrategy, resolve: ({ strategy }) => strategy }),
    candidates: t.field({
      type: [RouteCandidate],
      description: 'First those to try, in this order, then those that could not be.',
      resolve: ({ candidates }) => candidates,
    }),
    chosen: t.field({
      type: Model,
      nullable: true,
      description: 'The model that answered, or would be asked first; null where none can.',
      resolve: ({ chosen }, _args, { gateway }) =>
        chosen === undefined ? null : gateway.catalog.findModel(chosen),
    }),
  }),
});

builder.objectField(Completion, 'route', (t) =>
  t.field({
    type: RouteDecision,
    nullable: true,
    description: 'Null where a model was asked for by its own name, and until it is settled.',
    resolve: ({ outcome, model }) => outcome?.route && { ...outcome.route, chosen: model },
  }),
);

builder.queryField('explainRoute', (t) =>
  t.field({
    type: RouteDecision,
    nullable: true,
    description: `How a route would decide on this request now, with its reasons. Nothing is called, and no turn is taken. Null
where \`model\` names no route.`,
    args: { input: t.arg({ type: CompletionInput, required: true }) },
    resolve: async (_root, { input }, { gateway, who, region }) => {
      const grant = authorize(gateway.askFirst, who, await gateway.render(who, parseAsk(input)));
      const decision = await gateway.routing.explain(grant, { region });
      const first = decision?.candidates.find(({ skippedBecause }) => skippedBecause === undefined);
      return decision && { ...decision, chosen: first?.model };
    },
  }),
);
