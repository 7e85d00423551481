import { textOf } from '../../completion/answer.ts';
import type { Completion, CompletionEvent, Failure } from '../../domain/completion.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { Entry } from '../../events/stream-log.ts';
import type { Gateway } from '../../gateway.ts';
import { formatNanos } from '../../lib/money.ts';
import type { ServerEvent } from '../endpoint.ts';
import type { ToldError } from '../errors.ts';

/** A settled completion as a client reads it. */
export interface CompletionBody {
  id: string;
  status: Completion['status'];
  /** The answer of a prompt with an output schema. */
  result?: unknown;
  /** The answer of any other, and what came so far of one that failed. */
  text?: string;
  finishReason: string | null;
  toolCalls: { id: string; name: string; arguments: unknown }[];
  /** Its number. */
  promptVersion: number | null;
  model: string;
  usage: Record<string, number | string> | null;
  /** Null where the model has no known price: an unknown cost is not zero. */
  cost: { amount: string; currency: 'USD' } | null;
  warnings: string[];
}

type Presenting = Pick<Gateway, 'prompts'>;

export async function presentCompletion(
  gateway: Presenting,
  completion: Completion,
): Promise<CompletionBody> {
  const { id, status, model, outcome } = completion;
  const { object, parts = [], usage, costNanos } = outcome ?? {};
  return {
    id,
    status,
    ...(object === undefined ? { text: textOf(parts) } : { result: object }),
    finishReason: outcome?.finishReason ?? null,
    toolCalls: outcome?.toolCalls ?? [],
    promptVersion: await findVersion(gateway, completion),
    model,
    usage: usage ? { ...usage, total: usage.input + usage.output } : null,
    cost: costNanos === undefined ? null : { amount: formatNanos(costNanos), currency: 'USD' },
    warnings: outcome?.warnings ?? [],
  };
}

async function findVersion(
  { prompts }: Presenting,
  { organisationId, promptUse }: Completion,
): Promise<number | null> {
  if (!promptUse) return null;
  return (await prompts.book.findNumber(organisationId, promptUse.versionId)) ?? null;
}

/** The status that says of a completion that began why it has no full answer. */
const STATUSES: Record<ErrorCode, number> = {
  INVALID_INPUT: 400,
  NOT_FOUND: 404,
  CONFLICT: 409,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  BUDGET_EXCEEDED: 402,
  MODEL_UNAVAILABLE: 404,
  CONTEXT_WINDOW_EXCEEDED: 400,
  OUTPUT_INVALID: 502,
  PROVIDER_ERROR: 502,
  CANCELLED: 499,
};

export function statusOf({ code }: Failure): number {
  return STATUSES[code];
}

export function tellFailure({ code, message, retryAfterMs }: Failure): ToldError {
  return { code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** One event of a completion; the last one is `finished` or `failed`, and no other is. */
export async function presentEvent(
  gateway: Presenting,
  { cursor: id, event }: Entry,
  requestId: string,
): Promise<ServerEvent> {
  switch (event.type) {
    case 'started':
      return { event: 'started', id, data: await presentStart(gateway, event.completion) };
    case 'text':
      return { event: 'delta', id, data: { text: event.text } };
    case 'reasoning':
      return { event: 'reasoning', id, data: { text: event.text } };
    case 'tool-delta':
      return {
        event: 'tool-call',
        id,
        data: { id: event.id, name: event.name, argumentsDelta: event.delta },
      };
    case 'reset':
      return { event: 'reset', id, data: { reason: event.reason } };
    case 'finished':
      return {
        event: 'finished',
        id,
        data: await presentCompletion(gateway, event.completion),
        isLast: true,
      };
    case 'failed':
      return { event: 'failed', id, data: await presentEnd(gateway, event, requestId), isLast: true };
  }
}

async function presentStart(gateway: Presenting, completion: Completion): Promise<object> {
  const { id, model } = completion;
  return { id, model, promptVersion: await findVersion(gateway, completion) };
}

async function presentEnd(
  gateway: Presenting,
  { failure, completion }: Extract<CompletionEvent, { type: 'failed' }>,
  requestId: string,
): Promise<object> {
  return {
    errors: [tellFailure(failure)],
    requestId,
    completion: completion ? await presentCompletion(gateway, completion) : null,
  };
}
