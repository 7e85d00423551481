import type { ProviderInfo, ProviderKind } from '../domain/model.ts';
import type { Upstreams } from '../limits/upstream/upstreams.ts';
import { builder } from './builder.ts';

const KINDS = ['DEMO', 'CLOUD', 'LOCAL', 'COMPATIBLE'] as const satisfies ProviderKind[];
const ProviderKindEnum = builder.enumType('ProviderKind', {
  description: 'DEMO models are built in and answer without any AI; LOCAL ones run on this machine.',
  values: KINDS,
});

const Upstream = builder.objectRef<ReturnType<Upstreams['list']>[number]>('Upstream').implement({
  description: 'How one model is doing, as the instance that answers sees it.',
  fields: (t) => ({
    model: t.exposeString('model', { description: '`provider/model`.' }),
    window: t.exposeInt('window', { description: 'Calls that may be under way at a time.' }),
    inFlight: t.exposeInt('inFlight'),
    queued: t.exposeInt('queued', { description: 'Requests that wait for one of them.' }),
    pausedMs: t.exposeInt('pausedMs', { description: 'Until the provider wants the next call; 0 for now.' }),
  }),
});

export const Provider = builder.objectRef<ProviderInfo>('Provider');
builder.node(Provider, {
  description: 'Who runs models. Listed whether or not it can be called yet.',
  id: { resolve: ({ name }) => name },
  loadManyWithoutCache: (names, { gateway }) =>
    names.map((name) => gateway.catalog.findProvider(name) ?? null),
  fields: (t) => ({
    name: t.exposeString('name'),
    displayName: t.exposeString('displayName'),
    kind: t.field({ type: ProviderKindEnum, resolve: ({ kind }) => kind }),
    configured: t.exposeBoolean('configured'),
    needs: t.string({
      nullable: true,
      description: 'For one that is not configured: what to set, for instance OPENAI_API_KEY.',
      resolve: ({ needs }) => needs,
    }),
    upstreams: t.field({
      type: [Upstream],
      description: 'Of its models, those that were called lately.',
      resolve: ({ name }, _args, { gateway }) => gateway.upstreams.list(name),
    }),
  }),
});

builder.queryField('providers', (t) =>
  t.field({ type: [Provider], resolve: (_root, _args, { gateway }) => gateway.catalog.listProviders() }),
);
