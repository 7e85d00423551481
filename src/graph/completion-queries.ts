import { parseAsk, type AskDraft } from '../domain/ask.ts';
import { CACHE_DEFAULTS, CACHE_MODES, ensureCacheWish, MAX_AGE_SECONDS } from '../domain/cache-wish.ts';
import type { Completion as CompletionRow } from '../domain/completion.ts';
import { COMPLETION_COST } from '../domain/operation.ts';
import { countCompletions, listCompletions } from '../ledger/completions.ts';
import { isId } from '../lib/ids.ts';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { readPrompts } from '../prompts/rows.ts';
import { builder } from './builder.ts';
import { Completion, CompletionOrigin, CompletionStatus } from './completion.ts';
import { CompletionInput } from './completion-input.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';
import { failureErrors, payload, UserError, type Payload } from './errors.ts';
import { warnOfModels } from './model-warnings.ts';
import { DateTimeRange, StringFilter, TagInput, withoutNull } from './inputs.ts';

export const CompletionPayload = builder
  .objectRef<Payload<{ completion: CompletionRow }>>('CompletionPayload')
  .implement({
    description: '`completion` is there as soon as a provider was called, with or without errors.',
    fields: (t) => ({
      completion: t.field({ type: Completion, nullable: true, resolve: ({ completion }) => completion }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

const CacheMode = builder.enumType('CacheMode', {
  description: `OFF: never. READ: answers with an earlier completion if there is one. READ_WRITE: and else keeps this one. REFRESH: asks
anew and keeps this one.`,
  values: CACHE_MODES,
});
const CacheInput = builder.inputType('CacheInput', {
  description:
    'Whether an earlier answer to the same caller, to the same operation with the same variables, will do.',
  fields: (t) => ({
    mode: t.field({ type: CacheMode, defaultValue: CACHE_DEFAULTS.mode }),
    maxAgeSeconds: t.int({
      defaultValue: CACHE_DEFAULTS.maxAgeSeconds,
      description: `The oldest answer that will do, and how long this one is kept: from 1 to ${MAX_AGE_SECONDS}.`,
    }),
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
    prompt: t.string({ description: 'Slug of the prompt that wrote the messages; it may be archived.' }),
    range: t.field({ type: DateTimeRange, description: 'By creation.' }),
    minCost: t.field({ type: 'Decimal' }),
    origin: t.field({
      type: [CompletionOrigin],
      description: 'CALLER, unless given. The others are there for admins only.',
    }),
  }),
});

const CompletionConnection = connectionOf('Completion', Completion);

/**
 * Asks for a completion and waits for its end.
 * @param readAsk may throw what a caller can cause.
 */
export async function answer(
  context: GraphContext,
  readAsk: () => AskDraft,
  idempotencyKey?: string | null,
): Promise<Payload<{ completion: CompletionRow }>> {
  const { gateway, who, signal, traceId, requestId, ip, region, onLimits } = context;
  const settled = await payload(async () => {
    return {
      completion: await gateway.runs.answer(
        who,
        readAsk(),
        { idempotencyKey: idempotencyKey ?? undefined, traceId, requestId, ip, region, onLimits },
        signal,
      ),
    };
  });
  if (settled.completion) warnOfModels(context, settled.completion);
  return settled.completion ? { ...settled, errors: failureErrors(settled.completion) } : settled;
}

builder.queryFields((t) => ({
  complete: t.field({
    type: CompletionPayload,
    description:
      'A completion as a query, to compose with other fields. Each execution calls the model, unless `cache` says otherwise.',
    complexity: COMPLETION_COST,
    args: {
      input: t.arg({ type: CompletionInput, required: true }),
      cache: t.arg({
        type: CacheInput,
        description:
          'OFF without it. The operation is kept as a whole, so it must ask for nothing beside that is not. A kept answer has the first completion, which was charged once. What failed is not kept.',
      }),
    },
    resolve: async (_root, { input, cache }, context) => {
      const answered = await answer(context, () => {
        ensureCacheWish(cache);
        return parseAsk(input);
      });
      if (answered.errors.length > 0) context.isRepeatable = false;
      return answered;
    },
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
    resolve: async (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const { range, minCost, prompt: slug, ...rest } = withoutNull(args.filter) ?? {};
      const filter = { ...rest, ...range, minCostNanos: minCost, ...(await ofPrompt(gateway, who, slug)) };
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
    resolve: (_root, { input, idempotencyKey }, context) =>
      answer(context, () => parseAsk(input), idempotencyKey),
  }),
  completionCancel: t.field({
    type: CompletionPayload,
    description: 'Stops a running completion and answers it settled; one that is over is answered as it is.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, signal, requestId, ip }) =>
      payload(async () => {
        const completion = await gateway.runs.cancel(who, id, signal);
        const act = { action: 'completion.cancel', target: id };
        // What one has asked for oneself is told by the completion.
        if (completion.keyId !== who.keyId) gateway.accessLog.did(who, act, { requestId, ip });
        return { completion };
      }),
  }),
}));

/** Of a slug that no prompt has, there are no completions. */
async function ofPrompt(
  { prompts }: Gateway,
  { organisationId }: Principal,
  slug: string | undefined,
): Promise<{ promptId?: string }> {
  if (slug === undefined) return {};
  const [prompt] = await readPrompts(prompts.sql, organisationId, { slug });
  return { promptId: prompt?.id ?? '' };
}
