import type { OutboxEvent } from '../events/outbox.ts';
import { raceAbort } from '../lib/abort.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { CANCELLED, claimEvaluation, extendLeases, giveBack, type Claimed } from './claims.ts';
import { createProgressTeller } from './progress.ts';
import { startRun, type EvaluationRun, type RunDeps } from './run.ts';

/** In one process. More wait until one of these has ended. */
const RUNNING_MAX = 8;

/** Runs evaluations. Of several instances one at a time runs each; the next goes on where a dead one was. */
export interface Runner {
  /** Says that those of this process are alive, takes on what nobody runs, and begins it. Does not wait for their ends. */
  look(): Promise<void>;
  /** Somebody wants one to end, here or elsewhere. */
  onEvent(event: OutboxEvent): void;
  /** Begins no further case and waits for those under way; once the signal aborts it stops them. Others go on with the rest. */
  drain(signal: AbortSignal): Promise<void>;
}

export interface RunnerDeps extends Omit<RunDeps, 'onProgress'> {
  announce(event: OutboxEvent): Promise<void>;
  announceCommit(): void;
  onError(error: unknown): void;
}

export function createRunner(deps: RunnerDeps): Runner {
  const { sql, lease } = deps;
  const running = new Map<string, EvaluationRun>();
  const progress = createProgressTeller(deps);
  let isDraining = false;

  function begin(claimed: Claimed): void {
    const run = startRun({ ...deps, onProgress: progress.tell }, claimed);
    running.set(claimed.id, run);
    void run.ended
      // What nobody expected is tried again when the lease has run out.
      .catch(deps.onError)
      .finally(() => {
        running.delete(claimed.id);
        deps.announceCommit();
        if (!isDraining) void look().catch(deps.onError);
      });
  }

  const look = oneAtATime(async () => {
    if (running.size > 0) await beat();
    while (!isDraining && running.size < RUNNING_MAX) {
      const claimed = await claimEvaluation(sql, lease);
      if (!claimed) return;
      // It is ours still, where its lease ran out while the database could not be reached.
      if (!running.has(claimed.id)) begin(claimed);
    }
  });

  async function beat(): Promise<void> {
    const ours = new Map(
      (await extendLeases(sql, lease, [...running.keys()])).map((each) => [each.id, each]),
    );
    for (const [id, run] of running) {
      if (ours.get(id)?.isCancelled) run.stop(CANCELLED);
      // Somebody took this process for dead.
      if (!ours.has(id)) run.leave();
    }
  }

  return {
    look,
    onEvent({ kind, subjectId }) {
      if (kind === 'CANCEL_REQUESTED') running.get(subjectId)?.stop(CANCELLED);
    },
    async drain(signal) {
      isDraining = true;
      for (const run of running.values()) run.pause();
      const ends = Promise.allSettled([...running.values()].map(({ ended }) => ended));
      await raceAbort(ends, signal).catch(() => running.forEach((run) => run.leave()));
      await ends;
      progress.close();
      await giveBack(sql, lease.instanceId).catch(deps.onError);
    },
  };
}
