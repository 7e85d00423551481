import type { Completion } from '../domain/completion.ts';
import type { Logger } from '../lib/logger.ts';
import { formatNanos } from '../lib/money.ts';

/** Tells the log what happened to a completion: never what was asked or answered. */
export interface Reporter {
  settled(completion: Completion, requestId: string): void;
  /** An error that nobody made on purpose. */
  unexpected(error: unknown, requestId: string): void;
}

export function createReporter(logger: Logger): Reporter {
  return {
    settled({ id, model, keyId, traceId, status, outcome }, requestId) {
      if (!outcome) return;
      const { usage, costNanos, totalMs, firstTokenMs, failure } = outcome;
      logger.info(
        {
          requestId,
          completionId: id,
          keyId,
          traceId,
          model,
          status,
          code: failure?.code,
          inputTokens: usage.input,
          outputTokens: usage.output,
          costUsd: costNanos === undefined ? undefined : formatNanos(costNanos),
          totalMs,
          firstTokenMs,
        },
        'completion settled',
      );
    },
    unexpected: (err, requestId) => logger.error({ err, requestId }, 'unexpected error in a completion'),
  };
}
