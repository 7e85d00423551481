import type { Sql } from 'postgres';
import { sleep } from '../lib/abort.ts';
import { findEnd, readAfter, type OutboxEvent, type Position, type ReadEvent } from './outbox.ts';

const BATCH = 1_000;
/** Bursts of commits share one read. */
const SETTLE_MS = 25;

export type Listener = (event: OutboxEvent) => void;

/** Tells this process what was committed, by itself or by any other instance. */
export interface Relay {
  /**
   * Calls the listener once for every event from now on, in order; changes of who may do what can come before their
   * turn. It must not throw. Returns how to stop.
   */
  listen(listener: Listener): () => void;
  /** How far everything has been told. */
  position(): Position;
  /** Something was just committed here: do not wait for the next look. */
  kick(): void;
  close(): Promise<void>;
}

/**
 * @param pollMs how often to look for what other instances committed.
 * @param onError hears that the outbox could not be read; reading goes on from the same place.
 */
export async function createRelay(
  sql: Sql,
  options: { pollMs: number; onError: (error: unknown) => void },
): Promise<Relay> {
  const listeners = new Set<Listener>();
  const closing = new AbortController();
  /** Told before their turn. */
  const hinted = new Set<bigint>();
  let position = await findEnd(sql);
  let kicked = Promise.withResolvers<void>();

  async function readOn(): Promise<void> {
    for (;;) {
      const events = await readAfter(sql, position, BATCH);
      for (const event of events) tell(event);
      if (events.filter(({ isHint }) => !isHint).length < BATCH) return;
    }
  }

  function tell({ isHint, transaction, seq, ...event }: ReadEvent): void {
    if (!isHint) position = { transaction, seq };
    const isNew = !hinted.has(seq);
    if (isHint) hinted.add(seq);
    else hinted.delete(seq);
    if (isNew) for (const listener of listeners) listener(event);
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      await waitForNews();
      await readOn().catch(options.onError);
    }
  }

  /** Until a kick or the next look is due; also when closing. A kick during the read is not lost. */
  async function waitForNews(): Promise<void> {
    const due = setTimeout(kicked.resolve, options.pollMs);
    await kicked.promise;
    clearTimeout(due);
    await sleep(SETTLE_MS, closing.signal).catch(() => {});
    kicked = Promise.withResolvers();
  }

  const running = run();
  return {
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    position: () => position,
    kick: () => kicked.resolve(),
    async close() {
      closing.abort();
      kicked.resolve();
      await running;
    },
  };
}
