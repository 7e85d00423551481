import { setImmediate } from 'node:timers/promises';
import type { Sql } from 'postgres';
import type { AskFirst } from '../access/ask-first.ts';
import { visibilityOf } from '../db/visibility.ts';
import { Conflict, InvalidInput } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { RecordedRequest } from '../domain/recorded-request.ts';
import { isRouteName, type RouteSpec } from '../domain/route.ts';
import {
  measureModels,
  readRecorded,
  readWithin,
  sampleRecorded,
  type RecordedRange,
} from '../ledger/recorded.ts';
import type { Clock } from '../lib/clock.ts';
import { createSeededRandom } from '../lib/seeded-random.ts';
import { changeRoutes, type RouteStore } from '../routing/change.ts';
import type { Conditions } from '../routing/conditions.ts';
import type { WantedRoute } from '../routing/decide.ts';
import type { PlannedRoute } from '../routing/plan.ts';
import { listReached } from '../routing/reach.ts';
import { listNotes } from '../routing/simulation/notes.ts';
import { createReplay, type Replay, type Replayed, type ReplayWorld } from '../routing/simulation/replay.ts';
import { goalsOf, isSameTrial } from '../routing/trial-spec.ts';
import { findSunset } from './names-now.ts';
import { LIKELY_OUTPUT_TOKENS, type Pricing } from './plan.ts';

export const SIMULATION_MAX = { requests: 10_000, days: 31, names: 100 };
const AT_ONCE_MAX = 2;
const PAGE = 500;
/** The other work of the process waits no longer for it. */
const SLICE_MS = 10;
const READ_WITHIN_MS = 10_000;
const DAY_MS = 86_400_000;
const STATEMENT_TOOK_TOO_LONG = '57014';

export interface SimulateDeps {
  routes: RouteStore;
  sql: Sql;
  conditions: Conditions;
  pricing: Pricing;
  askFirst: Pick<AskFirst, 'has'>;
  clock: Pick<Clock, 'now'>;
}

/** Which draft is tried, and on what. */
export interface SimulationAsk {
  draft: WantedRoute;
  /** By settlement. */
  range: { from: Date; to: Date | undefined };
  /** Names of routes and models that were asked for; undefined: the name of the draft. */
  of: readonly string[] | undefined;
  /** So many requests are replayed at most, taken evenly from the range. */
  limit: number;
}

export interface Simulation extends Replayed {
  /** That there are in the range. */
  requests: number;
  /** Those of them that were replayed. */
  sampled: number;
  /** What was assumed. */
  notes: string[];
}

export type Simulate = (
  who: Principal,
  ask: SimulationAsk,
  by: Origin,
  signal: AbortSignal,
) => Promise<Simulation>;

/**
 * Tries drafts of routes on requests that are over. Nothing is changed, and nothing is called.
 * @throws InvalidInput for what `routeSet` would refuse too, for a range that cannot be read, and for a wrong limit; Conflict
 * where the organisation has others under way.
 */
export function createSimulate(deps: SimulateDeps): Simulate {
  const underWay = new Map<string, number>();
  return async (who, ask, by, signal) => {
    const { organisationId } = who;
    const others = underWay.get(organisationId) ?? 0;
    if (others >= AT_ONCE_MAX)
      throw new Conflict(
        `${others} simulations of the organisation are under way, as many as may be; wait for one of them`,
      );
    underWay.set(organisationId, others + 1);
    try {
      return await simulate(deps, who, ask, by, signal);
    } finally {
      const left = underWay.get(organisationId)! - 1;
      if (left > 0) underWay.set(organisationId, left);
      else underWay.delete(organisationId);
    }
  };
}

async function simulate(
  deps: SimulateDeps,
  who: Principal,
  ask: SimulationAsk,
  by: Origin,
  signal: AbortSignal,
): Promise<Simulation> {
  const { draft, of, limit } = ask;
  const range = toRange(deps, who, ask);
  await changeRoutes(
    deps.routes,
    who,
    { set: [draft], remove: [], expectedVersions: new Map(), dryRun: true },
    by,
  );
  signal.throwIfAborted();
  const findRoute = findWith(deps, who, draft.spec);
  const reached = listReached(findRoute(draft.spec.name)!, findRoute);
  const models = listModelsNow(deps, who, reached);
  const { sample, measured } = await inTime(() =>
    readWithin(deps.sql, READ_WITHIN_MS, async (tx) => ({
      sample: await sampleRecorded(tx, range, of ?? [draft.spec.name], limit),
      measured: await measureModels(tx, range, models),
    })),
  );
  const records = await readAll(deps.sql, sample.ids, signal);
  const replay = createReplay(worldOf(deps, who, { draft: draft.spec.name, findRoute, measured }));
  await replayAll(replay, records, signal);
  const replayed = replay.result();
  const counts = { requests: sample.requests, sampled: records.length };
  const notes = listNotes(reached, replayed, counts);
  return { ...replayed, ...counts, notes };
}

