import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { LRUCache } from 'lru-cache';
import type { Ask } from '../domain/ask.ts';
import type { Completion } from '../domain/completion.ts';
import { Cancelled, IdempotencyKeyUsed, InvalidInput } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { OutboxEvent } from '../events/outbox.ts';
import type { Entry } from '../events/stream-log.ts';
import { raceAbort } from '../lib/abort.ts';
import { complete, type Deps } from './complete.ts';
import { follow, waitUntilSettled, type FollowDeps } from './follow.ts';
import { createRun, type Run } from './run.ts';

/** Streams that are over stay readable from their cursors this long, and as many as fit. */
const KEEP_MS = 10 * 60_000;
const KEEP_CHARS = 64_000_000;
const CANCEL_WITHIN_MS = 15_000;

export interface RunsDeps extends Deps, FollowDeps {
  findByIdempotencyKey(keyId: string, key: string): Promise<Completion | undefined>;
  announce(event: OutboxEvent): Promise<void>;
  /** How long a completion with an idempotency key runs on while nobody listens. */
  abandonMs: number;
}

/** What comes beside an ask. */
export interface RunOptions {
  idempotencyKey?: string | undefined;
  traceId: string;
}

export interface ReadOptions {
  after?: string | undefined;
  coalesceMs: number;
}

/** All completions under way in this process, and the way to those elsewhere. */
export interface Runs {
  /**
   * Starts a completion, or attaches to the one that the idempotency key stands for.
   * @throws GatewayError when the ask is refused.
   */
  stream(who: Principal, ask: Ask, options: RunOptions & ReadOptions, signal: AbortSignal): Promise<AsyncIterableIterator<Entry>>;
  /** The same, answered as a whole once it is settled. */
  answer(who: Principal, ask: Ask, options: RunOptions, signal: AbortSignal): Promise<Completion>;
  /** Attaches to a completion by its id, whether it runs here, elsewhere, or is over. */
  attach(who: Principal, id: string, options: ReadOptions, signal: AbortSignal): Promise<AsyncIterableIterator<Entry>>;
  /** Stops a completion and answers it settled; one that is over is answered as it is. */
  cancel(who: Principal, id: string, signal: AbortSignal): Promise<Completion>;
  /** Stops what another instance was asked to cancel. */
  onEvent(event: OutboxEvent): void;
  /** How far each completion of this process is. */
  heartbeats(): { completionId: string; seenOutputTokens: number }[];
  /** Stops those completions whose hold this process has lost. */
  stopLost(ids: string[]): void;
  /** Waits for the end of all that runs; once the signal aborts, stops it. */
  drain(signal: AbortSignal): Promise<void>;
}

