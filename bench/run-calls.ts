import { openCaller, type Caller } from './caller.ts';
import type { Delay, Job, JobResult } from './job.ts';
import { createWordCounter } from './word-counter.ts';

const MAX_FAILURES = 3;

/** Calls until the time is over; calls that are under way then are waited for, but no longer count. */
export async function runCalls(job: Job): Promise<JobResult> {
  const callers = await Promise.all(Array.from({ length: job.parallel }, () => openCaller(job)));
  const totalMs: number[] = [];
  const firstWordMs: number[] = [];
  const failures: string[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + job.durationMs;
  let words = 0;

  async function callOnce(caller: Caller): Promise<void> {
    const counter = createWordCounter();
    const calledAt = performance.now();
    let heardAt: number | undefined;
    await caller.call((data) => {
      const now = performance.now();
      const heard = counter.count(data);
      if (heard > 0) heardAt ??= now;
      if (now < endsAt) words += heard;
    });
    if (counter.total() !== job.words) throw new Error(`${counter.total()} of ${job.words} words came`);
    if (heardAt !== undefined) firstWordMs.push(heardAt - calledAt);
    const now = performance.now();
    if (now < endsAt) totalMs.push(now - calledAt);
  }

  async function keepCalling(caller: Caller): Promise<void> {
    while (performance.now() < endsAt && failures.length < MAX_FAILURES) {
      await callOnce(caller).catch((error: unknown) => failures.push(String(error)));
    }
    await caller.close();
  }

  await Promise.all(callers.map(keepCalling));
  return {
    calls: totalMs.length,
    words,
    durationMs: job.durationMs,
    totalMs: delayOf(totalMs),
    firstWordMs: delayOf(firstWordMs),
    failures,
  };
}

export function delayOf(values: number[]): Delay {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
