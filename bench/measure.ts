import type { Job, JobResult } from './job.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';
import type { System } from './systems.ts';

export interface Pace {
  warmUpMs: number;
  roundMs: number;
  rounds: number;
}

/** One system in one round. */
export interface Sample extends JobResult {
  /** CPU time that the system's process used meanwhile, in µs; a database server's is not in it. */
  cpuMicros: number;
}

export interface Series {
  system: string;
  samples: Sample[];
}

/** One system after the other in each round, so that whatever else the machine does meets all of them alike. */
export async function measure(stage: Stage, scenario: Scenario, pace: Pace): Promise<Series[]> {
  const able = stage.systems.filter((system) => system.requestFor(scenario));
  const run = (system: System, durationMs: number) => sample(stage, system, scenario, durationMs);
  for (const system of able) await run(system, pace.warmUpMs);
  const series = able.map((system): Series => ({ system: system.name, samples: [] }));
  for (let round = 0; round < pace.rounds; round += 1) {
    for (const [index, system] of able.entries()) {
      series[index]?.samples.push(await run(system, pace.roundMs));
    }
  }
  return series;
}

async function sample(
  { load, signal }: Stage,
  system: System,
  scenario: Scenario,
  durationMs: number,
): Promise<Sample> {
  signal.throwIfAborted();
  const { kind, parallel, words } = scenario;
  const transport = kind === 'ws' ? 'ws' : 'http';
  const request = system.requestFor(scenario);
  if (!request) throw new Error(`${system.name} cannot do this`);
  const job: Job = { ...request, transport, parallel, durationMs, words };
  const before = await system.program.cpuMicros();
  const result = await load.ask<JobResult>(job);
  const cpuMicros = (await system.program.cpuMicros()) - before;
  const [failure] = result.failures;
  if (failure !== undefined) throw new Error(`${system.name}, ${scenario.title}: ${failure}`);
  return { ...result, cpuMicros };
}
