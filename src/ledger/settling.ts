import type { Sql } from 'postgres';
import { Unavailable } from '../domain/errors.ts';
import { sleep } from '../lib/abort.ts';
import { groupCommit } from '../lib/group-commit.ts';
import type { Logger } from '../lib/logger.ts';
import { settleAll, type EndedAttempt, type Settlement } from './settle.ts';

const RETRY_FROM_MS = 50;
const RETRY_TO_MS = 5_000;

/** Settlements of one process, which share statements. */
export interface Settling {
  /** Tried until the database has taken it or the process ends. Answers as `settleAll` does. */
  settle(settlement: Settlement | EndedAttempt): Promise<Date | undefined>;
  close(): Promise<void>;
}

/** @param options.onSettled is called after each commit. */
export function createSettling(
  sql: Sql,
  options: { maxItems: number; maxWaiting: number; logger: Logger; onSettled: () => void },
): Settling {
  const closing = new AbortController();
  const flush = async (items: (Settlement | EndedAttempt)[]) => {
    const finished = await settleAll(sql, items);
    options.onSettled();
    return finished;
  };
  const together = groupCommit(flush, options);
  // A settlement that cannot be written must not hold up, again and again, those it shares a statement with.
  const alone = groupCommit(flush, { ...options, maxItems: 1 });
  return {
    async settle(settlement) {
      const { completionId } = settlement;
      let next = settlement;
      for (let tries = 0; ; tries += 1) {
        try {
          return await (tries === 0 ? together : alone).add(next);
        } catch (error) {
          options.logger.error({ err: error, completionId }, 'settlement failed, trying again');
          if (tries > 0 && isUnwritable(error)) next = withoutContent(settlement);
          await sleep(Math.min(RETRY_FROM_MS * 2 ** tries, RETRY_TO_MS), closing.signal);
        }
      }
    },
    async close() {
      closing.abort(new Unavailable('the gateway is shutting down'));
      await together.drain();
      await alone.drain();
    },
  };
}

/**
 * Whether it is the value that cannot be written, so that trying again will not help: SQLSTATE classes 22 and 54.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
function isUnwritable(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  return error instanceof Error && 'code' in error && /^(22|54)/.test(String(error.code));
}

/** The money must be right also where the answer cannot be kept. */
function withoutContent(settlement: Settlement | EndedAttempt): Settlement | EndedAttempt {
  if ('ended' in settlement) return settlement;
  const { outcome, recording: _recording, ...rest } = settlement;
  const warnings = ['the answer could not be stored'];
  return { ...rest, outcome: { ...outcome, parts: [], toolCalls: [], object: undefined, warnings } };
}
