import { MESSAGE_ROLES } from '../domain/ask.ts';
import { REASONING_EFFORTS } from '../domain/ask-settings.ts';
import { PRIORITIES } from '../domain/priority.ts';
import { PRODUCTION } from '../domain/prompt.ts';
import { builder } from './builder.ts';
import { TagInput } from './inputs.ts';

export const MessageRole = builder.enumType('MessageRole', { values: MESSAGE_ROLES });
const ReasoningEffort = builder.enumType('ReasoningEffort', { values: REASONING_EFFORTS });

const CompletionPriority = builder.enumType('CompletionPriority', {
  description:
    'BATCH: nobody sits in front of it. It goes last where requests wait, and is refused first under load.',
  values: PRIORITIES,
});

const FileInput = builder.inputType('FileInput', {
  fields: (t) => ({
    mediaType: t.string({ required: true }),
    dataBase64: t.string({ required: true }),
    name: t.string(),
  }),
});
const ToolCallInput = builder.inputType('ToolCallInput', {
  description: 'A tool call that the assistant made, as it came in `Completion.toolCalls`.',
  fields: (t) => ({
    id: t.string({ required: true }),
    name: t.string({ required: true }),
    arguments: t.field({ type: 'JSON', required: true }),
  }),
});
const ToolResultInput = builder.inputType('ToolResultInput', {
  fields: (t) => ({
    toolCallId: t.string({ required: true }),
    output: t.field({ type: 'JSON', required: true }),
    isError: t.boolean({ defaultValue: false }),
  }),
});
const MessagePartInput = builder.inputType('MessagePartInput', {
  isOneOf: true,
  fields: (t) => ({
    text: t.string(),
    imageUrl: t.string({ description: 'https:// or data:image/…' }),
    file: t.field({ type: FileInput }),
    toolCall: t.field({ type: ToolCallInput, description: 'Only in a message of role ASSISTANT.' }),
    toolResult: t.field({ type: ToolResultInput, description: 'Only in a message of role TOOL.' }),
  }),
});
const MessageInput = builder.inputType('MessageInput', {
  fields: (t) => ({
    role: t.field({ type: MessageRole, required: true }),
    parts: t.field({ type: [MessagePartInput], required: true }),
  }),
});
const PromptRefInput = builder.inputType('PromptRefInput', {
  fields: (t) => ({
    slug: t.string({ required: true }),
    label: t.string({ defaultValue: PRODUCTION, description: '`latest` is the newest version.' }),
    version: t.int({ description: 'Its number, instead of a label.' }),
    variables: t.field({ type: 'JSON', description: 'By name.' }),
    record: t.boolean({
      defaultValue: true,
      description: 'False: they are not kept, even where the organisation has agreed to that.',
    }),
  }),
});
const CompletionSource = builder.inputType('CompletionSource', {
  isOneOf: true,
  fields: (t) => ({
    text: t.string({ description: 'The same as one USER message.' }),
    messages: t.field({ type: [MessageInput] }),
    prompt: t.field({
      type: PromptRefInput,
      description:
        'It writes the messages and says what else it needs; `model` and `params` here go before its own.',
    }),
  }),
});
export const ToolInput = builder.inputType('ToolInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    description: t.string(),
    parameters: t.field({ type: 'JSON', required: true, description: 'JSON Schema of its arguments.' }),
  }),
});
const OutputInput = builder.inputType('OutputInput', {
  isOneOf: true,
  fields: (t) => ({
    jsonSchema: t.field({
      type: 'JSON',
      description: 'The answer must meet it, and comes as `Completion.object`.',
    }),
    text: t.boolean(),
  }),
});
export const ModelParams = builder.inputType('ModelParams', {
  fields: (t) => ({
    temperature: t.float({ description: 'From 0 to 2.' }),
    topP: t.float({ description: 'From 0 to 1.' }),
    maxOutputTokens: t.int(),
    stop: t.stringList(),
    seed: t.int(),
    reasoning: t.field({ type: ReasoningEffort }),
    providerOptions: t.field({
      type: 'JSON',
      description: 'By provider: what only that one knows, passed on as it is.',
    }),
  }),
});

export const CompletionInput = builder.inputType('CompletionInput', {
  fields: (t) => ({
    model: t.string({ description: '`provider/model`, an alias of one, or the name of a route.' }),
    source: t.field({ type: CompletionSource, required: true }),
    tools: t.field({ type: [ToolInput] }),
    output: t.field({ type: OutputInput }),
    params: t.field({ type: ModelParams }),
    tags: t.field({ type: [TagInput], description: 'Free labels for the ledger and for dashboards.' }),
    endUserId: t.string({ description: 'Whom the answer is for, in the caller’s own terms.' }),
    priority: t.field({ type: CompletionPriority, defaultValue: 'INTERACTIVE' }),
  }),
});
