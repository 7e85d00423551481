import type { HealthView } from '../routing/model-health.ts';
import { watchHealth } from '../routing/health-watch.ts';
import { builder } from './builder.ts';
import { HealthState } from './health.ts';
import { formerModel, Model } from './model.ts';

const ModelHealth = builder.objectRef<HealthView>('ModelHealth').implement({
  description: 'How a model is doing, as all instances see it together.',
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
    description: `Models whose state is another one from now on, whichever instance saw it. A slow reader is told how they are when it
comes, not what was in between.`,
    args: {
      models: t.arg.stringList({ description: 'By name.' }),
      providers: t.arg.stringList({
        description: 'All models of these. Without either argument, all there are.',
      }),
    },
    subscribe: (_root, { models, providers }, { gateway, signal }) =>
      watchHealth(gateway.measures.health, choose(models, providers), signal),
    resolve: (view) => view,
  }),
);

function choose(models?: string[] | null, providers?: string[] | null): (model: string) => boolean {
  if (!models && !providers) return () => true;
  const [byName, byProvider] = [new Set(models), new Set(providers)];
  return (model) => byName.has(model) || byProvider.has(model.slice(0, model.indexOf('/')));
}
