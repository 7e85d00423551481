import { costOf, worstCostOf } from '../catalog/cost.ts';
import type { EstimateDeps } from '../completion/estimate.ts';
import { ensureFound } from '../completion/follow.ts';
import { recover } from '../completion/recover.ts';
import { createRetryBudget } from '../completion/retry-budget.ts';
import { createRoomQueue } from '../completion/room-queue.ts';
import { createRouting, type Routing } from '../completion/routing.ts';
import { createRuns, type Runs } from '../completion/runs.ts';
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
  /** Settles what dead processes left behind; answers how many completions that were. */
  recover(): Promise<number>;
}

export async function openCompletions(
  opening: Opening,
  {
    database,
    relay,
    announce,
    announceCommit,
    askFirst,
    limits,
    providers,
    upstreams,
    catalog,
    routes,
    measures,
    trials,
  }: Store & Access & Vendors & Models & Routes,
): Promise<Completions> {
  const { config, logger, readings, opened } = opening;
  const { db, sql } = database;
  const ledger = createLedger(database, {
    instanceId: newId('inst'),
    holdMs: config.timeouts.holdMs,
    logger,
    onSettled: announceCommit,
  });
  opened.defer(() => ledger.close());
  const pressure = watchPressure(config.shedding, { database, clock: systemClock, logger, readings });
  opened.defer(() => pressure.stop());
  const pricing = { ...catalog, costOf, worstCostOf };
  const budgetsOn: EstimateDeps['listBudgetsOn'] = (organisationId, subjects) =>
    listBudgetsOn(sql, organisationId, subjects);
  const routing = createRouting({
    book: routes.book,
    measures,
    trials,
    conditions: createConditions(),
    pricing,
    askFirst,
    clock: systemClock,
    listBudgetsOn: budgetsOn,
  });
  const shared = { askFirst, limits, pricing, routing, measures, trials, clock: systemClock };
  const runs = createRuns({
    ...shared,
    retryBudget: createRetryBudget(),
    ledger,
    relay,
    announce,
    timeouts: config.timeouts,
    abandonMs: config.timeouts.abandonMs,
    waitForRoom: createRoomQueue(relay),
    upstreams,
    pressure,
    callProvider: providers.stream,
    reread: async (who, id) => ensureFound(await findCompletions(db, who, [id]), id),
    findByIdempotencyKey: (keyId, key) => findByIdempotencyKey(db, keyId, key),
    reporter: createReporter(logger),
  });
  relay.listen((event) => runs.onEvent(event));

  // Nobody else can have an embedded database open, so whoever held something there is dead.
  if (database.kind === 'embedded') await ledger.expireHoldsOfOthers();
  await recover(ledger, pricing);
  const estimates: EstimateDeps = {
    ...shared,
    listBudgetsOn: budgetsOn,
    findLikelyOutputTokens: (who, model) => findLikelyOutputTokens(sql, who, model),
  };
  return { ledger, pressure, routing, runs, estimates, recover: () => recover(ledger, pricing) };
}
