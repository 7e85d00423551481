import { formerModel, Model } from './model.ts';
import {
  CUT_ACTIONS,
  FALLBACK_REASONS,
  isRouteName,
  ROUTE_STRATEGIES,
  STICKY_KEYS,
  type RouteShadow as ShadowRow,
  type RouteSpec,
  type RouteTarget as TargetRow,
} from '../domain/route.ts';
import { builder } from './builder.ts';

export const RouteStrategy = builder.enumType('RouteStrategy', {
  description: `How a route chooses the order in which its targets are tried. PRIORITY: as they are listed. WEIGHTED: by lot.
STICKY: the same for the same \`stickyBy\`. BY_COMPLEXITY: the first whose \`upTo\` reaches how demanding a request is.
LEARNED: by what has turned out well.`,
  values: ROUTE_STRATEGIES,
});
export const RouteStickyKey = builder.enumType('RouteStickyKey', {
  description: 'CONVERSATION: everything that begins with the same messages.',
  values: STICKY_KEYS,
});
export const RouteCutAction = builder.enumType('RouteCutAction', {
  description: `What follows when a provider’s stream breaks off after its first words: the completion fails, begins again at the
next target after a \`CompletionReset\`, or the next target that can goes on from the text so far; where none can it fails.`,
  values: CUT_ACTIONS,
});
export const RouteFallbackReason = builder.enumType('RouteFallbackReason', {
  description: 'Why the next target is tried.',
  values: FALLBACK_REASONS,
});

export const SETTINGS = {
  weight: 'For WEIGHTED: its share among all weights. 0: only when the others fail.',
  condition:
    'CEL, such as `tags.tier == "free" && estimatedTokens < 2000`: when the target is considered. Always, unless given.',
  connectMs: 'Until the provider has begun to answer.',
  firstTokenMs: 'Until its first word.',
  idleMs: 'Between two of them.',
  timeoutMs: 'For the whole answer.',
  retries: 'How often the same target is tried again before the next one.',
  upTo: 'For BY_COMPLEXITY: the highest score, from 0 to 1, of requests that it is meant for; all, unless given.',
  stickyBy: 'For STICKY.',
  fallbackOn: 'All other reasons end the completion.',
  repairs: 'How often a model is shown its own answer that does not meet the JSON Schema, and asked again.',
  hedgePercentile:
    'When nothing has come after this percentile of its usual time, the next target is asked too; never, unless given.',
  shadow:
    'Where copies of what is asked of this route go, for comparing. Callers neither wait for them nor see them, and what they cost is booked apart.',
  percent: 'How many of 100 completions are copied; more than 0.',
  maxConcurrent: 'Copies that each instance has under way at a time; what comes beyond is not copied.',
  probeSeconds: `How many seconds the models of this route may go without a call, before the gateway asks them for a few tokens to see
whether they answer; from 10 to 86400. Never, unless given.`,
};
const ofConfig = 'Null: as the config says.';

/** Written here and not where routes are: a target may be one. */
export const RouteTarget = builder.objectRef<TargetRow>('RouteTarget').implement({
  description: 'One way that a route may go.',
  fields: (t) => ({
    name: t.string({
      description: 'Of a model, `provider/model`, or of another route.',
      resolve: ({ model }) => model,
    }),
    model: t.field({
      type: Model,
      nullable: true,
      description: 'Null where the target is a route.',
      resolve: ({ model: name }, _args, { gateway }) => {
        if (isRouteName(name)) return null;
        return gateway.catalog.findModel(name) ?? formerModel(name, name.slice(0, name.indexOf('/')));
      },
    }),
    weight: t.exposeInt('weight', { description: SETTINGS.weight }),
    condition: t.string({
      nullable: true,
      description: SETTINGS.condition,
      resolve: ({ condition }) => condition,
    }),
    connectMs: t.int({
      nullable: true,
      description: `${SETTINGS.connectMs} ${ofConfig}`,
      resolve: ({ timeouts }) => timeouts.connectMs,
    }),
    firstTokenMs: t.int({
      nullable: true,
      description: `${SETTINGS.firstTokenMs} ${ofConfig}`,
      resolve: ({ timeouts }) => timeouts.firstTokenMs,
    }),
    idleMs: t.int({
      nullable: true,
      description: `${SETTINGS.idleMs} ${ofConfig}`,
      resolve: ({ timeouts }) => timeouts.idleMs,
    }),
    timeoutMs: t.int({
      nullable: true,
      description: `${SETTINGS.timeoutMs} ${ofConfig}`,
      resolve: ({ timeouts }) => timeouts.totalMs,
    }),
    retries: t.exposeInt('retries', { description: SETTINGS.retries }),
    upTo: t.float({ nullable: true, description: SETTINGS.upTo, resolve: ({ upTo }) => upTo }),
  }),
});

const RouteShadow = builder.objectRef<ShadowRow>('RouteShadow').implement({
  description: 'Where copies of what callers ask for go.',
  fields: (t) => ({
    name: t.string({
      description: 'Of a model, `provider/model`, or of another route.',
      resolve: ({ model }) => model,
    }),
    percent: t.exposeFloat('percent', { description: SETTINGS.percent }),
    maxConcurrent: t.exposeInt('maxConcurrent', { description: SETTINGS.maxConcurrent }),
  }),
});

/** What a route says, now or in one of its versions. */
export const RouteSettings = builder.interfaceRef<RouteSpec>('RouteSettings').implement({
  description: 'What a route says, now or in one of its versions.',
  fields: (t) => ({
    strategy: t.field({ type: RouteStrategy, resolve: ({ strategy }) => strategy }),
    targets: t.field({ type: [RouteTarget], resolve: ({ targets }) => targets }),
    stickyBy: t.field({
      type: RouteStickyKey,
      description: SETTINGS.stickyBy,
      resolve: ({ stickyBy }) => stickyBy,
    }),
    onCut: t.field({ type: RouteCutAction, resolve: ({ onCut }) => onCut }),
    fallbackOn: t.field({
      type: [RouteFallbackReason],
      description: SETTINGS.fallbackOn,
      resolve: ({ fallbackOn }) => fallbackOn,
    }),
    repairs: t.exposeInt('repairs', { description: SETTINGS.repairs }),
    hedgePercentile: t.float({
      nullable: true,
      description: SETTINGS.hedgePercentile,
      resolve: ({ hedgePercentile }) => hedgePercentile,
    }),
    shadow: t.field({
      type: RouteShadow,
      nullable: true,
      description: SETTINGS.shadow,
      resolve: ({ shadow }) => shadow,
    }),
    probeSeconds: t.int({
      nullable: true,
      description: SETTINGS.probeSeconds,
      resolve: ({ probeSeconds }) => probeSeconds,
    }),
  }),
});
