import {
  ROUTE_DEFAULTS,
  SHADOW_DEFAULTS,
  TARGET_DEFAULTS,
  type Route as RouteRow,
  type RouteSpec,
  type RouteTarget as TargetRow,
} from '../domain/route.ts';
import type { Gateway } from '../gateway.ts';
import { changeRoutes, deleteRoute, restoreRoute, setRoute } from '../routing/change.ts';
import type { RouteEdit as EditRow } from '../routing/edit.ts';
import { DeletePayload } from './budget-set.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull, type WithoutNull } from './inputs.ts';
import { RouteEdit } from './route-change.ts';
import {
  RouteCutAction,
  RouteFallbackReason,
  RouteStickyKey,
  RouteStrategy,
  SETTINGS,
} from './route-settings.ts';
import { RouteCanaryInput, RouteExperimentInput, toCanary, toExperiment } from './route-trial-settings.ts';
import { Route } from './route.ts';

const EXPECTED =
  'The version that the route has to have now, 0 for none; with another one nothing is changed (`CONFLICT`).';
const ofConfig = 'As the config says, unless given.';

const RouteTargetInput = builder.inputType('RouteTargetInput', {
  fields: (t) => ({
    model: t.string({ required: true, description: '`provider/model`, or the name of another route.' }),
    weight: t.int({ defaultValue: TARGET_DEFAULTS.weight, description: SETTINGS.weight }),
    condition: t.string({ description: SETTINGS.condition }),
    connectMs: t.int({ description: `${SETTINGS.connectMs} ${ofConfig}` }),
    firstTokenMs: t.int({ description: `${SETTINGS.firstTokenMs} ${ofConfig}` }),
    idleMs: t.int({ description: `${SETTINGS.idleMs} ${ofConfig}` }),
    timeoutMs: t.int({ description: `${SETTINGS.timeoutMs} ${ofConfig}` }),
    retries: t.int({ defaultValue: TARGET_DEFAULTS.retries, description: SETTINGS.retries }),
    upTo: t.float({ description: SETTINGS.upTo }),
  }),
});

const RouteShadowInput = builder.inputType('RouteShadowInput', {
  fields: (t) => ({
    model: t.string({ required: true, description: '`provider/model`, or the name of another route.' }),
    percent: t.float({ required: true, description: SETTINGS.percent }),
    maxConcurrent: t.int({
      defaultValue: SHADOW_DEFAULTS.maxConcurrent,
      description: SETTINGS.maxConcurrent,
    }),
  }),
});

export const RouteSetInput = builder.inputType('RouteSetInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Without a slash.' }),
    strategy: t.field({ type: RouteStrategy, required: true }),
    targets: t.field({ type: [RouteTargetInput], required: true }),
    stickyBy: t.field({
      type: RouteStickyKey,
      defaultValue: ROUTE_DEFAULTS.stickyBy,
      description: SETTINGS.stickyBy,
    }),
    onCut: t.field({ type: RouteCutAction, defaultValue: ROUTE_DEFAULTS.onCut }),
    fallbackOn: t.field({
      type: [RouteFallbackReason],
      defaultValue: ROUTE_DEFAULTS.fallbackOn,
      description: SETTINGS.fallbackOn,
    }),
    repairs: t.int({ defaultValue: ROUTE_DEFAULTS.repairs, description: SETTINGS.repairs }),
    hedgePercentile: t.float({ description: SETTINGS.hedgePercentile }),
    shadow: t.field({ type: RouteShadowInput, description: SETTINGS.shadow }),
    probeSeconds: t.int({ description: SETTINGS.probeSeconds }),
    canary: t.field({
      type: RouteCanaryInput,
      description: 'A model that is to take over, little by little. Not beside an experiment.',
    }),
    experiment: t.field({ type: RouteExperimentInput, description: 'Models that are compared.' }),
    note: t.string({ description: 'What this version is for, in at most 1000 characters.' }),
  }),
});

export const RouteExpectationInput = builder.inputType('RouteExpectationInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    version: t.int({ required: true, description: '0: that there is none.' }),
  }),
});

const RoutesApplyInput = builder.inputType('RoutesApplyInput', {
  fields: (t) => ({
    routes: t.field({ type: [RouteSetInput], required: true, description: 'They may name each other.' }),
    delete: t.stringList({ description: 'Names of routes that are to be gone.' }),
    expect: t.field({ type: [RouteExpectationInput], description: EXPECTED }),
    dryRun: t.boolean({
      defaultValue: false,
      description: 'Tells what would be done, or what is wrong with it, and changes nothing.',
    }),
  }),
});

