import { costOf, worstCostOf } from '../catalog/cost.ts';
import type { EstimateDeps } from '../completion/estimate.ts';
import { ensureFound } from '../completion/follow.ts';
import { recover } from '../completion/recover.ts';
import { createRetryBudget } from '../completion/retry-budget.ts';
import { createRoomQueue } from '../completion/room-queue.ts';
import { createRouting, type Routing } from '../completion/routing.ts';
import { createRuns, type Runs } from '../completion/runs.ts';
import { createSimulate, type Simulate } from '../completion/simulate.ts';
import { createReporter } from '../events/reporter.ts';
import { listBudgetsOn } from '../ledger/budgets/read.ts';
import { findByIdempotencyKey, findCompletions } from '../ledger/completions.ts';
import { createLedger, type Ledger } from '../ledger/ledger.ts';
import { findLikelyOutputTokens } from '../ledger/likely-output.ts';
import { systemClock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Pressure } from '../limits/shedding/pressure.ts';
import { watchPressure } from '../limits/shedding/watch.ts';
import { createConditions } from '../routing/conditions.ts';
import type { Access } from './open-access.ts';
import type { Models, Vendors } from './open-models.ts';
import type { Prompts } from './open-prompts.ts';
import type { Routes } from './open-routes.ts';
import type { Store } from './open-store.ts';
import type { Opening } from './opening.ts';

/** The ledger, and the pipeline that spends through it. */
export interface Completions {
  ledger: Ledger;
  pressure: Pressure;
  runs: Runs;
  estimates: EstimateDeps;
  routing: Routing;
  simulate: Simulate;
  /** Settles what dead processes left behind; answers how many completions that were. */
  recover(): Promise<number>;
}

type Parts = Store & Access & Vendors & Models & Routes & Prompts;

export async function openCompletions(opening: Opening, parts: Parts): Promise<Completions> {
  const { database, relay, askFirst, limits, routes, measures, flags, trials, render } = parts;
  const { sql } = database;
  const clock = systemClock;
  const ledger = openLedger(opening, parts);
  const pressure = openPressure(opening, parts);
  const pricing = toPricing(parts);
  const conditions = createConditions();
  const planning = { askFirst, pricing, measures, trials, clock };
  const budgetsOn: EstimateDeps['listBudgetsOn'] = (...about) => listBudgetsOn(sql, ...about);
  const routing = createRouting({
    ...planning,
    flags,
    conditions,
    book: routes.book,
    listBudgetsOn: budgetsOn,
  });
  const runs = openRuns(opening, parts, { ...planning, limits, routing, ledger, pressure });
  relay.listen((event) => runs.onEvent(event));

  // Nobody else can have an embedded database open, so whoever held something there is dead.
  if (database.kind === 'embedded') await ledger.expireHoldsOfOthers();
  await recover(ledger, pricing);
  const estimates: EstimateDeps = {
    ...planning,
    render,
    limits,
    routing,
    listBudgetsOn: budgetsOn,
    findLikelyOutputTokens: (who, model) => findLikelyOutputTokens(sql, who, model),
  };
  const simulate = createSimulate({ routes, sql, conditions, pricing, askFirst, clock });
  return { ledger, pressure, routing, runs, estimates, simulate, recover: () => recover(ledger, pricing) };
}

function openLedger({ config, logger, opened }: Opening, { database, announceCommit }: Parts): Ledger {
  const ledger = createLedger(database, {
    instanceId: newId('inst'),
    holdMs: config.timeouts.holdMs,
    logger,
    onSettled: announceCommit,
  });
  opened.defer(() => ledger.close());
  return ledger;
}

function openPressure({ config, logger, readings, opened }: Opening, { database }: Parts): Pressure {
  const pressure = watchPressure(config.shedding, { database, clock: systemClock, logger, readings });
  opened.defer(() => pressure.stop());
  return pressure;
}

/** @param shared what others use too. */
function openRuns(
  { config: { timeouts }, logger }: Opening,
  { database: { db }, relay, announce, upstreams, providers, render }: Parts,
  shared: Pick<
    Parameters<typeof createRuns>[0],
    'askFirst' | 'pricing' | 'measures' | 'trials' | 'clock' | 'limits' | 'routing' | 'ledger' | 'pressure'
  >,
): Runs {
  return createRuns({
    ...shared,
    render,
    retryBudget: createRetryBudget(),
    relay,
    announce,
    timeouts,
    abandonMs: timeouts.abandonMs,
    waitForRoom: createRoomQueue(relay),
    upstreams,
    callProvider: providers.stream,
    reread: async (who, id) => ensureFound(await findCompletions(db, who, [id]), id),
    findByIdempotencyKey: (keyId, key) => findByIdempotencyKey(db, keyId, key),
    reporter: createReporter(logger),
  });
}

function toPricing({ catalog, modelSetting: { book } }: Parts) {
  const { nameNow, standingOf, findAlias } = book;
  return { ...catalog, nameNow, standingOf, findAlias, costOf, worstCostOf };
}
