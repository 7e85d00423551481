/**
 * `npm run bench:prompts`: what a request costs that asks a typed field, beside `completionCreate` and the static graph,
 * with 10 prompts and with 1,000; how long the graph of an organisation takes to be made, whole and after one publish, for
 * how long nothing else runs meanwhile, and what it takes in memory: at 1,000 prompts, and at 200 organisations of 20.
 * Client and gateway are one process, so CPU time is that of both. With `--quick` shortly, to see that it works.
 */
import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DEFAULT_ORGANISATION } from '../src/access/bootstrap.ts';
import type { Gateway } from '../src/gateway.ts';
import {
  createOrganisationGraphs,
  type OrganisationGraphs,
} from '../src/graph/prompt-fields/organisation-graphs.ts';
import { readStaticTypes } from '../src/graph/prompt-fields/static-types.ts';
import { schema } from '../src/graph/schema.ts';
import {
  addOrganisations,
  addPrompts,
  openPromptGateway,
  publishOther,
  type PromptGateway,
} from './prompt-gateway.ts';
import { format, layOut, median } from './report.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const pace = values.quick
  ? { rounds: 2, turns: 20, many: 100, organisations: 10 }
  : { rounds: 5, turns: 100, many: 1_000, organisations: 200 };
const FEW = 10;
const OF_EACH = 20;

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}\n`);
await using opened = await openPromptGateway();
const { gateway } = opened;
await addPrompts(gateway, { from: 1, to: FEW });
const few = await timeRequests(opened);
await addPrompts(gateway, { from: FEW + 1, to: pace.many });
const many = await timeRequests(opened);
console.log(`${describeRequests({ [`${FEW} prompts`]: few, [`${pace.many} prompts`]: many })}\n`);
console.log(`${layOut(await timeGraphs(gateway))}\n`);

/** CPU time in µs of each request, by round. */
async function timeRequests({ requests }: PromptGateway): Promise<Map<string, number[]>> {
  const samples = new Map(Object.keys(requests).map((name) => [name, [] as number[]]));
  for (let round = 0; round <= pace.rounds; round += 1) {
    for (const [name, work] of Object.entries(requests)) {
      const before = process.cpuUsage();
      for (let turn = 0; turn < pace.turns; turn += 1) await work();
      const { user, system } = process.cpuUsage(before);
      // The first one warms up.
      if (round > 0) samples.get(name)?.push((user + system) / pace.turns);
    }
  }
  return samples;
}

function describeRequests(worlds: Record<string, Map<string, number[]>>): string {
  const titles = Object.keys(worlds).flatMap((title) => [`CPU µs, ${title}`, 'of the prompt’s create']);
  const rows = [...Object.values(worlds)[0]!.keys()].map((name) => [
    name,
    ...Object.values(worlds).flatMap((samples) => {
      const own = samples.get(name)!;
      const other = samples.get('completionCreate of the prompt')!;
      const ratios = own.map((micros, round) => micros / other[round]!);
      return [format(median(own), 0), `${format(median(ratios) * 100, 0)} %`];
    }),
  ]);
  return layOut([['', ...titles], ...rows]);
}

interface Made {
  cpuMs: number;
  ms: number;
  stallMs: number;
}

async function timeGraphs(gatewayOfAll: Gateway): Promise<string[][]> {
  const organisations = await addOrganisations(gatewayOfAll, pace.organisations);
  for (const id of organisations) await addPrompts(gatewayOfAll, { from: 1, to: OF_EACH }, id);
  const whole: Made[] = [];
  const again: Made[] = [];
  for (let round = 0; round <= pace.rounds; round += 1) {
    const graphs = openGraphs(gatewayOfAll);
    whole.push(await timeMaking(() => graphs.find(DEFAULT_ORGANISATION)));
    await publishOther(gatewayOfAll);
    again.push(await timeMaking(() => graphs.find(DEFAULT_ORGANISATION)));
  }
  const [kept, all] = [openGraphs(gatewayOfAll), openGraphs(gatewayOfAll)];
  const ofMany = await measureHeap(() => kept.find(DEFAULT_ORGANISATION));
  let made: Made | undefined;
  const ofAll = await measureHeap(async () => {
    made = await timeMaking(async () => {
      for (const id of organisations) await all.find(id);
    });
  });
  // Nothing of them was let go before it was measured.
  await Promise.all([kept.find(DEFAULT_ORGANISATION), all.find(organisations[0]!)]);
  return [
    ['', 'CPU ms', 'ms', 'longest turn ms', 'heap MB'],
    describeMade(`${pace.many} prompts, whole`, whole.slice(1), ofMany),
    describeMade(`${pace.many} prompts, one published`, again.slice(1), undefined),
    describeMade(`${organisations.length} organisations of ${OF_EACH}`, made ? [made] : [], ofAll),
  ];
}

function describeMade(title: string, made: readonly Made[], heap: number | undefined): string[] {
  return [
    title,
    format(median(made.map(({ cpuMs }) => cpuMs)), 0),
    format(median(made.map(({ ms }) => ms)), 0),
    format(median(made.map(({ stallMs }) => stallMs)), 0),
    heap === undefined ? '–' : format(heap / 2 ** 20, 1),
  ];
}

function openGraphs(gatewayOfAll: Gateway): OrganisationGraphs {
  return createOrganisationGraphs(gatewayOfAll, readStaticTypes(schema));
}

async function timeMaking(make: () => Promise<unknown>): Promise<Made> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  const before = process.cpuUsage();
  await make();
  const { user, system } = process.cpuUsage(before);
  const ms = performance.now() - startedAt;
  // The last turn is known once the next one begins.
  await sleep(5);
  delay.disable();
  return { cpuMs: (user + system) / 1_000, ms, stallMs: delay.max / 1e6 };
}

/** What weak references held goes with the second time only. */
async function readHeap(): Promise<number> {
  for (let time = 0; time < 2; time += 1) {
    globalThis.gc?.();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}

/** In bytes; nothing where the collector cannot be called. */
async function measureHeap(make: () => Promise<unknown>): Promise<number | undefined> {
  if (!globalThis.gc) return undefined;
  const before = await readHeap();
  await make();
  return (await readHeap()) - before;
}
