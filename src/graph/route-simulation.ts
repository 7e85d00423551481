import { SIMULATION_MAX, type Simulation } from '../completion/simulate.ts';
import type { RefusalReason } from '../routing/simulation/replay.ts';
import type { ModelShare as ShareRow, SimulatedSide } from '../routing/simulation/tally.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { DateTimeRange, withoutNull } from './inputs.ts';
import { Money } from './money.ts';
import { originOf, RouteSetInput, toWanted } from './route-set.ts';

const SIMULATION_COST = 100;
const DEFAULT_LIMIT = 1_000;

const SimulateRouteInput = builder.inputType('SimulateRouteInput', {
  fields: (t) => ({
    draft: t.field({
      type: RouteSetInput,
      required: true,
      description: 'Checked as `routeSet` does. Its `note` means nothing.',
    }),
    range: t.field({
      type: DateTimeRange,
      required: true,
      description: `By settlement; at most ${SIMULATION_MAX.days} days.`,
    }),
    of: t.stringList({
      description: 'Names of routes and models whose requests are replayed; that of the draft, unless given.',
    }),
    limit: t.int({
      defaultValue: DEFAULT_LIMIT,
      description: `So many requests are replayed at most, taken evenly from the range; at most ${SIMULATION_MAX.requests}.`,
    }),
  }),
});

const ModelShare = builder.objectRef<ShareRow>('SimulatedShare').implement({
  description: 'What of the requests comes to one model.',
  fields: (t) => ({
    name: t.string({ description: '`provider/model`.', resolve: ({ model }) => model }),
    requests: t.exposeInt('requests'),
    share: t.exposeFloat('share', {
      description: 'From 0 to 1, of the requests that a model was asked for.',
    }),
    cost: t.field({ type: Money, resolve: ({ costNanos }) => ({ nanos: costNanos }) }),
  }),
});

const Side = builder.objectRef<SimulatedSide>('SimulatedRequests').implement({
  description: 'What became, or would become, of the requests.',
  fields: (t) => ({
    requests: t.exposeInt('requests'),
    cost: t.field({
      type: Money,
      description: 'Of those whose cost is known.',
      resolve: ({ costNanos }) => ({ nanos: costNanos }),
    }),
    unpriced: t.exposeInt('unpriced', { description: 'Requests whose cost is not known.' }),
    latencyP50Ms: t.int({
      nullable: true,
      description: 'Time to the whole answer, of those that were answered; null where it is known of none.',
      resolve: ({ latencyP50Ms }) => latencyP50Ms,
    }),
    latencyP95Ms: t.int({ nullable: true, resolve: ({ latencyP95Ms }) => latencyP95Ms }),
    untimed: t.exposeInt('untimed', {
      description: 'Answered requests of which nobody knows how long it takes.',
    }),
    failures: t.exposeInt('failures', { description: 'Requests that no model answers that was asked.' }),
    refusals: t.exposeInt('refusals', {
      description:
        'Requests that no model is left for. What was refused in reality left no record, so the baseline has none.',
    }),
    shares: t.field({
      type: [ModelShare],
      description: 'By the model that was asked last. Most requests first.',
      resolve: ({ shares }) => shares,
    }),
  }),
});

const Change = builder.objectRef<Simulation>('SimulatedChange').implement({
  description: 'The draft less the baseline: below zero is less.',
  fields: (t) => ({
    cost: t.field({
      type: Money,
      resolve: ({ draft, baseline }) => ({ nanos: draft.costNanos - baseline.costNanos }),
    }),
    costRatio: t.float({
      nullable: true,
      description: 'Cost of the draft to that of the baseline; null where that is nothing.',
      resolve: ({ draft, baseline }) =>
        baseline.costNanos === 0n ? null : Number(draft.costNanos) / Number(baseline.costNanos),
    }),
    latencyP50Ms: t.int({
      nullable: true,
      resolve: ({ draft, baseline }) => less(draft.latencyP50Ms, baseline.latencyP50Ms),
    }),
    latencyP95Ms: t.int({
      nullable: true,
      resolve: ({ draft, baseline }) => less(draft.latencyP95Ms, baseline.latencyP95Ms),
    }),
    failures: t.int({ resolve: ({ draft, baseline }) => draft.failures - baseline.failures }),
    refusals: t.int({ resolve: ({ draft, baseline }) => draft.refusals - baseline.refusals }),
  }),
});

const SimulatedRefusalReason = builder.objectRef<RefusalReason>('SimulatedRefusalReason').implement({
  description: 'Why a model was not left for requests that the draft refuses.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: 'For instance CAPABILITY, CONTEXT, CONDITION, REGION or APPROVAL. New ones may appear.',
    }),
    name: t.string({
      description: 'Of the model; of a route that could not be followed, its own.',
      resolve: ({ model }) => model,
    }),
    requests: t.exposeInt('requests'),
  }),
});

const RouteSimulation = builder.objectRef<Simulation>('RouteSimulation').implement({
  description:
    'How a draft of a route would have decided on requests that are over, and what that would have come to.',
  fields: (t) => ({
    requests: t.exposeInt('requests', { description: 'That there are in the range.' }),
    sampled: t.exposeInt('sampled', { description: 'Those of them that were replayed.' }),
    baseline: t.field({
      type: Side,
      description: 'What really became of these.',
      resolve: ({ baseline }) => baseline,
    }),
    draft: t.field({ type: Side, description: 'What would become of them.', resolve: ({ draft }) => draft }),
    change: t.field({ type: Change, resolve: (simulation) => simulation }),
    refusalReasons: t.field({
      type: [SimulatedRefusalReason],
      description: 'The most frequent first. A request counts for each model that was none for it.',
      resolve: ({ refusalReasons }) => refusalReasons,
    }),
    notes: t.stringList({ description: 'What was assumed, for people.', resolve: ({ notes }) => notes }),
  }),
});

const RouteSimulationPayload = builder
  .objectRef<Payload<{ simulation: Simulation }>>('RouteSimulationPayload')
  .implement({
    fields: (t) => ({
      simulation: t.field({
        type: RouteSimulation,
        nullable: true,
        resolve: ({ simulation }) => simulation,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.queryField('simulateRoute', (t) =>
  t.field({
    type: RouteSimulationPayload,
    complexity: SIMULATION_COST,
    description: `Replays recorded requests against a draft of a route. Nothing is called and nothing is changed. Those are
replayed that the viewer may see: an admin all of the organisation, others those of their team.`,
    args: { input: t.arg({ type: SimulateRouteInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { draft, range, of, limit = DEFAULT_LIMIT } = withoutNull(input);
        const ask = {
          draft: toWanted(draft, ['input', 'draft']),
          range: { from: range.from, to: range.to },
          of,
          limit,
        };
        const { gateway, who, signal } = context;
        return { simulation: await gateway.simulate(who, ask, originOf(context), signal) };
      }),
  }),
);

function less(draft: number | undefined, baseline: number | undefined): number | null {
  return draft === undefined || baseline === undefined ? null : draft - baseline;
}