export const RoutePayload = builder
  .objectRef<Payload<{ route: RouteRow | undefined }>>('RoutePayload')
  .implement({
    fields: (t) => ({
      route: t.field({ type: Route, nullable: true, resolve: ({ route }) => route }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

const RoutesApplyPayload = builder.objectRef<Payload<{ edits: EditRow[] }>>('RoutesApplyPayload').implement({
  fields: (t) => ({
    edits: t.field({ type: [RouteEdit], nullable: true, resolve: ({ edits }) => edits }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationFields((t) => ({
  routeSet: t.field({
    type: RoutePayload,
    description: `Sets a route, whether or not there was one: what is not given gets its default. It is checked as a whole, with the
routes that it names. What it says already makes no version. Completions that have begun keep the version they began with.`,
    args: {
      input: t.arg({ type: RouteSetInput, required: true }),
      expectedVersion: t.arg.int({ description: EXPECTED }),
    },
    resolve: (_root, { input, expectedVersion }, context) =>
      payload(async () => {
        const wanted = {
          ...toWanted(withoutNull(input), ['input']),
          expectedVersion: expectedVersion ?? undefined,
        };
        return found(context, await setRoute(routesOf(context), context.who, wanted, originOf(context)));
      }),
  }),
  routeRestore: t.field({
    type: RoutePayload,
    description: 'Makes what a version said a new version; also of a route that was deleted.',
    args: {
      name: t.arg.string({ required: true }),
      version: t.arg.int({ required: true }),
      expectedVersion: t.arg.int({ description: EXPECTED }),
    },
    resolve: (_root, { name, version, expectedVersion }, context) =>
      payload(async () => {
        const wanted = { name, version, expectedVersion: expectedVersion ?? undefined };
        return found(context, await restoreRoute(routesOf(context), context.who, wanted, originOf(context)));
      }),
  }),
  routeDelete: t.field({
    type: DeletePayload,
    description: 'From now on nobody finds it. Its versions are kept. Not while another route names it.',
    args: {
      name: t.arg.string({ required: true }),
      expectedVersion: t.arg.int({ description: EXPECTED }),
    },
    resolve: (_root, { name, expectedVersion }, context) =>
      payload(async () => {
        const wanted = { name, expectedVersion: expectedVersion ?? undefined };
        const deletedId = await deleteRoute(routesOf(context), context.who, wanted, originOf(context));
        return { deletedId };
      }),
  }),
  routesApply: t.field({
    type: RoutesApplyPayload,
    description: 'Sets and deletes several routes, all or none, checked together.',
    args: { input: t.arg({ type: RoutesApplyInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { routes, delete: remove = [], expect = [], dryRun = false } = withoutNull(input);
        const set = routes.map((route, index) => toWanted(route, ['input', 'routes', String(index)]));
        const expectedVersions = new Map(expect.map(({ name, version }) => [name, version]));
        const wanted = { set, remove, expectedVersions, dryRun };
        return { edits: await changeRoutes(routesOf(context), context.who, wanted, originOf(context)) };
      }),
  }),
}));

export function toWanted(
  { note, ...route }: WithoutNull<typeof RouteSetInput.$inferInput>,
  path: string[],
): { spec: RouteSpec; note: string | undefined; path: string[] } {
  const { targets, hedgePercentile, shadow, probeSeconds, canary, experiment, ...rest } = route;
  const spec = {
    ...ROUTE_DEFAULTS,
    ...rest,
    hedgePercentile,
    shadow: shadow && { ...SHADOW_DEFAULTS, ...shadow },
    probeSeconds,
    targets: targets.map(toTarget),
    canary: canary && toCanary(canary),
    experiment: experiment && toExperiment(experiment),
  };
  return { spec, note, path };
}

function toTarget(target: WithoutNull<typeof RouteTargetInput.$inferInput>): TargetRow {
  const { model, condition, upTo, weight, retries, ...timeouts } = { ...TARGET_DEFAULTS, ...target };
  const { connectMs, firstTokenMs, idleMs, timeoutMs: totalMs } = timeouts;
  return {
    model,
    weight,
    condition,
    timeouts: { connectMs, firstTokenMs, idleMs, totalMs },
    retries,
    upTo,
  };
}

function routesOf({ gateway }: GraphContext): Gateway['routes'] {
  return gateway.routes;
}

export function originOf({ requestId, ip }: GraphContext) {
  return { requestId, ip };
}

export function found({ gateway, who }: GraphContext, name: string): { route: RouteRow | undefined } {
  return { route: gateway.routes.book.find(who.organisationId, name) };
}
