import type { Sql } from '../db/database.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { OutboxEvent } from '../events/outbox.ts';
import type { Relay } from '../events/relay.ts';
import { iterateUntilAborted, raceAbort } from '../lib/abort.ts';
import type { Claimed } from './claims.ts';
import { findEvaluation } from './evaluation-rows.ts';

/** Bursts of cases share one piece of news. */
const TELL_EVERY_MS = 250;
/** How long to trust in being told. */
const LOOK_AGAIN_MS = 5_000;

/** Tells all instances of progress. */
export interface ProgressTeller {
  tell(evaluation: Pick<Claimed, 'id' | 'organisationId'>): void;
  close(): void;
}

export function createProgressTeller({
  announce,
  onError,
}: {
  announce(event: OutboxEvent): Promise<void>;
  onError(error: unknown): void;
}): ProgressTeller {
  const waiting = new Map<string, NodeJS.Timeout>();
  return {
    tell({ id, organisationId }) {
      if (waiting.has(id)) return;
      const tellNow = () => {
        waiting.delete(id);
        announce({ kind: 'EVALUATION_CHANGED', organisationId, subjectId: id }).catch(onError);
      };
      waiting.set(id, setTimeout(tellNow, TELL_EVERY_MS));
    },
    close() {
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
    },
  };
}

/**
 * How an evaluation stands: now, and each time that it has got on, until it has ended. A reader that is slow is told how it
 * stands when it comes. Of one that is not there it tells nothing, once.
 */
export function watchEvaluation(
  { sql, relay }: { sql: Sql; relay: Pick<Relay, 'listen'> },
  { organisationId, id }: Pick<Evaluation, 'organisationId' | 'id'>,
  signal: AbortSignal,
): AsyncIterableIterator<Evaluation | undefined> {
  async function* watch(): AsyncGenerator<Evaluation | undefined> {
    let news = Promise.withResolvers<void>();
    const stopListening = relay.listen(({ kind, subjectId }) => {
      if (kind === 'EVALUATION_CHANGED' && subjectId === id) news.resolve();
    });
    let told = '';
    try {
      for (;;) {
        news = Promise.withResolvers();
        const evaluation = await findEvaluation(sql, organisationId, id);
        if (told !== markOf(evaluation)) yield evaluation;
        told = markOf(evaluation);
        if (!evaluation || evaluation.finishedAt) return;
        await raceAbort(news.promise, signal, LOOK_AGAIN_MS).catch(() => signal.throwIfAborted());
      }
    } finally {
      stopListening();
    }
  }
  return iterateUntilAborted(watch(), signal);
}

function markOf(evaluation: Evaluation | undefined): string {
  if (!evaluation) return 'none';
  const { status, counts, costNanos } = evaluation;
  return [status, ...Object.values(counts), costNanos].join(' ');
}
