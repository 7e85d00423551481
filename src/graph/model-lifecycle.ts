import { deleteAlias, setAlias, setLifecycle } from '../catalog/lifecycle/set.ts';
import { SUNSET_ACTIONS, warnOf, type ModelAlias as AliasRow, type Standing } from '../domain/lifecycle.ts';
import type { Model as ModelRow } from '../domain/model.ts';
import { DeletePayload } from './budget-set.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { formerModel, Model } from './model.ts';
import { originOf } from './route-set.ts';
import { RouteTarget } from './route-settings.ts';

const SunsetAction = builder.enumType('SunsetAction', {
  description: `What becomes of requests for a model after its sunset. PASS: they go to the provider, which will refuse them. REFUSE: they
are refused here, with \`MODEL_UNAVAILABLE\`. REPLACE: the replacement answers them.`,
  values: SUNSET_ACTIONS,
});

function standingOf(model: ModelRow, { gateway, who }: GraphContext): Standing {
  return gateway.modelSetting.book.standingOf(model, who.organisationId, new Date());
}

builder.objectFields(Model, (t) => ({
  deprecated: t.boolean({
    description: 'Nobody should begin with it any more: completions with it carry a warning.',
    resolve: (model, _args, context) => standingOf(model, context).state !== 'CURRENT',
  }),
  deprecatedAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'From when on it is deprecated; null where nobody has said when.',
    resolve: (model, _args, context) => standingOf(model, context).deprecatedAt,
  }),
  sunsetAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'From when on its provider does not answer any more, as far as is known.',
    resolve: (model, _args, context) => standingOf(model, context).sunsetAt,
  }),
  replacement: t.field({
    type: Model,
    nullable: true,
    description: 'What takes its place.',
    resolve: (model, _args, context) => {
      const { replacement } = standingOf(model, context);
      return replacement === undefined ? null : findNamed(context, replacement);
    },
  }),
  afterSunset: t.field({
    type: SunsetAction,
    resolve: (model, _args, context) => standingOf(model, context).afterSunset,
  }),
  aliases: t.stringList({
    description: 'The names that lead to it beside its own.',
    resolve: ({ name }, _args, { gateway, who }) =>
      gateway.modelSetting.book
        .listAliases(who.organisationId)
        .filter(({ model }) => model === name)
        .map(({ alias }) => alias),
  }),
}));

builder.objectField(RouteTarget, 'warnings', (t) =>
  t.stringList({
    description: 'What whoever keeps the route should know: that the model is deprecated.',
    resolve: ({ model: name }, _args, context) => {
      const model = context.gateway.catalog.findModel(name);
      const warning = model && warnOf(standingOf(model, context));
      return warning === undefined ? [] : [warning];
    },
  }),
);

/** Also one that no configured provider has any more. */
export function findNamed({ gateway }: Pick<GraphContext, 'gateway'>, name: string): ModelRow {
  return gateway.catalog.findModel(name) ?? formerModel(name, name.slice(0, name.indexOf('/')));
}

const ModelAlias = builder.objectRef<AliasRow>('ModelAlias').implement({
  description: 'Another name for a model, which may be another one tomorrow.',
  fields: (t) => ({
    alias: t.exposeString('alias'),
    model: t.field({ type: Model, resolve: ({ model }, _args, context) => findNamed(context, model) }),
    isOwn: t.exposeBoolean('isOwn', {
      description: 'Whether the organisation has set it; otherwise it stands in the configuration.',
    }),
  }),
});

const ModelAliasConnection = connectionOf('ModelAlias', ModelAlias);

builder.queryField('modelAliases', (t) =>
  t.field({
    type: ModelAliasConnection,
    description: 'By name.',
    args: { ...pageArgs(t.arg) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const all = gateway.modelSetting.book.listAliases(who.organisationId);
      return readPage(args, {
        read: ({ first, after }) =>
          all.filter(({ alias }) => after === undefined || alias > after).slice(0, first),
        cursorOf: ({ alias }) => alias,
        isCursor: (text) => text.includes('/'),
        count: () => all.length,
      });
    },
  }),
);

const ModelAliasSetInput = builder.inputType('ModelAliasSetInput', {
  fields: (t) => ({
    alias: t.string({ required: true, description: 'With a slash, such as `openai/latest`.' }),
    model: t.string({ required: true, description: '`provider/model`; no alias.' }),
  }),
});

const ModelLifecycleSetInput = builder.inputType('ModelLifecycleSetInput', {
  fields: (t) => ({
    model: t.string({ required: true, description: '`provider/model`, exactly as it is asked for.' }),
    deprecatedAt: t.field({ type: 'DateTime' }),
    sunsetAt: t.field({ type: 'DateTime' }),
    replacement: t.string({ description: '`provider/model`.' }),
    afterSunset: t.field({ type: SunsetAction, defaultValue: 'PASS' }),
  }),
});

const ModelAliasPayload = builder
  .objectRef<Payload<{ alias: AliasRow | undefined }>>('ModelAliasPayload')
  .implement({
    fields: (t) => ({
      alias: t.field({ type: ModelAlias, nullable: true, resolve: ({ alias }) => alias }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

const ModelLifecyclePayload = builder
  .objectRef<Payload<{ model: ModelRow | undefined }>>('ModelLifecyclePayload')
  .implement({
    fields: (t) => ({
      model: t.field({ type: Model, nullable: true, resolve: ({ model }) => model }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationFields((t) => ({
  modelAliasSet: t.field({
    type: ModelAliasPayload,
    description: `Gives a model another name, or leads a name that there is to another model. A completion keeps the model that it
began with. Whoever asks by an alias has to be allowed both the alias and the model.`,
    args: { input: t.arg({ type: ModelAliasSetInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { gateway, who } = context;
        await setAlias(gateway.modelSetting, who, input, originOf(context));
        const all = gateway.modelSetting.book.listAliases(who.organisationId);
        return { alias: all.find(({ alias }) => alias === input.alias) };
      }),
  }),
  modelAliasDelete: t.field({
    type: DeletePayload,
    description:
      'Takes a name of the organisation’s own away; one of the configuration of the same name holds again.',
    args: { alias: t.arg.string({ required: true }) },
    resolve: (_root, { alias }, context) =>
      payload(async () => ({
        deletedId: await deleteAlias(context.gateway.modelSetting, context.who, alias, originOf(context)),
      })),
  }),
  modelLifecycleSet: t.field({
    type: ModelLifecyclePayload,
    description: `Says when a model ends, what takes its place, and what becomes of requests for it then. Without any date the
organisation goes back to what the configuration and the price list say.`,
    args: { input: t.arg({ type: ModelLifecycleSetInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { model, deprecatedAt, sunsetAt, replacement, afterSunset = 'PASS' } = withoutNull(input);
        const wanted = { model, deprecatedAt, sunsetAt, replacement, afterSunset };
        await setLifecycle(context.gateway.modelSetting, context.who, wanted, originOf(context));
        return { model: context.gateway.catalog.findModel(model) };
      }),
  }),
}));
