import type { HealthView } from '../routing/health.ts';
import { watchHealth } from '../routing/health-watch.ts';
import { builder } from './builder.ts';
import { HealthState } from './health.ts';
import { formerModel, Model } from './model.ts';

const ModelHealth = builder.objectRef<HealthView>('ModelHealth').implement({
  description: 'How a model is doing, as the instance sees it that answers.',
  fields: (t) => ({
    model: t.field({
      type: Model,
      resolve: ({ model: name }, _args, { gateway }) =>
        gateway.catalog.findModel(name) ?? formerModel(name, name.slice(0, name.indexOf('/'))),
    }),
    state: t.field({ type: HealthState, resolve: ({ state }) => state }),
    errorRate: t.exposeFloat('errorRate', {
      description: 'Share of its last calls that failed, from 0 to 1.',
    }),
  }),
});

builder.subscriptionField('healthChanged', (t) =>
  t.field({
    type: ModelHealth,
    description: `Models whose state is another one from now on, as the instance sees them that answers. A slow reader is told how they
are when it comes, not what was in between.`,
    args: { models: t.arg.stringList({ description: 'By name; all of them, unless given.' }) },
    subscribe: (_root, { models }, { gateway, signal }) =>
      watchHealth(gateway.measures.health, models ? new Set(models) : undefined, signal),
    resolve: (view) => view,
  }),
);
