import { listOperationsOf, type RegisteredOperation } from '../access/operations/read.ts';
import { comparePrices, listLosses, type PriceDifference } from '../completion/compare-models.ts';
import { replaceModel, type Replaced } from '../completion/replace-model.ts';
import { warnOf } from '../domain/lifecycle.ts';
import type { Limit as LimitRow } from '../domain/limit.ts';
import { listCallersOf, type ModelCaller } from '../ledger/callers.ts';
import { listLimits } from '../limits/read.ts';
import { ApiKey } from './api-key.ts';
import { Budget } from './budget.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { Limit } from './limit.ts';
import { findNamed } from './model-lifecycle.ts';
import { Model } from './model.ts';
import { Money, toMoney } from './money.ts';
import { Operation } from './operation.ts';
import { PriceUnit } from './price.ts';
import { RouteEdit } from './route-change.ts';
import { originOf, RouteExpectationInput } from './route-set.ts';
import { Team } from './team.ts';

/** Callers are looked for in this time, unless said otherwise. */
const LOOKED_BACK_MS = 30 * 86_400_000;

interface Replacement extends Replaced {
  from: string;
  to: string;
  applied: boolean;
  callers: ModelCaller[];
  limits: LimitRow[];
  operations: RegisteredOperation[];
  prices: PriceDifference[];
  warnings: string[];
}

const ModelCallerType = builder.objectRef<ModelCaller>('ModelCaller').implement({
  description: 'Who had a model answer, or asked for it.',
  fields: (t) => ({
    team: t.field({
      type: Team,
      nullable: true,
      resolve: ({ teamId }, _args, { loaders }) => loaders.team.load(teamId),
    }),
    key: t.node({
      description: 'The key or user.',
      id: ({ keyId }) => keyId,
    }),
    requests: t.exposeInt('requests'),
    direct: t.exposeInt('direct', {
      description: 'How many of them named the model itself. Only whoever asks can change that.',
    }),
    lastAt: t.field({ type: 'DateTime', resolve: ({ lastAt }) => lastAt }),
  }),
});

const ModelPriceDifference = builder.objectRef<PriceDifference>('ModelPriceDifference').implement({
  description: 'What one unit costs of either model, for the first tokens of a prompt.',
  fields: (t) => ({
    unit: t.field({ type: PriceUnit, resolve: ({ unit }) => unit }),
    before: t.field({ type: Money, nullable: true, resolve: ({ before }) => toMoney(before) }),
    after: t.field({ type: Money, nullable: true, resolve: ({ after }) => toMoney(after) }),
  }),
});

const ModelReplacement = builder.objectRef<Replacement>('ModelReplacement').implement({
  description:
    'What is changed to put one model into the place of another, who still calls it, and what may go wrong.',
  fields: (t) => ({
    from: t.field({ type: Model, resolve: ({ from }, _args, context) => findNamed(context, from) }),
    to: t.field({ type: Model, resolve: ({ to }, _args, context) => findNamed(context, to) }),
    applied: t.exposeBoolean('applied', { description: 'False of a dry run.' }),
    routes: t.field({
      type: [RouteEdit],
      description: 'Those that lead to it; each gets a version.',
      resolve: ({ routes }) => routes,
    }),
    aliases: t.stringList({
      description: 'Those of the organisation’s own that lead to it.',
      resolve: ({ aliases }) => aliases,
    }),
    budgets: t.field({
      type: [Budget],
      description: 'Those that go to it when they are used up, as they are to be.',
      resolve: ({ budgets }) => budgets,
    }),
    keys: t.field({
      type: [ApiKey],
      description: 'Those that list it, and may use the other one too from then on.',
      resolve: async ({ keyIds }, _args, { loaders }) => {
        const keys = await Promise.all(keyIds.map((id) => loaders.key.load(id)));
        return keys.filter((key) => key !== null && key !== undefined);
      },
    }),
    callers: t.field({
      type: [ModelCallerType],
      description: 'Since `since`, at most 1000, who asks most first.',
      resolve: ({ callers }) => callers,
    }),
    limits: t.field({
      type: [Limit],
      description: 'Those set on it. They stay as they are.',
      resolve: ({ limits }) => limits,
    }),
    operations: t.field({
      type: [Operation],
      description: 'Trusted operations whose policy lists it. They stay as they are: register them anew.',
      resolve: ({ operations }) => operations,
    }),
    prices: t.field({
      type: [ModelPriceDifference],
      description: 'What costs something else; empty where neither price is known.',
      resolve: ({ prices }) => prices,
    }),
    warnings: t.stringList({ resolve: ({ warnings }) => warnings }),
  }),
});

