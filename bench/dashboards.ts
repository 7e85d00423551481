/**
 * `node bench/dashboards.ts`: what a thousand live dashboards cost those who ask for completions: the throughput while
 * they watch `usageTicks`, each merged to one tick a second, as a ratio to the throughput while nobody does.
 */
import { parseArgs } from 'node:util';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { measure, type Pace } from './measure.ts';
import { format, median } from './report.ts';
import type { Scenario } from './scenario.ts';
import { withStage, type Stage } from './stage.ts';
import type { System } from './systems.ts';

const { values } = parseArgs({
  options: { dashboards: { type: 'string', default: '1000' }, rounds: { type: 'string', default: '5' } },
});
const DASHBOARDS_PER_SOCKET = 50;
const TICKS = `subscription { usageTicks(groupBy: [MODEL], everyMs: 1000) { delta { requests cost { amount } } } }`;
const PACE: Pace = { warmUpMs: 1_500, roundMs: 2_500, rounds: 1 };

const scenario: Scenario = {
  title: 'completionCreate, 32 connections',
  kind: 'answer',
  parallel: 32,
  words: 8,
  paceMs: 0,
};

await withStage([scenario], async (stage) => {
  for (const system of stage.systems.filter(({ name }) => name.startsWith('Sluice'))) {
    const ratios: number[] = [];
    let ticks = 0;
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const alone = await throughput(stage, system);
      const dashboards = await openDashboards(system, Number(values.dashboards));
      const watched = await throughput(stage, system);
      ticks += await dashboards.close();
      ratios.push(watched / alone);
    }
    console.log(
      `${system.name}: ${values.dashboards} dashboards leave ${format(median(ratios) * 100, 0)} % of the throughput (${ticks} ticks came)`,
    );
  }
});

async function throughput(stage: Stage, system: System): Promise<number> {
  const [series] = await measure({ ...stage, systems: [system] }, scenario, PACE);
  const sample = series?.samples[0];
  return sample ? sample.calls / sample.durationMs : Number.NaN;
}

async function openDashboards(system: System, count: number): Promise<{ close(): Promise<number> }> {
  const { url = '', headers = {} } = system.requestFor(scenario) ?? {};
  let ticks = 0;
  const clients = Array.from({ length: Math.ceil(count / DASHBOARDS_PER_SOCKET) }, () =>
    createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      lazy: false,
      connectionParams: { authorization: headers['authorization'] },
      onNonLazyError() {},
    }),
  );
  for (let index = 0; index < count; index += 1) {
    clients[Math.floor(index / DASHBOARDS_PER_SOCKET)]?.subscribe(
      { query: TICKS },
      { next: () => (ticks += 1), error() {}, complete() {} },
    );
  }
  return {
    async close() {
      for (const client of clients) await client.dispose();
      return ticks;
    },
  };
}
