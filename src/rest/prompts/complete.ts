import { COMPLETION_COST } from '../../domain/operation.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Entry } from '../../events/stream-log.ts';
import type { Answer, Endpoint, Exchange, Stream, Whole } from '../endpoint.ts';
import { toEnvelope } from '../errors.ts';
import { presentCompletion, presentEvent, statusOf, tellFailure } from './present.ts';
import { readWish, toWordsOfBody, type Wish } from './wish.ts';

/** Deltas are merged into at most one event in this time. */
const COALESCE_MS = 30;

/**
 * A completion of a published prompt. With `stream`, server-sent events; after a lost connection the same request with the
 * same `Idempotency-Key` and the `Last-Event-ID` goes on from there.
 */
export const completePrompt: Endpoint = {
  method: 'POST',
  path: '/v1/prompts/{slug}/completions',
  points: COMPLETION_COST,
  async answer(exchange): Promise<Answer> {
    const wish = readWish(exchange.params['slug'] ?? '', exchange.body);
    try {
      return wish.stream ? await stream(exchange, wish) : await whole(exchange, wish);
    } catch (error) {
      throw toWordsOfBody(error);
    }
  },
};

async function whole(exchange: Exchange, { draft }: Wish): Promise<Whole> {
  const { gateway, who, requestId } = exchange;
  const completion = await exchange.whole((signal) =>
    gateway.runs.answer(who, draft, optionsOf(exchange), signal),
  );
  const failure = completion.outcome?.failure;
  const presented = await presentCompletion(gateway, completion);
  if (!failure) return { status: 200, body: presented };
  const body = { errors: [tellFailure(failure)], requestId, completion: presented };
  return { status: statusOf(failure), body };
}

async function stream(exchange: Exchange, { draft }: Wish): Promise<Stream> {
  const { gateway, who, requestId, signal } = exchange;
  const options = optionsOf(exchange);
  const after = headerOf(exchange, 'last-event-id');
  if (after !== undefined && options.idempotencyKey === undefined) {
    const message = 'last-event-id goes on with a completion only beside the idempotency-key that began it';
    throw new InvalidInput([{ path: ['last-event-id'], message }]);
  }
  exchange.stream();
  const entries = await gateway.runs.stream(
    who,
    draft,
    { ...options, after, coalesceMs: COALESCE_MS },
    signal,
  );
  return {
    async next() {
      const result: IteratorResult<Entry, undefined> = await entries.next();
      return result.done ? undefined : presentEvent(gateway, result.value, requestId);
    },
    failed: (told) => ({ event: 'failed', data: { ...toEnvelope(told), completion: null } }),
  };
}

function optionsOf(exchange: Exchange) {
  const { traceId, requestId, ip, region, onLimits } = exchange;
  return { idempotencyKey: headerOf(exchange, 'idempotency-key'), traceId, requestId, ip, region, onLimits };
}

function headerOf({ headers }: Exchange, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
