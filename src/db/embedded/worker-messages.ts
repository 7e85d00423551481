import type { MessagePort } from 'node:worker_threads';

export interface WorkerOptions {
  /** Of the cluster; undefined for one in memory. */
  directory: string | undefined;
  /** PostgreSQL, compiled. */
  engine: WebAssembly.Module;
  /** How often the worker says that it lives. */
  beatMs: number;
}

export type ToWorker = { connect: MessagePort } | 'close';
export type FromWorker = 'ready' | 'beat' | { log: string };
