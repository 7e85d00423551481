import { parseAsk } from '../domain/ask.ts';
import type { Completion as CompletionRow } from '../domain/completion.ts';
import { countCompletions, listCompletions } from '../ledger/completions.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { Completion, CompletionStatus } from './completion.ts';
import { CompletionInput } from './completion-input.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';
import { failureErrors, payload, UserError, type Payload } from './errors.ts';
import { DateTimeRange, StringFilter, TagInput, withoutNull } from './inputs.ts';

/** What one paid call counts for in the cost of an operation. */
export const COMPLETION_COST = 50;

const CompletionPayload = builder
  .objectRef<Payload<{ completion: CompletionRow }>>('CompletionPayload')
  .implement({
    description: '`completion` is there as soon as a provider was called, with or without errors.',
    fields: (t) => ({
      completion: t.field({ type: Completion, nullable: true, resolve: ({ completion }) => completion }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

const CompletionFilter = builder.inputType('CompletionFilter', {
  fields: (t) => ({
    status: t.field({ type: [CompletionStatus] }),
    model: t.field({ type: StringFilter }),
    keyId: t.id(),
    teamId: t.id(),
    tag: t.field({ type: TagInput }),
    endUserId: t.field({ type: StringFilter }),
    range: t.field({ type: DateTimeRange, description: 'By creation.' }),
    minCost: t.field({ type: 'Decimal' }),
  }),
});

const CompletionConnection = connectionOf('Completion', Completion);

async function answer(
  { gateway, who, signal, traceId, requestId, ip, onLimits }: GraphContext,
  input: unknown,
  idempotencyKey?: string | null,
) {
  const settled = await payload(async () => ({
    completion: await gateway.runs.answer(
      who,
      parseAsk(input),
      { idempotencyKey: idempotencyKey ?? undefined, traceId, requestId, ip, onLimits },
      signal,
    ),
  }));
  return settled.completion ? { ...settled, errors: failureErrors(settled.completion) } : settled;
}

builder.queryFields((t) => ({
  complete: t.field({
    type: CompletionPayload,
    description: 'A completion as a query, to compose with other fields. Each execution calls the model.',
    complexity: COMPLETION_COST,
    args: { input: t.arg({ type: CompletionInput, required: true }) },
    resolve: (_root, { input }, context) => answer(context, input),
  }),
  completion: t.field({
    type: Completion,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { loaders }) => loaders.completion.load(id),
  }),
  completions: t.field({
    type: CompletionConnection,
    description: 'Newest first.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: CompletionFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const { range, minCost, ...rest } = withoutNull(args.filter) ?? {};
      const filter = { ...rest, ...range, minCostNanos: minCost };
      return readPage(args, {
        read: (page) => listCompletions(db, who, filter, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('cmpl', text),
        count: () => countCompletions(db, who, filter),
      });
    },
  }),
}));

builder.mutationFields((t) => ({
  completionCreate: t.field({
    type: CompletionPayload,
    description:
      'A completion. The same idempotency key with the same input is the same completion: one call, one charge.',
    complexity: COMPLETION_COST,
    args: { input: t.arg({ type: CompletionInput, required: true }), idempotencyKey: t.arg.string() },
    resolve: (_root, { input, idempotencyKey }, context) => answer(context, input, idempotencyKey),
  }),
  completionCancel: t.field({
    type: CompletionPayload,
    description: 'Stops a running completion and answers it settled; one that is over is answered as it is.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, signal }) =>
      payload(async () => ({ completion: await gateway.runs.cancel(who, id, signal) })),
  }),
}));
