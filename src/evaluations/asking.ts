import type { AskDraft } from '../domain/ask.ts';
import type { Completion } from '../domain/completion.ts';
import { BudgetExceeded, GatewayError } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { RunOptions, Runs } from '../completion/runs.ts';
import { sleep } from '../lib/abort.ts';
import { newId, newTraceId } from '../lib/ids.ts';

/** For how long what is too much for our limits and budgets is tried again. */
const PATIENCE_MS = 10 * 60_000;
/** How often what a vendor had no room for is asked again. */
const AGAIN_MAX = 5;
const WAIT_MS = { room: 100, first: 100, unknown: 2_000, most: 60_000 };

/** Asks models for an evaluation, through all that completions go through. */
export interface Asking {
  /**
   * Asks once for each name, however often it is called, here or by whoever goes on after this process: what was paid for is
   * not asked again. Waits where there is no room at the moment.
   * @param name of the question.
   * @param onSpent hears of each completion that it took, also of those that came to nothing.
   * @throws GatewayError that stays where it was refused: BudgetExceeded for what never fits; the signal's reason.
   */
  ask(
    name: string,
    draft: AskDraft,
    signal: AbortSignal,
    onSpent: (completion: Completion) => void,
  ): Promise<Completion>;
}

export interface AskingDeps {
  runs: Pick<Runs, 'answerOrStop'>;
  /** Who asks, as it stands now. */
  ensureStarter(): Promise<Principal>;
  ip: string;
}

export function createAsking({ runs, ensureStarter, ip }: AskingDeps): Asking {
  /** Once, where it may be asked now. */
  async function answer(idempotencyKey: string, draft: AskDraft, signal: AbortSignal): Promise<Completion> {
    const who = await ensureStarter();
    const options: RunOptions = {
      idempotencyKey,
      requestId: newId('req'),
      traceId: newTraceId(),
      ip,
      region: undefined,
      onLimits() {},
    };
    return runs.answerOrStop(who, draft, options, signal);
  }

  async function answerWhenThereIsRoom(
    idempotencyKey: string,
    draft: AskDraft,
    signal: AbortSignal,
  ): Promise<Completion> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (let tries = 1; ; tries += 1) {
      try {
        return await answer(idempotencyKey, draft, signal);
      } catch (error) {
        signal.throwIfAborted();
        const waitMs = waitFor(error, tries);
        if (waitMs === undefined || performance.now() + waitMs > untilMs) throw error;
        await sleep(waitMs, signal);
      }
    }
  }

  return {
    async ask(name, draft, signal, onSpent) {
      for (let turn = 1; ; turn += 1) {
        const key = turn === 1 ? name : `${name}/${turn}`;
        const completion = await answerWhenThereIsRoom(key, draft, signal);
        onSpent(completion);
        signal.throwIfAborted();
        if (!cameToNothing(completion) || turn > AGAIN_MAX) return completion;
        if (isFresh(completion))
          await sleep(completion.outcome?.failure?.retryAfterMs ?? backOff(turn), signal);
      }
    },
  };
}

/** @returns undefined for what will be no other the next time. */
function waitFor(error: unknown, tries: number): number | undefined {
  if (error instanceof BudgetExceeded) return fitsLater(error) ? WAIT_MS.room : undefined;
  if (!(error instanceof GatewayError) || !error.retryable) return undefined;
  return Math.min(error.retryAfterMs ?? backOff(tries), WAIT_MS.most);
}

/** What is held by others is given back, most of it; what is settled is gone. */
function fitsLater({ budget: { limit, current }, estimated }: BudgetExceeded): boolean {
  return estimated !== undefined && estimated <= limit - current.settled;
}

function backOff(tries: number): number {
  return Math.min(WAIT_MS.first * 2 ** (tries - 1), WAIT_MS.unknown);
}

/** Nothing was said and nothing is charged: the vendor had no room, or the process ended before it was called. */
function cameToNothing({ outcome }: Completion): boolean {
  if (!outcome || outcome.usage.source !== 'NONE') return false;
  const isBroken = outcome.status === 'INTERRUPTED' || outcome.status === 'CANCELLED';
  return isBroken || outcome.failure?.code === 'RATE_LIMITED';
}

/** It is not told again from long ago. */
function isFresh({ finishedAt }: Completion): boolean {
  return finishedAt === undefined || Date.now() - finishedAt.getTime() < WAIT_MS.most;
}
