import { judgeModel } from '../access/authorize.ts';
import { CAPABILITIES, type Model as ModelRow } from '../domain/model.ts';
import { isRouteName } from '../domain/route.ts';
import { findFirstModel } from '../routing/first-model.ts';
import { findResidencyObstacle } from '../routing/obstacles.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';
import { StringFilter, withoutNull } from './inputs.ts';
import { Price, PriceRate, toRateRows } from './price.ts';
import { Provider } from './provider.ts';

const Capability = builder.enumType('Capability', { values: CAPABILITIES });

export const ModelAccess = builder.objectRef<{ allowed: boolean; via: string }>('ModelAccess').implement({
  fields: (t) => ({
    allowed: t.exposeBoolean('allowed'),
    via: t.exposeString('via', { description: 'What allows or forbids it.' }),
  }),
});

export const Model = builder.objectRef<ModelRow>('Model');
builder.node(Model, {
  description: 'A model of a configured provider.',
  id: { resolve: ({ name }) => name },
  loadManyWithoutCache: (names, { gateway }) => names.map((name) => gateway.catalog.findModel(name) ?? null),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What callers name it by: `provider/model`.' }),
    displayName: t.exposeString('displayName'),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'Null when the provider is no longer configured.',
      resolve: ({ provider }, _args, { gateway }) => gateway.catalog.findProvider(provider),
    }),
    capabilities: t.field({ type: [Capability], resolve: ({ capabilities }) => capabilities }),
    contextWindow: t.int({
      nullable: true,
      description: 'Tokens.',
      resolve: ({ contextWindow }) => contextWindow,
    }),
    maxOutputTokens: t.int({ nullable: true, resolve: ({ maxOutputTokens }) => maxOutputTokens }),
    price: t.field({
      type: Price,
      nullable: true,
      description:
        'What holds now for the viewer’s organisation. Null when it is not known: then usage is counted and cost is null.',
      resolve: (model, _args, { gateway, who }) =>
        gateway.catalog.priceFor(model, who.organisationId, new Date()),
    }),
    prices: t.field({
      type: [PriceRate],
      description: 'The rates of `price`; empty when it is not known.',
      resolve: (model, _args, { gateway, who }) => {
        const price = gateway.catalog.priceFor(model, who.organisationId, new Date());
        return price ? toRateRows(price) : [];
      },
    }),
    priceHistory: t.field({
      type: [Price],
      description:
        'Newest first, at most 100: what the organisation has set, what it has set for later included, and what else something was priced by.',
      complexity: { field: 5, multiplier: 5 },
      resolve: ({ name }, _args, { loaders }) => loaders.priceHistory.load(name),
    }),
    continues: t.exposeBoolean('continues', {
      description:
        'Whether it can be asked to go on from the beginning of an answer, as routes with `onCut: CONTINUE` do.',
    }),
    access: t.field({
      type: ModelAccess,
      description: 'Whether the viewer may call it.',
      resolve: (model, _args, context) => judge(model, context),
    }),
  }),
});

/** Where it is forbids it before anything else does: no approval changes that. */
function judge(model: ModelRow, { gateway, who }: GraphContext): { allowed: boolean; via: string } {
  const outside = findResidencyObstacle(model, { allowedRegions: who.regions });
  if (outside) return { allowed: false, via: `where requests may go: ${outside.message}` };
  return judgeModel(gateway.askFirst, who, model.name);
}

/** A model that some completion names but no configured provider offers any more. */
export function formerModel(name: string, provider: string): ModelRow {
  const id = name.slice(provider.length + 1);
  return {
    name,
    provider,
    id,
    displayName: name,
    capabilities: [],
    capabilitiesDeclared: false,
    contextWindow: undefined,
    maxOutputTokens: undefined,
    deprecated: true,
    continues: false,
    region: undefined,
  };
}

builder.asEntity(Model, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { gateway }) => gateway.catalog.findModel(id.replace(/^mdl_/, '')) ?? null,
});

const ModelFilter = builder.inputType('ModelFilter', {
  fields: (t) => ({
    name: t.field({ type: StringFilter }),
    provider: t.field({ type: StringFilter }),
    capabilities: t.field({ type: [Capability], description: 'All of these.' }),
    callable: t.boolean({ description: 'Only what the viewer may (or may not) call.' }),
  }),
});

const ModelConnection = connectionOf('Model', Model);

builder.queryFields((t) => ({
  models: t.field({
    type: ModelConnection,
    description: 'The models of the configured providers, by name.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: ModelFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, context) => {
      const { gateway } = context;
      const filter = withoutNull(args.filter) ?? {};
      const matching = gateway.catalog
        .listModels()
        .filter(
          (model) =>
            matches(model.name, filter.name) &&
            matches(model.provider, filter.provider) &&
            (filter.capabilities ?? []).every((capability) => model.capabilities.includes(capability)) &&
            (filter.callable === undefined || judge(model, context).allowed === filter.callable),
        );
      return readPage(args, {
        read: ({ first, after }) =>
          matching.filter(({ name }) => after === undefined || name > after).slice(0, first),
        cursorOf: ({ name }) => name,
        isCursor: (text) => text.includes('/'),
        count: () => matching.length,
      });
    },
  }),
  model: t.field({
    type: Model,
    nullable: true,
    args: {
      name: t.arg.string({
        required: true,
        description:
          '`provider/model`, an alias of one, or the name of a route: then the first model that its targets lead to.',
      }),
    },
    resolve: (_root, { name }, context) => {
      const { catalog } = context.gateway;
      const { book } = context.gateway.modelSetting;
      const named = book.findAlias(context.who.organisationId, name) ?? name;
      return catalog.findModel(isRouteName(named) ? findBehind(named, context) : named);
    },
  }),
}));

/** What stands behind a route may be another model a moment later. */
function findBehind(name: string, context: GraphContext): string {
  const { gateway, who } = context;
  context.isRepeatable = false;
  return findFirstModel(name, (route) => gateway.routes.book.find(who.organisationId, route)) ?? name;
}

function matches(
  value: string,
  filter: { eq?: string; in?: string[]; contains?: string } | undefined,
): boolean {
  if (!filter) return true;
  return (
    (filter.eq === undefined || value === filter.eq) &&
    (filter.in === undefined || filter.in.includes(value)) &&
    (filter.contains === undefined || value.includes(filter.contains))
  );
}
