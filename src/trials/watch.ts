import type { Sql, TransactionSql } from 'postgres';
import { CANARY_ARM, type Trial, type TrialMember } from '../domain/trial.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { conclude } from './conclude.ts';
import { COUNTED_AT_ONCE, countSettled } from './count.ts';
import { createExposure, type Exposure, type Judged } from './exposure.ts';
import { judge, type Decision } from './judge.ts';
import { listTrials, lockTrial } from './rows.ts';
import { readSums } from './sums.ts';

/** Counts what comes of trials, and decides on them. Several instances may: each decision is made once. */
export interface TrialWatch extends Pick<Exposure, 'isFull' | 'enter' | 'leave'> {
  /** A request of a trial is settled: that is judged right away. */
  settled(member: TrialMember): void;
  /** Something was told of a completion of this trial. */
  told(trialId: string): void;
  /** Judges all that run, and waits for it: time has passed, and other instances may have died before they could. */
  look(): Promise<void>;
  /** Waits for what is being judged. */
  close(): Promise<void>;
}

export interface TrialWatchDeps {
  sql: Sql;
  /** Does what a decision wants done, in its transaction and before all else of it. */
  act(tx: TransactionSql, trial: Trial, decision: Decision): Promise<void>;
  /** Something was decided and is committed; resolves when this instance goes by it. */
  onDecided(organisationId: string): Promise<void>;
  onError(error: unknown): void;
}

export function createTrialWatch(deps: TrialWatchDeps): TrialWatch {
  const exposure = createExposure();
  const judges = new Map<string, () => Promise<void>>();
  const judging = new Set<Promise<void>>();
  let isClosed = false;

  async function judgeNow(trialId: string): Promise<void> {
    for (let hasMore = true; hasMore && !isClosed;) {
      const countedAs = exposure.beginCount(trialId);
      const result = await judgeOnce(deps, trialId);
      countedAs(result?.judged);
      if (result?.decidedFor !== undefined) await deps.onDecided(result.decidedFor);
      hasMore = result?.hasMore ?? false;
    }
  }

  /** What comes while one is judged is judged together after that. What fails is tried again at the next look. */
  function judgeSoon(trialId: string): Promise<void> {
    if (isClosed) return Promise.resolve();
    const judgeOne = judges.get(trialId) ?? oneAtATime(() => judgeNow(trialId));
    judges.set(trialId, judgeOne);
    const run = judgeOne()
      .catch((error: unknown) => {
        if (!isClosed) deps.onError(error);
      })
      .finally(() => judging.delete(run));
    judging.add(run);
    return run;
  }

  return {
    ...exposure,
    settled(member) {
      exposure.settled(member);
      void judgeSoon(member.trialId);
    },
    told: (trialId) => void judgeSoon(trialId),
    async look() {
      const current = await listTrials(deps.sql);
      const ids = new Set(current.map(({ id }) => id));
      exposure.retain(ids);
      for (const id of judges.keys()) if (!ids.has(id)) judges.delete(id);
      const running = current.filter(({ state }) => state === 'RUNNING');
      // What was decided by now may not hold here yet.
      await Promise.all([...judging, ...running.map(({ id }) => judgeSoon(id))]);
    },
    async close() {
      isClosed = true;
      await Promise.all(judging);
    },
  };
}

/**
 * Counts what has settled and decides, in one transaction that has the trial alone.
 * @returns undefined where it does not stand any more.
 */
async function judgeOnce(
  { sql, act }: Pick<TrialWatchDeps, 'sql' | 'act'>,
  trialId: string,
): Promise<{ judged: Judged; decidedFor: string | undefined; hasMore: boolean } | undefined> {
  return sql.begin(async (tx) => {
    const locked = await lockTrial(tx, trialId);
    if (!locked) return undefined;
    const { trial, stepMs } = locked;
    const counted = await countSettled(tx, trial);
    const [sumsOf] = await readSums(tx, [trial]);
    const decision = trial.state === 'RUNNING' ? judge(trial, sumsOf!, stepMs) : undefined;
    if (decision) {
      await act(tx, trial, decision);
      await conclude(tx, trial, decision);
    }
    const isSameStep = !decision || decision.step === trial.step;
    return {
      judged: {
        answered: isSameStep ? sumsOf!(CANARY_ARM, 'success').count : 0,
        isRunning: (decision ?? trial).state === 'RUNNING',
      },
      decidedFor: decision && trial.organisationId,
      hasMore: counted === COUNTED_AT_ONCE,
    };
  });
}
