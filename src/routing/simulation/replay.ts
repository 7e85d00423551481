import type { MeasuredModel, RecordedRequest } from '../../domain/recorded-request.ts';
import type { Conditions } from '../conditions.ts';
import { createArms } from '../arms.ts';
import { createMeasures, type Measures } from '../measures.ts';
import { approvalObstacle, type Obstacle } from '../obstacles.ts';
import { listTried, planRoute, type Candidate, type PlanDeps, type PlannedRoute } from '../plan.ts';
import { fromRecord } from '../recorded-facts.ts';
import type { RoutingRequest } from '../request.ts';
import { createTally, type End, type SimulatedSide } from './tally.ts';
import { createTimeline, type Timeline } from './timeline.ts';
import { sumCosts, walk, type Expectations, type Step } from './walk.ts';

/** The world in which a draft is tried. */
export interface ReplayWorld extends Expectations, Pick<PlanDeps, 'nameNow' | 'findDenial'> {
  draft: PlannedRoute;
  /** The routes as they would be with the draft, itself among them. */
  findRoute(name: string): PlannedRoute | undefined;
  conditions: Conditions;
  /** The organisation wants to be asked before this model is used. */
  takesApproval(model: string): boolean;
}

/** For how many requests a model was none that could answer. */
export interface RefusalReason {
  code: Obstacle['code'];
  model: string;
  requests: number;
}

export interface Replayed {
  baseline: SimulatedSide;
  draft: SimulatedSide;
  refusalReasons: RefusalReason[];
}

/** Tries a draft on one recorded request after the other. */
export interface Replay {
  /** Requests come in the order of their time. */
  take(request: RecordedRequest): void;
  result(): Replayed;
}

/** Where nobody knows how long a call takes it counts as under way for so long. */
const ASSUMED_MS = 1_000;
/** Whose measures they are means nothing here. */
const OURS = '';
const REASONS_MAX = 50;

/** What is measured, learned and counted while it goes on is by the parts that do it for real, in the time of the records. */
export function createReplay(world: ReplayWorld): Replay {
  const timeline = createTimeline();
  const measures = createMeasures(
    { monotonicMs: timeline.nowMs },
    createArms((_organisationId, route) => ({ routeId: route, learning: 0 })),
  );
  seedHabits(measures, world.measured);
  const deps: PlanDeps = { ...world, signals: measures.signalsFor(OURS, world.costOf) };
  const fallbackOn = new Set(world.draft.fallbackOn);
  const baseline = createTally();
  const draft = createTally();
  const reasons = new Map<string, RefusalReason>();

  return {
    take(request) {
      timeline.advance(request.at.getTime());
      baseline.add(endOfRecord(request));
      const findDenial = (model: string) => denialFor(world, request, model);
      const { candidates } = planRoute({ ...deps, findDenial }, toRoutingRequest(world, request));
      const steps = walk(listTried(candidates), request, fallbackOn, world);
      draft.add(endOf(steps, request));
      if (steps.length === 0) countReasons(reasons, candidates);
      schedule(timeline, measures, steps);
    },
    result: () => ({
      baseline: baseline.side(),
      draft: draft.side(),
      refusalReasons: [...reasons.values()].toSorted((a, b) => b.requests - a.requests).slice(0, REASONS_MAX),
    }),
  };
}

function seedHabits(measures: Measures, measured: ReadonlyMap<string, MeasuredModel>): void {
  for (const [model, { usage: usual }] of measured) {
    const usage = usual && { ...usual, output: 0, reasoning: 0, source: 'REPORTED' as const };
    const observation = { succeeded: true, costNanos: undefined, latencyMs: undefined, usage };
    measures.observe(OURS, { model, path: [] }, observation);
  }
}

function toRoutingRequest(
  { draft, likelyOutputTokens }: ReplayWorld,
  { at, teamId, tags, endUserId, facts, allowedRegions }: RecordedRequest,
): RoutingRequest {
  return {
    ask: fromRecord(facts, { model: draft.name, tags, endUserId }),
    team: teamId,
    region: facts.r,
    allowedRegions,
    inputTokens: facts.t,
    outputTokens: facts.m ?? likelyOutputTokens,
    budgetUsed: 0,
    flags: {},
    at,
  };
}

/** Whoever was answered by a model that takes an approval had one. */
function denialFor(
  { takesApproval, findDenial }: ReplayWorld,
  { attempts }: RecordedRequest,
  name: string,
): Obstacle | undefined {
  const isApproved = attempts.some(({ model }) => model === name) || !takesApproval(name);
  return isApproved ? findDenial?.(name) : approvalObstacle(name);
}

function endOfRecord(request: RecordedRequest): End {
  const { attempts, status } = request;
  return {
    kind: status === 'FAILED' ? 'FAILED' : 'ANSWERED',
    model: attempts.at(-1)!.model,
    costNanos: sumCosts(attempts),
    latencyMs: attempts.reduce((sum, { latencyMs }) => sum + latencyMs, 0),
    isTimed: status === 'SUCCEEDED',
  };
}

function endOf(steps: readonly Step[], { status }: RecordedRequest): End {
  const last = steps.at(-1);
  const latencies = steps.map(({ latencyMs }) => latencyMs);
  return {
    kind: !last ? 'REFUSED' : last.succeeded ? 'ANSWERED' : 'FAILED',
    model: last?.candidate.model,
    costNanos: sumCosts(steps),
    latencyMs: latencies.reduce(
      (sum, ms) => (sum === undefined || ms === undefined ? undefined : sum + ms),
      0,
    ),
    isTimed: last?.succeeded === true && (status === 'SUCCEEDED' || status === 'FAILED'),
  };
}

function countReasons(reasons: Map<string, RefusalReason>, candidates: readonly Candidate[]): void {
  for (const { model, skippedBecause } of candidates) {
    if (!skippedBecause) continue;
    const { code } = skippedBecause;
    const key = `${code} ${model}`;
    reasons.set(key, { code, model, requests: (reasons.get(key)?.requests ?? 0) + 1 });
  }
}

/** The calls begin and end in the time of the records, so that others meet them under way. */
function schedule(timeline: Timeline, measures: Measures, steps: readonly Step[]): void {
  let atMs = timeline.nowMs();
  for (const step of steps) {
    let isCounted = false;
    timeline.at(atMs, () => (isCounted = measures.health.begin(step.candidate.model)));
    atMs += step.latencyMs ?? ASSUMED_MS;
    timeline.at(atMs, () => end(measures, step, isCounted));
  }
  timeline.advance(timeline.nowMs());
}

function end(measures: Measures, step: Step, isCounted: boolean): void {
  const { candidate, succeeded, costNanos, usage, firstTokenMs } = step;
  const { health } = measures;
  const kind = succeeded ? 'OK' : 'FAILED';
  if (isCounted) health.end(candidate.model, { kind, latencyMs: firstTokenMs, retryAfterMs: undefined });
  measures.observe(OURS, candidate, {
    succeeded,
    costNanos: costNanos === undefined ? undefined : Number(costNanos),
    latencyMs: firstTokenMs,
    usage,
  });
}