const ModelReplaceInput = builder.inputType('ModelReplaceInput', {
  fields: (t) => ({
    from: t.string({ required: true, description: '`provider/model`; also one that is not there any more.' }),
    to: t.string({ required: true, description: '`provider/model`.' }),
    since: t.field({ type: 'DateTime', description: 'Callers are told since then; 30 days unless given.' }),
    expect: t.field({
      type: [RouteExpectationInput],
      description: 'Versions that routes have to have now; with another one nothing is changed (`CONFLICT`).',
    }),
    dryRun: t.boolean({ defaultValue: true, description: 'Tells what would be done, and changes nothing.' }),
  }),
});

const ModelReplacePayload = builder
  .objectRef<Payload<{ replacement: Replacement }>>('ModelReplacePayload')
  .implement({
    fields: (t) => ({
      replacement: t.field({
        type: ModelReplacement,
        nullable: true,
        resolve: ({ replacement }) => replacement,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationField('modelReplace', (t) =>
  t.field({
    type: ModelReplacePayload,
    description: `Puts a model into the place of another one wherever the organisation names it, all of it or nothing: in targets of
routes, in its aliases, as the fallback of budgets, and beside it in the models of keys. Tells who still calls the old one.`,
    args: { input: t.arg({ type: ModelReplaceInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { from, to, since, expect = [], dryRun = true } = withoutNull(input);
        const { gateway, who } = context;
        const expectedVersions = new Map(expect.map(({ name, version }) => [name, version]));
        const wanted = { from, to, expectedVersions, dryRun };
        const replaced = await replaceModel(gateway.replacing, who, wanted, originOf(context));
        const after = since ?? new Date(Date.now() - LOOKED_BACK_MS);
        return { replacement: await describe(context, replaced, { from, to, dryRun, after }) };
      }),
  }),
);

async function describe(
  { gateway, who }: GraphContext,
  replaced: Replaced,
  { from, to, dryRun, after }: { from: string; to: string; dryRun: boolean; after: Date },
): Promise<Replacement> {
  const { database, catalog, modelSetting, book } = gateway;
  const { organisationId } = who;
  const at = new Date();
  const [old, next] = [catalog.findModel(from), catalog.findModel(to)!];
  const priceOf = (model: typeof old) => model && catalog.priceFor(model, organisationId, at);
  const aliases = modelSetting.book.listAliases(organisationId);
  const ofConfig = aliases.filter(({ model, isOwn }) => model === from && !isOwn);
  const operations = await listOperationsOf(database.db, organisationId);
  return {
    ...replaced,
    from,
    to,
    applied: !dryRun,
    callers: await listCallersOf(database.sql, organisationId, from, after),
    limits: listLimits(book, who, { scope: ['MODEL'], subjectId: from }),
    operations: operations.filter(({ policy }) => policy.models.includes(from)),
    prices: comparePrices(priceOf(old), priceOf(next)),
    warnings: [
      ...listLosses(old, next),
      ...[warnOf(modelSetting.book.standingOf(next, organisationId, at))].filter(
        (text) => text !== undefined,
      ),
      ...(gateway.askFirst.has(organisationId, to) ? [`${to} takes an approval`] : []),
      ...ofConfig.map(({ alias }) => `the alias ${alias} of the configuration leads to ${from}`),
    ],
  };
}
