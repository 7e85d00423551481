/**
 * `npm run bench:routing`: how long the planner takes for one request with 3 and with 300 targets, by strategy; how much
 * sooner answers come with one slow target than by taking turns; and the regret of LEARNED. All but the first is
 * virtual time with seeds, the same on every machine. With `--quick` shortly, to see that it works.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ROUTE_STRATEGIES } from '../src/domain/route.ts';
import { createHealth } from '../src/routing/health.ts';
import { learn, NOTHING_LEARNED } from '../src/routing/learned.ts';
import { planRoute, type PlanDeps } from '../src/routing/plan.ts';
import { runLearning } from '../test/routing/support/bandit.ts';
import { ONE_SLOW, ONE_SLOW_WITH_ROOM, runVirtually } from '../test/routing/support/virtual-targets.ts';
import { depsOf, modelOf, requestOf, routeOf, signalsOf } from '../test/routing/support/worlds.ts';
import { percentile } from '../test/limits/support/virtual-vendor.ts';
import { format, layOut, median } from './report.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const pace = values.quick
  ? { rounds: 2, roundMs: 20, seeds: [1], requests: 1_000 }
  : { rounds: 7, roundMs: 150, seeds: [1, 2, 3, 4, 5], requests: 10_000 };
const CONDITION = 'budgetUsed < 0.9 && (!has(tags.env) || tags.env == "prod")';

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}\n`);
console.log(`µs for a plan, medians of ${pace.rounds} rounds\n${layOut(timePlans())}\n`);
for (const [title, targets] of [
  ['one slow target of three, which cannot take its share', ONE_SLOW],
  ['one slow target of three, which has room for all', ONE_SLOW_WITH_ROOM],
] as const) {
  const rows = compareP99(targets);
  console.log(
    `${title}; ${pace.requests} requests, medians of ${pace.seeds.length} seeds\n${layOut(rows)}\n`,
  );
}
console.log(`regret after ${pace.requests} requests, in successes\n${layOut(compareRegret())}`);

function timePlans(): string[][] {
  const sizes = [3, 300].flatMap((size) => [
    { title: `${size}`, size, condition: undefined },
    { title: `${size} with a condition each`, size, condition: CONDITION },
  ]);
  const rows = ROUTE_STRATEGIES.map((strategy) => [
    strategy as string,
    ...sizes.map(({ size, condition }) => format(timePlan(prepare(strategy, size, condition)), 1)),
  ]);
  return [['targets', ...sizes.map(({ title }) => title)], ...rows];
}

/** A world in which every signal is known for every target. */
function prepare(
  strategy: (typeof ROUTE_STRATEGIES)[number],
  size: number,
  condition: string | undefined,
): PlanDeps {
  const health = createHealth({ monotonicMs: () => 1_000 });
  const names = Array.from({ length: size }, (_, index) => `vendor-${index}/model`);
  for (const [index, name] of names.entries()) {
    health.begin(name);
    health.end(name, { kind: 'OK', latencyMs: 100 + index, retryAfterMs: undefined });
  }
  let arm = NOTHING_LEARNED;
  for (let call = 0; call < 100; call += 1)
    arm = learn(arm, { succeeded: call % 10 > 0, costNanos: 1_000, latencyMs: 300 });
  return depsOf({
    routes: [
      routeOf(
        'fast',
        strategy,
        names.map((model) => ({ model, condition, upTo: 0.5 })),
      ),
    ],
    models: names.map((name) => modelOf(name, { region: 'eu', contextWindow: 128_000 })),
    signals: { ...signalsOf(), ...health, arm: () => arm, costNanos: () => 1_000 },
  });
}

function timePlan(deps: PlanDeps): number {
  const request = requestOf(
    { tags: [{ key: 'env', value: 'prod' }], endUserId: 'anna' },
    { allowedRegions: ['eu', 'ch'] },
  );
  const rounds: number[] = [];
  for (let round = 0; round <= pace.rounds; round += 1) {
    const startedAt = performance.now();
    let plans = 0;
    for (; performance.now() - startedAt < pace.roundMs; plans += 1) planRoute(deps, request);
    rounds.push(((performance.now() - startedAt) * 1_000) / plans);
  }
  // The first one compiles: the conditions, and the code itself.
  return median(rounds.slice(1));
}

function compareP99(targets: typeof ONE_SLOW): string[][] {
  const measure = (strategy: (typeof ROUTE_STRATEGIES)[number]) =>
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
