/**
 * `npm run bench`: Sluice with everything on, beside a bare proxy and a bare Yoga server, in front of the same
 * upstream. Every part is a process of its own. With `--quick` everything runs once and shortly, to see that it works.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measure, type Pace } from './measure.ts';
import { describeSeries } from './report.ts';
import type { Scenario } from './scenario.ts';
import { withStage } from './stage.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const pace: Pace = values.quick
  ? { warmUpMs: 100, roundMs: 200, rounds: 1 }
  : { warmUpMs: 1_500, roundMs: 1_500, rounds: 3 };
const streams = { parallel: 100, words: values.quick ? 10 : 50, paceMs: 10 };

const scenarios: Scenario[] = [
  { title: 'completionCreate, 32 connections', kind: 'answer', parallel: 32, words: 8, paceMs: 0 },
  { title: '100 streams over SSE, a token each 10 ms', kind: 'sse', ...streams },
  { title: '100 streams over WebSocket, a token each 10 ms', kind: 'ws', ...streams },
];

await withStage(scenarios, async (stage) => {
  console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`);
  console.log(`medians of ${pace.rounds} rounds of ${pace.roundMs / 1000} s; ratios are of the throughput\n`);
  for (const scenario of scenarios) {
    console.log(describeSeries(scenario, await measure(stage, scenario, pace)));
  }
  for (const note of stage.notes) console.log(note);
});
