/** The load generator: takes one job at a time from its parent. */
import { runCalls } from './run-calls.ts';
import type { Job } from './job.ts';

process.on('message', async (job: Job) => process.send?.(await runCalls(job)));
process.on('disconnect', () => process.exit());
