/** The load generator: takes one job at a time from its parent. */
import { runCalls } from './run-calls.ts';
import type { Job } from './job.ts';

process.on('message', (job: Job) => void runCalls(job).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit());
