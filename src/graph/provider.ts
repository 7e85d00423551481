import type { ProviderInfo, ProviderKind } from '../domain/model.ts';
import { builder } from './builder.ts';

const KINDS = ['DEMO', 'CLOUD', 'LOCAL', 'COMPATIBLE'] as const satisfies ProviderKind[];
const ProviderKindEnum = builder.enumType('ProviderKind', {
  description: 'DEMO models are built in and answer without any AI; LOCAL ones run on this machine.',
  values: KINDS,
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
  }),
});

builder.queryField('providers', (t) =>
  t.field({ type: [Provider], resolve: (_root, _args, { gateway }) => gateway.catalog.listProviders() }),
);