/** @throws InvalidInput with everything that is wrong with what is asked for beside the draft. */
function toRange(
  { clock }: SimulateDeps,
  who: Principal,
  { range: { from, to = clock.now() }, limit, of }: SimulationAsk,
): RecordedRange {
  const issues: [boolean, string[], string][] = [
    [to <= from, ['range', 'to'], `is ${to.toISOString()}, which is not after range.from`],
    [
      to.getTime() - from.getTime() > SIMULATION_MAX.days * DAY_MS,
      ['range'],
      `is longer than ${SIMULATION_MAX.days} days; ask for a shorter one`,
    ],
    [
      limit < 1 || limit > SIMULATION_MAX.requests,
      ['limit'],
      `is ${limit}; it must be from 1 to ${SIMULATION_MAX.requests}`,
    ],
    [of?.length === 0, ['of'], 'is empty; leave it out to take those who asked for the draft’s name'],
    [
      (of?.length ?? 0) > SIMULATION_MAX.names,
      ['of'],
      `holds ${of?.length} names; at most ${SIMULATION_MAX.names} are taken`,
    ],
  ];
  const wrong = issues.filter(([isWrong]) => isWrong);
  if (wrong.length > 0) throw new InvalidInput(wrong.map(([, path, message]) => issueAt(path, message)));
  return { visible: visibilityOf(who, ['USAGE_READ', 'ROUTES_WRITE']), from, to };
}

function issueAt(path: string[], message: string) {
  const full = ['input', ...path];
  return { path: full, message: `${full.join('.')} ${message}` };
}

/** The routes as they would be. A canary that has taken over has done so in the draft too, where it says the same one. */
function findWith({ routes }: SimulateDeps, { organisationId }: Principal, spec: RouteSpec) {
  const now = routes.book.find(organisationId, spec.name);
  const isKept = now?.trial?.state === 'PROMOTED' && isSameTrial(now, spec);
  const draft: PlannedRoute = { ...spec, version: 0, trial: isKept ? now.trial : undefined };
  return (name: string): PlannedRoute | undefined =>
    name === draft.name ? draft : routes.book.find(organisationId, name);
}

/** Every model that the routes lead to, by the name that is called now. */
function listModelsNow(
  { pricing, clock }: SimulateDeps,
  { organisationId }: Principal,
  reached: readonly PlannedRoute[],
): string[] {
  const names = reached.flatMap(goalsOf).filter((name) => !isRouteName(name));
  return [...new Set(names.map((name) => pricing.nameNow(organisationId, name, clock.now())))];
}

function worldOf(
  { pricing, clock, routes, conditions, askFirst }: SimulateDeps,
  { organisationId }: Principal,
  given: { draft: string } & Pick<ReplayWorld, 'findRoute' | 'measured'>,
): ReplayWorld {
  const now = clock.now();
  return {
    ...given,
    draft: given.findRoute(given.draft)!,
    findModel: routes.findModel,
    conditions,
    nameNow: (model) => pricing.nameNow(organisationId, model, now),
    findDenial: (model) => findSunset(pricing, { organisationId, at: now }, routes.findModel(model)),
    takesApproval: (model) => askFirst.has(organisationId, model),
    costOf(model, usage) {
      const price = pricing.priceFor(model, organisationId, now);
      return price && pricing.costOf(price, usage);
    },
    likelyOutputTokens: LIKELY_OUTPUT_TOKENS,
    random: createSeededRandom(1),
  };
}

async function readAll(sql: Sql, ids: readonly string[], signal: AbortSignal): Promise<RecordedRequest[]> {
  const records: RecordedRequest[] = [];
  for (let from = 0; from < ids.length; from += PAGE) {
    signal.throwIfAborted();
    const page = ids.slice(from, from + PAGE);
    records.push(...(await inTime(() => readWithin(sql, READ_WITHIN_MS, (tx) => readRecorded(tx, page)))));
  }
  return records.toSorted((a, b) => a.at.getTime() - b.at.getTime());
}

async function replayAll(
  replay: Replay,
  records: readonly RecordedRequest[],
  signal: AbortSignal,
): Promise<void> {
  let endsAt = performance.now() + SLICE_MS;
  for (const record of records) {
    replay.take(record);
    if (performance.now() < endsAt) continue;
    await setImmediate();
    signal.throwIfAborted();
    endsAt = performance.now() + SLICE_MS;
  }
}

async function inTime<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if ((error as { code?: string }).code !== STATEMENT_TOOK_TOO_LONG) throw error;
    const took = `holds more than can be looked through in ${READ_WITHIN_MS / 1_000} s; ask for a shorter one`;
    throw new InvalidInput([issueAt(['range'], took)]);
  }
}
