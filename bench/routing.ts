/**
 * `npm run bench:routing`: how long the planner takes for one request with 3 and with 300 targets, by strategy; how much
 * sooner answers come with one slow target than by taking turns; and the regret of LEARNED. All but the first is virtual time with seeds, the same on every machine. With `--quick` shortly,
 * to see that it works.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { NOTHING_USED } from '../src/domain/outcome.ts';
import { ROUTE_STRATEGIES, type RouteStrategy } from '../src/domain/route.ts';
import { createArms } from '../src/routing/arms.ts';
import { createMeasures } from '../src/routing/measures.ts';
import { planRoute, type PlanDeps } from '../src/routing/plan.ts';
import { validateRoute } from '../src/routing/validate.ts';
import { runLearning } from '../test/routing/support/bandit.ts';
import { ONE_SLOW, ONE_SLOW_WITH_ROOM, runVirtually } from '../test/routing/support/virtual-targets.ts';
import { depsOf, modelOf, requestOf, routeOf } from '../test/routing/support/worlds.ts';
import { percentile } from '../test/limits/support/virtual-vendor.ts';
import { format, layOut, median } from './report.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const pace = values.quick
  ? { rounds: 2, roundMs: 20, seeds: [1], requests: 1_000 }
  : { rounds: 7, roundMs: 150, seeds: [1, 2, 3, 4, 5], requests: 10_000 };
const CONDITION = 'budgetUsed < 0.9 && (!has(tags.env) || tags.env == "prod")';

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}\n`);
console.log(`CPU time of a plan in µs, medians of ${pace.rounds} rounds\n${layOut(timePlans())}\n`);
for (const [title, targets] of [
  ['one slow target of three, which cannot take its share', ONE_SLOW],
  ['one slow target of three, which has room for all', ONE_SLOW_WITH_ROOM],
] as const) {
  const rows = compareP99(targets);
  console.log(
    `${title}; ${pace.requests} requests, medians of ${pace.seeds.length} seeds\n${layOut(rows)}\n`,
  );
}
console.log(`regret after ${pace.requests} requests, in successes\n${layOut(compareRegret())}\n`);

function timePlans(): string[][] {
  const sizes = [3, 300].flatMap((size) => [
    { title: `${size}`, size, condition: undefined },
    { title: `${size} with a condition each`, size, condition: CONDITION },
  ]);
  const rows = ROUTE_STRATEGIES.map((strategy) => [
    strategy as string,
    ...sizes.map(({ size, condition }) => format(timePlan(prepare(strategy, size, condition)), 1)),
  ]);
  const checks = sizes.map(({ size, condition }) => format(timeCheck(size, condition), 1));
  return [['targets', ...sizes.map(({ title }) => title)], ...rows, ['check of a route', ...checks]];
}

/** A world in which everything is known of every target. */
function prepare(strategy: RouteStrategy, size: number, condition: string | undefined): PlanDeps {
  const measures = createMeasures(
    { monotonicMs: () => 1_000 },
    createArms((organisationId, route) => ({ routeId: `${organisationId} ${route}`, learning: 0 })),
  );
  const names = Array.from({ length: size }, (_, index) => `vendor-${index}/model`);
  const usage = { ...NOTHING_USED, input: 1_000, cacheRead: 300, source: 'REPORTED' as const };
  for (const [index, model] of names.entries()) {
    measures.health.begin(model);
    measures.health.end(model, { kind: 'OK', latencyMs: 100 + index, retryAfterMs: undefined });
    for (let call = 0; call < 50; call += 1) {
      const observation = { succeeded: call % 10 > 0, costNanos: 1_000, latencyMs: 300 };
      measures.observe('org', { model, path: ['fast'] }, { ...observation, usage });
    }
  }
  const targets = names.map((model) => ({ model, condition, upTo: 0.5 }));
  return depsOf({
    routes: [routeOf('fast', strategy, targets)],
    models: names.map((name) => modelOf(name, { region: 'eu', contextWindow: 128_000 })),
    signals: measures.signalsFor('org', (_, { input }) => BigInt(input)),
  });
}

function timePlan(deps: PlanDeps): number {
  const request = requestOf(
    { tags: [{ key: 'env', value: 'prod' }], endUserId: 'anna' },
    { allowedRegions: ['eu', 'ch'] },
  );
  return timeWork(() => planRoute(deps, request));
}

function timeCheck(size: number, condition: string | undefined): number {
  const { findRoute, findModel } = prepare('PRIORITY', size, condition);
  const route = findRoute('fast');
  if (!route) throw new Error('there is no route to check');
  return timeWork(() => validateRoute(route, { findRoute, findModel, allowedRegions: ['eu'] }));
}

/** CPU time in µs, which others on the machine change less than the time on the clock. */
function timeWork(work: () => unknown): number {
  const rounds: number[] = [];
  for (let round = 0; round <= pace.rounds; round += 1) {
    const before = process.cpuUsage();
    const endsAt = performance.now() + pace.roundMs;
    let turns = 0;
    for (; turns === 0 || performance.now() < endsAt; turns += 10)
      for (let turn = 0; turn < 10; turn += 1) work();
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / turns);
  }
  // The first one compiles: the conditions, and the code itself.
  return median(rounds.slice(1));
}

function compareP99(targets: typeof ONE_SLOW): string[][] {
  const measure = (strategy: RouteStrategy) =>
    pace.seeds.map((seed) =>
      percentile(runVirtually({ strategy, targets, requests: pace.requests, perSecond: 30, seed }), 0.99),
    );
  const inTurn = measure('ROUND_ROBIN');
  const rows = (['ROUND_ROBIN', 'LEAST_BUSY', 'LOWEST_LATENCY'] as const).map((strategy) => {
    const own = measure(strategy);
    const ratios = own.map((p99, index) => (inTurn[index] ?? Number.NaN) / p99);
    return [strategy, format(median(own), 0), `${format(median(ratios), 1)} times`];
  });
  return [['', 'p99 ms', 'sooner than in turn'], ...rows];
}

function compareRegret(): string[][] {
  const worlds = [
    { title: 'succeeding 95, 80 and 70 %', worths: [0.8, 0.95, 0.7] },
    { title: 'succeeding 99 and 97 %', worths: [0.97, 0.99] },
    {
      title: 'one of ten 95 %, the others 85 %',
      worths: Array.from({ length: 10 }, (_, i) => (i === 7 ? 0.95 : 0.85)),
    },
  ];
  const rows = worlds.map(({ title, worths }) => {
    const arms = worths.map((success, index) => ({ model: `m${index}/x`, success }));
    const run = (strategy: 'LEARNED' | 'ROUND_ROBIN') =>
      pace.seeds.map((seed) => runLearning({ strategy, arms, requests: pace.requests, seed }));
    const best = `m${worths.indexOf(Math.max(...worths))}/x`;
    const learned = run('LEARNED');
    const regret = median(learned.map((result) => result.regret));
    const inTurn = median(run('ROUND_ROBIN').map((result) => result.regret));
    const share = median(learned.map(({ lastShares }) => lastShares[best] ?? 0));
    return [title, format(regret, 0), format(inTurn, 0), `${format(share * 100, 0)} %`];
  });
  return [['targets', 'LEARNED', 'in turn', 'best one at the end'], ...rows];
}
