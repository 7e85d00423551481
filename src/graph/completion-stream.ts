import { parseAsk } from '../domain/ask.ts';
import type { Completion as CompletionRow, CompletionEvent as EventRow } from '../domain/completion.ts';
import { InvalidInput } from '../domain/errors.ts';
import { COMPLETION_COST } from '../domain/operation.ts';
import type { Entry } from '../events/stream-log.ts';
import { newId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { Completion, CompletionReason } from './completion.ts';
import { CompletionInput } from './completion-input.ts';
import { isUserError, toFailureError, toUserErrors, UserError, type UserErrorData } from './errors.ts';

const MAX_COALESCE_MS = 5_000;

/** An event on its way to a subscriber. */
export interface Sent<Event extends EventRow = EventRow> {
  cursor: string;
  completionId: string;
  event: Event;
  /** For a completion that was refused before it began. */
  refusal?: UserErrorData[];
}
type Of<Type extends EventRow['type']> = Sent<Extract<EventRow, { type: Type }>>;

const TYPE_NAMES: Record<EventRow['type'], string> = {
  started: 'CompletionStarted',
  text: 'CompletionTextDelta',
  reasoning: 'CompletionReasoningDelta',
  'tool-delta': 'CompletionToolCallDelta',
  reset: 'CompletionReset',
  finished: 'CompletionFinished',
  failed: 'CompletionFailed',
};

const CompletionEvent = builder.interfaceRef<Sent>('CompletionEvent').implement({
  description: 'Every stream ends with exactly one CompletionFinished or CompletionFailed.',
  fields: (t) => ({
    cursor: t.field({
      type: 'Cursor',
      description: 'Hand back as `after` to go on from here.',
      resolve: ({ cursor }) => cursor,
    }),
    completionId: t.id({ resolve: ({ completionId }) => completionId }),
  }),
  resolveType: ({ event }) => TYPE_NAMES[event.type],
});

const ALWAYS_THERE =
  'Always there; its type is that of CompletionFailed, so that one selection may name it on several events.';
const interfaces = [CompletionEvent];
builder.objectRef<Of<'started'>>('CompletionStarted').implement({
  interfaces,
  fields: (t) => ({
    completion: t.field({
      type: Completion,
      nullable: true,
      description: ALWAYS_THERE,
      resolve: ({ event }) => event.completion,
    }),
  }),
});
builder.objectRef<Of<'text'>>('CompletionTextDelta').implement({
  interfaces,
  fields: (t) => ({ text: t.string({ resolve: ({ event }) => event.text }) }),
});
builder.objectRef<Of<'reasoning'>>('CompletionReasoningDelta').implement({
  interfaces,
  fields: (t) => ({ text: t.string({ resolve: ({ event }) => event.text }) }),
});
builder.objectRef<Of<'tool-delta'>>('CompletionToolCallDelta').implement({
  interfaces,
  fields: (t) => ({
    toolCallId: t.string({ resolve: ({ event }) => event.id }),
    name: t.string({ resolve: ({ event }) => event.name }),
    argumentsDelta: t.string({ resolve: ({ event }) => event.delta }),
  }),
});
builder.objectRef<Of<'reset'>>('CompletionReset').implement({
  interfaces,
  description: 'What came so far no longer counts: the text starts again.',
  fields: (t) => ({ reason: t.field({ type: CompletionReason, resolve: ({ event }) => event.reason }) }),
});
builder.objectRef<Of<'finished'>>('CompletionFinished').implement({
  interfaces,
  fields: (t) => ({
    completion: t.field({
      type: Completion,
      nullable: true,
      description: ALWAYS_THERE,
      resolve: ({ event }) => event.completion,
    }),
  }),
});
builder.objectRef<Of<'failed'>>('CompletionFailed').implement({
  interfaces,
  description: 'There is no full answer. What came so far is kept on the completion.',
  fields: (t) => ({
    reason: t.field({ type: CompletionReason, resolve: ({ event }) => event.failure.reason }),
    errors: t.field({
      type: [UserError],
      resolve: ({ event: { failure, completion }, refusal }) =>
        refusal ?? [toFailureError(failure, completion?.outcome?.attempts ?? [])],
    }),
    completion: t.field({
      type: Completion,
      nullable: true,
      description: 'Null when it was refused before it began; then nothing was called and nothing charged.',
      resolve: ({ event }) => event.completion,
    }),
  }),
});

const coalesceMs = {
  defaultValue: 30,
  description: 'Merge deltas into at most one frame in this time; 0 sends each as it comes.',
};

builder.subscriptionFields((t) => ({
  completionStream: t.field({
    type: CompletionEvent,
    description: `Starts a completion and streams it, or attaches to what the same idempotency key has started. After a lost
connection subscribe again with the same key and \`after: <last cursor>\`: nothing is lost, repeated or charged twice.
Without a key the model is stopped as soon as the client leaves.`,
    complexity: COMPLETION_COST,
    args: {
      input: t.arg({ type: CompletionInput, required: true }),
      idempotencyKey: t.arg.string(),
      after: t.arg({ type: 'Cursor' }),
      coalesceMs: t.arg.int(coalesceMs),
    },
    subscribe: (_root, args, { gateway, who, signal, traceId, requestId, ip, region, onLimits }) =>
      orRefusal(async () => {
        const idempotencyKey = args.idempotencyKey ?? undefined;
        const options = { idempotencyKey, traceId, requestId, ip, region, onLimits, ...toReadOptions(args) };
        return gateway.runs.stream(who, parseAsk(args.input), options, signal);
      }),
    resolve: (sent: Sent) => sent,
  }),
  completionEvents: t.field({
    type: CompletionEvent,
    description: 'Attaches to a running or finished completion, from a second tab or another device.',
    args: {
      id: t.arg.id({ required: true }),
      after: t.arg({ type: 'Cursor' }),
      coalesceMs: t.arg.int(coalesceMs),
    },
    subscribe: (_root, args, { gateway, who, signal }) =>
      orRefusal(() => gateway.runs.attach(who, args.id, toReadOptions(args), signal), args.id),
    resolve: (sent: Sent) => sent,
  }),
}));

export function toReadOptions(args: { after?: string | null; coalesceMs?: number | null }) {
  const ms = args.coalesceMs ?? 0;
  if (ms < 0 || ms > MAX_COALESCE_MS) {
    throw new InvalidInput([
      { path: ['coalesceMs'], message: `coalesceMs is ${ms}; it must be from 0 to ${MAX_COALESCE_MS}` },
    ]);
  }
  return { after: args.after ?? undefined, coalesceMs: ms };
}

/** A stream that is refused still ends as every stream does: with one terminal event. */
export async function orRefusal(
  open: () => Promise<AsyncIterableIterator<Entry>>,
  id = newId('cmpl'),
): Promise<AsyncIterableIterator<Sent>> {
  try {
    return toSent(await open());
  } catch (error) {
    if (!isUserError(error)) throw error;
    const failure = { reason: 'FAILED', code: error.code, message: error.message } as Extract<
      EventRow,
      { type: 'failed' }
    >['failure'];
    const refused: Sent = {
      cursor: '',
      completionId: id,
      event: { type: 'failed', failure, completion: undefined },
      refusal: toUserErrors(error),
    };
    return once(refused);
  }
}

/** Keeps the source's immediate `return()`, which an `async function*` around it would lose. */
function toSent(entries: AsyncIterableIterator<Entry>): AsyncIterableIterator<Sent> {
  let completion: CompletionRow | undefined;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await entries.next();
      if (result.done) return { value: undefined, done: true };
      const { cursor, event } = result.value;
      if ('completion' in event && event.completion) completion = event.completion;
      return { value: { cursor, completionId: completion?.id ?? '', event }, done: false };
    },
    async return() {
      await entries.return?.();
      return { value: undefined, done: true };
    },
  };
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}
