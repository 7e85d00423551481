import { setTimeout as wait } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { loadEngine } from './engine.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './worker-messages.ts';

/** Making a cluster, or reading a long log again after a crash, on a slow machine. */
const START_WITHIN_MS = 120_000;
const CLOSE_WITHIN_MS = 10_000;
const BEATS = 15;
/** So that PostgreSQL's own limit on the depth of its stack comes first: at 4 MB deep JSON broke the engine. */
const STACK_MB = 64;

/** The source runs as .ts, the build as .js. */
const WORKER = import.meta.url.endsWith('.ts')
  ? new URL('./worker.ts', import.meta.url)
  : new URL('./worker.js', import.meta.url);

export interface WorkerThreadOptions {
  /** Of the cluster; undefined for one in memory. */
  directory: string | undefined;
  /** How long the thread may say nothing before it is ended. */
  watchdogMs: number;
  log: (message: string) => void;
}

/** A running PostgreSQL. */
export interface WorkerThread {
  connect(): MessagePort;
  /** Resolves when the thread has ended, with how it did: "crashed: …". */
  ended: Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts PostgreSQL in a thread, and ends that thread when it says nothing for too long: an endless statement, or an
 * engine that spins on a full disk, cannot be interrupted in any other way.
 * @throws Error when it does not start.
 */
export async function startWorkerThread(options: WorkerThreadOptions): Promise<WorkerThread> {
  const beatMs = options.watchdogMs / BEATS;
  const workerData: WorkerOptions = { directory: options.directory, engine: await loadEngine(), beatMs };
  const worker = new Worker(WORKER, {
    name: 'postgres',
    workerData,
    resourceLimits: { stackSizeMb: STACK_MB },
  });
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  let reason: string | undefined;
  let missedBeats = 0;
  let watchdog: NodeJS.Timeout | undefined;

  function giveUp(why: string): void {
    reason ??= why;
    void worker.terminate();
  }
  function watch(): void {
    // Counted in ticks of our own clock: when this whole process was suspended, nothing was missed.
    watchdog = setInterval(() => {
      if (++missedBeats > BEATS) giveUp(`gave no sign of life for ${options.watchdogMs} ms`);
    }, beatMs);
  }
  worker.on('message', (message: FromWorker) => {
    missedBeats = 0;
    if (message === 'ready') ready.resolve();
    // Under `node --watch` a thread's imports arrive here too, as messages of Node's own.
    else if (typeof message === 'object' && 'log' in message) options.log(message.log);
  });
  worker.on('error', (error) => {
    reason ??= `crashed: ${error instanceof Error ? error.message : String(error)}`;
  });
  // Not before: two engines must never have the same files open.
  worker.on('exit', (code) => ended.resolve(reason ?? `exited with code ${code}`));
  void ended.promise.then((how) => {
    clearInterval(watchdog);
    ready.reject(new Error(`the embedded database ${how}`));
  });

  const startLimit = setTimeout(giveUp, START_WITHIN_MS, `did not start within ${START_WITHIN_MS} ms`);
  await ready.promise.finally(() => clearTimeout(startLimit));
  watch();

  const send = (message: ToWorker, ports: MessagePort[] = []) => worker.postMessage(message, ports);
  return {
    connect() {
      const { port1, port2 } = new MessageChannel();
      send({ connect: port2 }, [port2]);
      return port1;
    },
    ended: ended.promise,
    async close() {
      send('close');
      const late = new AbortController();
      await Promise.race([
        ended.promise,
        wait(CLOSE_WITHIN_MS, undefined, { signal: late.signal }).catch(() => {}),
      ]);
      late.abort();
      await worker.terminate();
    },
  };
}
