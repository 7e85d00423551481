import type { ArmView } from '../routing/learned.ts';
import { resetLearned } from '../routing/reset-learned.ts';
import { builder } from './builder.ts';
import { payload } from './errors.ts';
import { Money, toMoney } from './money.ts';
import { found, originOf, RoutePayload } from './route-set.ts';
import { Route } from './route.ts';

const LearnedTarget = builder.objectRef<ArmView>('LearnedTarget').implement({
  description:
    'What a route has learned of one of its targets, on all instances together. What is newer counts more.',
  fields: (t) => ({
    name: t.string({
      description: 'Of a model, `provider/model`, or of another route.',
      resolve: ({ target }) => target,
    }),
    pulls: t.int({ description: 'Calls that it has learned from.', resolve: ({ pulls }) => pulls }),
    success: t.exposeFloat('success', {
      description: 'How likely the next call is to go well, from 0 to 1; 0.5 of one that was never called.',
    }),
    feedback: t.float({
      nullable: true,
      description: 'Mean of its scores by `completionRate`, from 0 to 1; null while there are none.',
      resolve: ({ feedback }) => feedback,
    }),
    cost: t.field({
      type: Money,
      nullable: true,
      description: 'Mean of a call; null while none with a known price was seen.',
      resolve: ({ costNanos }) =>
        toMoney(costNanos === undefined ? undefined : BigInt(Math.round(costNanos))),
    }),
    latencyMs: t.int({
      nullable: true,
      description: 'Mean time to the first token.',
      resolve: ({ latencyMs }) => (latencyMs === undefined ? null : Math.round(latencyMs)),
    }),
  }),
});

builder.objectField(Route, 'learned', (t) =>
  t.field({
    type: [LearnedTarget],
    description:
      'Of each target what the route has learned, whatever its strategy is; LEARNED decides by it.',
    resolve: ({ organisationId, name, targets }, _args, { gateway }) =>
      gateway.measures.viewArms(
        organisationId,
        name,
        targets.map(({ model }) => model),
      ),
  }),
);

builder.mutationField('routeResetLearned', (t) =>
  t.field({
    type: RoutePayload,
    description: 'Lets a route forget what it has learned of its targets, on every instance.',
    args: { name: t.arg.string({ required: true }) },
    resolve: (_root, { name }, context) =>
      payload(async () => {
        const { routes, measures } = context.gateway;
        return found(context, await resetLearned(routes, measures, context.who, name, originOf(context)));
      }),
  }),
);
