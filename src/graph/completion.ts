import {
  COMPLETION_STATUSES,
  FAILURE_REASONS,
  RESET_REASONS,
  FINISH_REASONS,
  type Completion as CompletionRow,
  type Failure,
  type Outcome,
  type Part,
  type ToolCall as ToolCallRow,
} from '../domain/completion.ts';
import { COMPLETION_ORIGINS } from '../domain/completion-origin.ts';
import { textOf } from '../completion/answer.ts';
import { ApiKey } from './api-key.ts';
import { Attempt } from './attempt.ts';
import { builder } from './builder.ts';
import { formerModel, Model } from './model.ts';
import { Money, toMoney } from './money.ts';
import { Tag } from './tag.ts';
import { Team } from './team.ts';
import { TokenUsage } from './token-usage.ts';

export const CompletionStatus = builder.enumType('CompletionStatus', {
  description: 'INTERRUPTED: the process that ran it died; it is settled from what was known.',
  values: COMPLETION_STATUSES,
});
export const CompletionOrigin = builder.enumType('CompletionOrigin', {
  description: `Who wanted a completion. SHADOW: a copy of what a caller asked for, sent where \`shadow\` of its route says. PROBE: the gateway
looked whether a model answers. Of these two no caller ever hears; they are for admins.`,
  values: COMPLETION_ORIGINS,
});
const FinishReason = builder.enumType('FinishReason', { values: FINISH_REASONS });
export const CompletionReason = builder.enumType('CompletionReason', {
  description: `CUT: the provider’s stream ended before its finish. REPLAYED: the reader’s place in the stream is not known
any more. RESTARTED: another answer is written from the beginning. One type for all events, so that a selection may name \`reason\` on several of them.`,
  values: [...FAILURE_REASONS, ...RESET_REASONS],
});
const TextPart = builder
  .objectRef<Part>('TextPart')
  .implement({ fields: (t) => ({ text: t.exposeString('text') }) });
const ReasoningPart = builder
  .objectRef<Part>('ReasoningPart')
  .implement({ fields: (t) => ({ text: t.exposeString('text') }) });
const MessagePart = builder.unionType('MessagePart', {
  types: [TextPart, ReasoningPart],
  resolveType: ({ type }) => (type === 'text' ? 'TextPart' : 'ReasoningPart'),
});

const ToolCall = builder.objectRef<ToolCallRow>('ToolCall').implement({
  fields: (t) => ({
    id: t.exposeString('id'),
    name: t.exposeString('name'),
    arguments: t.field({ type: 'JSON', resolve: (call) => call.arguments }),
  }),
});

const Latency = builder.objectRef<Outcome>('Latency').implement({
  fields: (t) => ({
    queueMs: t.exposeInt('queueMs', {
      description: 'Waited for room before the provider was called; the other two count from there.',
    }),
    totalMs: t.exposeInt('totalMs'),
    firstTokenMs: t.int({ nullable: true, resolve: ({ firstTokenMs }) => firstTokenMs }),
  }),
});

const CompletionFailure = builder.objectRef<Failure>('CompletionFailure').implement({
  description: 'Why there is no full answer.',
  fields: (t) => ({
    reason: t.field({ type: CompletionReason, resolve: ({ reason }) => reason }),
    code: t.exposeString('code', { description: 'As in `ErrorCode`.' }),
    message: t.exposeString('message'),
  }),
});

export const Completion = builder.objectRef<CompletionRow>('Completion');
builder.node(Completion, {
  description:
    'One request to a model and all that came of it. Text and usage so far are kept also when it failed.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.completion.load(id))),
  fields: (t) => ({
    status: t.field({ type: CompletionStatus, resolve: ({ status }) => status }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    finishedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ finishedAt }) => finishedAt }),
    text: t.string({
      description: 'All text parts joined; empty while running.',
      resolve: ({ outcome }) => textOf(outcome?.parts ?? []),
    }),
    parts: t.field({ type: [MessagePart], resolve: ({ outcome }) => outcome?.parts ?? [] }),
    toolCalls: t.field({ type: [ToolCall], resolve: ({ outcome }) => outcome?.toolCalls ?? [] }),
    object: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The answer to a JSON Schema, parsed and valid.',
      resolve: ({ outcome }) => outcome?.object,
    }),
    finishReason: t.field({
      type: FinishReason,
      nullable: true,
      resolve: ({ outcome }) => outcome?.finishReason,
    }),
    failure: t.field({ type: CompletionFailure, nullable: true, resolve: ({ outcome }) => outcome?.failure }),
    model: t.field({
      type: Model,
      description: 'The model that answered.',
      resolve: ({ model, provider }, _args, { gateway }) =>
        gateway.catalog.findModel(model) ?? formerModel(model, provider),
    }),
    requestedModel: t.exposeString('requestedModel'),
    usage: t.field({ type: TokenUsage, nullable: true, resolve: ({ outcome }) => outcome?.usage }),
    cost: t.field({
      type: Money,
      nullable: true,
      description: 'Null while running, and when the model has no known price: an unknown cost is not zero.',
      resolve: ({ outcome }) => toMoney(outcome?.costNanos),
    }),
    priced: t.boolean({
      description: 'Whether the model’s price was known when it began.',
      resolve: ({ priceId }) => priceId !== undefined,
    }),
    latency: t.field({ type: Latency, nullable: true, resolve: ({ outcome }) => outcome }),
    attempts: t.field({
      type: [Attempt],
      description: 'Every call of a provider, in order.',
      resolve: ({ outcome }) => outcome?.attempts ?? [],
    }),
    warnings: t.stringList({
      description:
        'Settings that the provider did not take as they were, another model than the one that was asked for, and models that are deprecated.',
      resolve: ({ outcome }) => outcome?.warnings ?? [],
    }),
    tags: t.field({ type: [Tag], resolve: ({ tags }) => tags }),
    endUserId: t.string({ nullable: true, resolve: ({ endUserId }) => endUserId }),
    traceId: t.exposeString('traceId', {
      description: 'W3C trace id: the caller’s own where a `traceparent` came.',
    }),
    team: t.field({
      type: Team,
      nullable: true,
      resolve: ({ teamId }, _args, { loaders }) => loaders.team.load(teamId),
    }),
    key: t.field({
      type: ApiKey,
      nullable: true,
      resolve: ({ keyId }, _args, { loaders }) => loaders.key.load(keyId),
    }),
  }),
});

builder.objectFields(Completion, (t) => ({
  origin: t.field({ type: CompletionOrigin, resolve: ({ origin }) => origin }),
  shadowOf: t.field({
    type: Completion,
    nullable: true,
    description: 'The completion that this one is a copy of.',
    resolve: ({ shadowOf }, _args, { loaders }) =>
      shadowOf === undefined ? null : loaders.completion.load(shadowOf),
  }),
  shadows: t.field({
    type: [Completion],
    description: 'The copies of it that went elsewhere. None for whoever is no admin.',
    resolve: ({ id }, _args, { loaders }) => loaders.shadows.load(id),
  }),
}));

builder.asEntity(Completion, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { loaders }) => loaders.completion.load(id),
});