export function createRuns(deps: RunsDeps): Runs {
  const running = new Set<Run>();
  const byId = new Map<string, Run>();
  const bySlot = new Map<string, { run: Run; askHash: string }>();
  const over = new LRUCache<Run, () => void>({
    ttl: KEEP_MS,
    ttlAutopurge: false,
    maxSize: KEEP_CHARS,
    sizeCalculation: (_forget, run) => run.log.size() + 1,
    dispose: (forget) => forget(),
  });

  function startOrAttach(who: Principal, ask: Ask, options: RunOptions): Run {
    const { idempotencyKey } = options;
    if (idempotencyKey === undefined) return begin(who, ask, { ...options, idempotencyKey, askHash: '' }, undefined);
    ensureKey(idempotencyKey);
    const askHash = hash('sha256', canonicalize(ask) ?? '');
    const slot = `${who.keyId} ${idempotencyKey}`;
    const known = bySlot.get(slot);
    if (!known) return begin(who, ask, { ...options, idempotencyKey, askHash }, slot);
    if (known.askHash !== askHash) throw new IdempotencyKeyUsed();
    return known.run;
  }

  function begin(who: Principal, ask: Ask, opening: RunOptions & { idempotencyKey: string | undefined; askHash: string }, slot: string | undefined): Run {
    const request = { who, ask, ...opening };
    const run = createRun(
      (signal, onMeter) => (opening.idempotencyKey === undefined ? complete(deps, { ...request, onMeter }, signal) : completeOnce(deps, { ...request, onMeter }, signal)),
      opening.idempotencyKey === undefined ? 0 : deps.abandonMs,
    );
    running.add(run);
    if (slot !== undefined) bySlot.set(slot, { run, askHash: opening.askHash });
    void keepTrack(run, slot);
    return run;
  }

  /** Known by its id while it runs and, as memory allows, for a while after. */
  async function keepTrack(run: Run, slot: string | undefined): Promise<void> {
    let id: string | undefined;
    const forget = () => {
      if (id !== undefined) byId.delete(id);
      if (slot !== undefined) bySlot.delete(slot);
    };
    try {
      id = (await run.started).id;
      byId.set(id, run);
      await run.ended;
      over.set(run, forget);
    } catch {
      forget();
    } finally {
      running.delete(run);
    }
  }

  async function read(run: Run, options: ReadOptions, signal: AbortSignal): Promise<AsyncIterableIterator<Entry>> {
    const leave = run.join();
    try {
      await raceAbort(run.started, signal);
      return leaving(run.log.read(options.after, options.coalesceMs, signal), leave, signal);
    } catch (error) {
      leave();
      throw error;
    }
  }

  return {
    stream: async (who, ask, options, signal) => read(startOrAttach(who, ask, options), options, signal),

    async answer(who, ask, options, signal) {
      const run = startOrAttach(who, ask, options);
      const leave = run.join();
      try {
        return await raceAbort(run.ended, signal);
      } finally {
        leave();
      }
    },

    async attach(who, id, options, signal) {
      await deps.reread(who, id);
      const run = byId.get(id) ?? createRun((stop) => follow(deps, who, id, stop), 0);
      return read(run, options, signal);
    },

    async cancel(who, id, signal) {
      const completion = await deps.reread(who, id);
      if (completion.status !== 'RUNNING') return completion;
      byId.get(id)?.abort(new Cancelled('cancelled on request'));
      if (!byId.has(id)) await deps.announce({ kind: 'CANCEL_REQUESTED', organisationId: who.organisationId, subjectId: id });
      return waitUntilSettled(deps, who, id, AbortSignal.any([signal, AbortSignal.timeout(CANCEL_WITHIN_MS)]));
    },

    onEvent({ kind, subjectId }) {
      if (kind === 'CANCEL_REQUESTED') byId.get(subjectId)?.abort(new Cancelled('cancelled on request'));
    },

    heartbeats: () =>
      [...byId].flatMap(([completionId, run]) => {
        const seenOutputTokens = running.has(run) ? run.seenOutputTokens() : undefined;
        return seenOutputTokens === undefined ? [] : [{ completionId, seenOutputTokens }];
      }),

    stopLost(ids) {
      for (const id of ids) byId.get(id)?.abort(new Cancelled('this process lost the hold of the completion'));
    },

    async drain(signal) {
      const allEnded = Promise.allSettled([...running].map((run) => run.ended));
      await raceAbort(allEnded, signal).catch(() => {
        for (const run of running) run.abort(new Cancelled('the gateway is shutting down'));
      });
      await allEnded;
    },
  };
}

/** As `complete`, unless the idempotency key stands for a completion already: then that one is told again. */
async function* completeOnce(deps: RunsDeps, request: Parameters<typeof complete>[1], signal: AbortSignal) {
  const { who, idempotencyKey, askHash } = request;
  const find = () => deps.findByIdempotencyKey(who.keyId, idempotencyKey!);
  let earlier = await find();
  if (!earlier) {
    try {
      return yield* complete(deps, request, signal);
    } catch (error) {
      // Two instances got the same key at the same moment; the database let one of them through.
      if (!(error instanceof IdempotencyKeyUsed)) throw error;
      earlier = await find();
    }
  }
  if (earlier?.askHash !== askHash) throw new IdempotencyKeyUsed();
  yield* follow(deps, who, earlier.id, signal);
}

/** Entries for as long as they are read; whichever way the reader ends, it is counted out. */
function leaving(entries: AsyncIterableIterator<Entry>, leave: () => void, signal: AbortSignal): AsyncIterableIterator<Entry> {
  signal.addEventListener('abort', leave, { once: true });
  const end = () => {
    signal.removeEventListener('abort', leave);
    leave();
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await entries.next();
      if (result.done) end();
      return result;
    },
    async return() {
      end();
      return (await entries.return?.()) ?? { value: undefined, done: true };
    },
  };
}

function ensureKey(key: string): void {
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return;
  throw new InvalidInput([{ path: ['idempotencyKey'], message: 'idempotencyKey must be 1 to 255 printable ASCII characters' }]);
}
