import { totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../../lib/clock.ts';
import type { Readings } from './pressure.ts';

const RESOLUTION_MS = 20;
const NANOS_PER_MS = 1e6;

/** Reads how this process is doing; `stop` ends the measuring. */
export interface Gauge {
  read(): Readings;
  stop(): void;
}

export function createGauge(options: {
  database: { ping(signal: AbortSignal): Promise<unknown> };
  clock: Pick<Clock, 'monotonicMs'>;
}): Gauge {
  const loop = watchLoop(options.clock);
  const memory = memoryLimit();
  const database = watchDatabase(options);
  return {
    read: () => ({
      loopDelayMs: loop.read(),
      memoryPercent: memoryPercent(memory),
      databaseMs: database.ask(),
    }),
    stop() {
      loop.stop();
      database.stop();
    },
  };
}

function watchLoop(clock: Pick<Clock, 'monotonicMs'>) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let readMs = clock.monotonicMs();
  return {
    /** @returns the median delay since the last time. */
    read(): number {
      const sinceMs = clock.monotonicMs() - readMs;
      readMs += sinceMs;
      // A loop that is late by more than the time between two looks never gets to measure it.
      const tickMs = delay.count === 0 ? sinceMs : delay.percentile(50) / NANOS_PER_MS;
      delay.reset();
      return Math.max(0, tickMs - RESOLUTION_MS);
    },
    stop: () => delay.disable(),
  };
}

/** What a container may have, where it is bounded; else what the machine has. In bytes. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Of the machine or of V8's heap, whichever is nearer to its end. */
function memoryPercent(limit: number): number {
  const { used_heap_size: heap, heap_size_limit: heapLimit } = getHeapStatistics();
  return 100 * Math.max(process.memoryUsage.rss() / limit, heap / heapLimit);
}

/** One question at a time: a database in trouble gets no more of them. */
function watchDatabase({ database, clock }: Parameters<typeof createGauge>[0]) {
  const stopping = new AbortController();
  let askedMs: number | undefined;
  let tookMs = 0;

  async function askOnce(): Promise<void> {
    const begunMs = clock.monotonicMs();
    askedMs = begunMs;
    // A database that refuses says so at once; what needs it then fails by itself, with a better reason.
    await database.ping(stopping.signal).catch(() => {});
    tookMs = clock.monotonicMs() - begunMs;
    askedMs = undefined;
  }
  return {
    /** @returns how long the last answer took, or how long the present one has been awaited. */
    ask(): number {
      if (askedMs !== undefined) return Math.max(tookMs, clock.monotonicMs() - askedMs);
      void askOnce();
      return tookMs;
    },
    stop: () => stopping.abort(new Error('the gateway is closing')),
  };
}
