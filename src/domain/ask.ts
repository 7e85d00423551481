import { z } from 'zod';
import {
  nameInput as name,
  paramsInput,
  schemaInput,
  toIssues,
  toolsInput,
  type REASONING_EFFORTS,
} from './ask-settings.ts';
import { InvalidInput } from './errors.ts';
import { PRIORITIES, type Priority } from './priority.ts';
import { PRODUCTION, type PromptRecording, type PromptRef, type PromptUse } from './prompt.ts';
import { tagInput } from './tag.ts';

/** What one ask may hold at most. Bodies are bounded before this, by the transport. */
export const ASK_LIMITS = {
  messages: 1_000,
  partsPerMessage: 100,
  promptChars: 1_000_000,
  fileBase64Chars: 8_000_000,
  tags: 32,
} as const;

export const MESSAGE_ROLES = ['SYSTEM', 'USER', 'ASSISTANT', 'TOOL'] as const;

const text = z.string().max(ASK_LIMITS.promptChars, {
  error: (issue) =>
    `is ${(issue.input as string).length.toLocaleString('en')} characters long; at most ${ASK_LIMITS.promptChars.toLocaleString('en')} fit`,
});

/** Exactly one of these keys: the graph's `@oneOf`, kept here too because not every door has it. */
function oneOf<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).superRefine((value, ctx) => {
    const given = Object.entries(value).filter(([, member]) => member !== undefined && member !== null);
    if (given.length !== 1) {
      const found = given.length === 0 ? 'none' : given.map(([key]) => key).join(' and ');
      ctx.addIssue({
        code: 'custom',
        message: `needs exactly one of ${Object.keys(shape).join(', ')}; found ${found}`,
      });
    }
  });
}

const toolCall = z.object({ id: name, name, arguments: z.unknown() });
const toolResult = z.object({ toolCallId: name, output: z.unknown(), isError: z.boolean().nullish() });
const file = z.object({
  mediaType: z.string().regex(/^[\w.+-]+\/[\w.+*-]+$/, 'is no media type such as "application/pdf"'),
  dataBase64: z.base64('is not base64').min(1).max(ASK_LIMITS.fileBase64Chars),
  name: name.nullish(),
});
export const imageUrl = z
  .string()
  .max(ASK_LIMITS.fileBase64Chars)
  .regex(/^(https:\/\/|data:image\/)/, 'must begin with https:// or data:image/');

const part = oneOf({
  text: text.nullish(),
  imageUrl: imageUrl.nullish(),
  file: file.nullish(),
  toolCall: toolCall.nullish(),
  toolResult: toolResult.nullish(),
});
const messageInput = z.object({
  role: z.enum(MESSAGE_ROLES),
  parts: z.array(part).min(1, 'needs at least one part').max(ASK_LIMITS.partsPerMessage),
});
const messages = z
  .array(messageInput)
  .min(1, 'needs at least one message')
  .max(ASK_LIMITS.messages, {
    error: (issue) =>
      `holds ${(issue.input as unknown[]).length} messages; at most ${ASK_LIMITS.messages} are taken`,
  });

/** What may stand beside the source of an ask, whoever writes its messages. */
export const askSettings = {
  model: name.nullish(),
  params: paramsInput.nullish(),
  tags: z.array(tagInput).max(ASK_LIMITS.tags).nullish(),
  endUserId: name.nullish(),
  priority: z.enum(PRIORITIES).nullish(),
};

const promptRef = z.object({
  slug: name,
  label: name.nullish(),
  version: z.int().min(1).nullish(),
  variables: z.unknown().optional(),
  record: z.boolean().nullish(),
});

const askInput = z
  .object({
    ...askSettings,
    source: oneOf({
      text: text.min(1, 'is empty').nullish(),
      messages: messages.nullish(),
      prompt: promptRef.nullish(),
    }),
    tools: toolsInput.nullish(),
    output: oneOf({ jsonSchema: schemaInput.nullish(), text: z.boolean().nullish() }).nullish(),
  })
  .superRefine((input, ctx) => {
    if (input.source.prompt) checkForPrompt(input, ctx);
    else if (!input.model)
      ctx.addIssue({ code: 'custom', path: ['model'], message: 'is missing; name one as "provider/model"' });
    checkConversation(input.source.messages ?? [], ctx);
  });

/** What a caller sends, in the shape of the graph's `CompletionInput`. */
export type AskInput = z.input<typeof askInput>;
type ParsedInput = z.output<typeof askInput>;
type ParsedMessage = z.output<typeof messageInput>;

export type AskPart =
  | { type: 'text'; text: string }
  | { type: 'image'; url: string }
  | { type: 'file'; mediaType: string; dataBase64: string; name: string | undefined }
  | { type: 'tool-call'; id: string; name: string; arguments: unknown }
  | { type: 'tool-result'; toolCallId: string; toolName: string; output: unknown; isError: boolean };

export interface AskMessage {
  role: (typeof MESSAGE_ROLES)[number];
  parts: AskPart[];
}

export interface AskTool {
  name: string;
  description: string | undefined;
  parameters: Record<string, unknown>;
}

/** One request for a completion, checked and in one form whatever door it came through. */
export interface Ask {
  model: string;
  messages: AskMessage[];
  tools: AskTool[];
  outputSchema: Record<string, unknown> | undefined;
  params: {
    temperature?: number | undefined;
    topP?: number | undefined;
    maxOutputTokens?: number | undefined;
    stop?: string[] | undefined;
    seed?: number | undefined;
    reasoning?: (typeof REASONING_EFFORTS)[number] | undefined;
    providerOptions?: Record<string, Record<string, unknown>> | undefined;
  };
  tags: { key: string; value: string }[];
  endUserId: string | undefined;
  priority: Priority;
  /** The beginning of the answer, for the model to go on from; no caller sets it. */
  answerSoFar?: string | undefined;
  /** Wanted is what each of the messages means, as a vector, and no answer; no caller sets it. */
  embeds?: true | undefined;
  /** What wrote the messages; undefined: the caller. */
  promptUse?: PromptUse | undefined;
  /** What is to be kept of that which the prompt was given. */
  recording?: PromptRecording | undefined;
}

/** An ask whose messages a prompt is still to write, with its own tools, output and settings. */
export interface PromptAsk extends Omit<
  Ask,
  'model' | 'messages' | 'tools' | 'outputSchema' | 'answerSoFar' | 'embeds' | 'promptUse' | 'recording'
> {
  /** Undefined: the one that the prompt names. */
  model: string | undefined;
  promptRef: PromptRef;
}

/** What a door has read. */
export type AskDraft = Ask | PromptAsk;

/**
 * Checks an input and brings it into the one form that the pipeline reads.
 * @param at where the input stands in the caller's own document, for the paths of the errors.
 * @throws InvalidInput that lists every fault with its path.
 */
export function parseAsk(input: unknown, at: string[] = ['input']): AskDraft {
  const parsed = askInput.safeParse(input);
  if (parsed.success) return toAsk(parsed.data);
  throw new InvalidInput(toIssues(parsed.error, at));
}

type Refinement = Pick<z.RefinementCtx, 'addIssue'>;

/** Vendors answer these faults with words of their own, some only after they have charged for the prompt. */
function checkConversation(list: ParsedMessage[], ctx: Refinement): void {
  const called = new Set<string>();
  let chars = 0;
  list.forEach((entry, messageIndex) => {
    entry.parts.forEach((member, partIndex) => {
      const path = ['source', 'messages', messageIndex, 'parts', partIndex];
      chars += member.text?.length ?? 0;
      const fault = partFault(entry.role, member, called);
      if (fault) ctx.addIssue({ code: 'custom', path: [...path, fault.key], message: fault.message });
      if (member.toolCall) called.add(member.toolCall.id);
    });
  });
  if (chars > ASK_LIMITS.promptChars) {
    const message = `hold ${chars.toLocaleString('en')} characters together; at most ${ASK_LIMITS.promptChars.toLocaleString('en')} fit`;
    ctx.addIssue({ code: 'custom', path: ['source', 'messages'], message });
  }
}

function partFault(role: string, member: z.output<typeof part>, called: ReadonlySet<string>) {
  if (member.toolResult && role !== 'TOOL') {
    return { key: 'toolResult', message: `belongs in a message of role TOOL, not ${role}` };
  }
  if (member.toolResult && !called.has(member.toolResult.toolCallId)) {
    const id = JSON.stringify(member.toolResult.toolCallId);
    return { key: 'toolResult', message: `answers tool call ${id}, which no earlier message made` };
  }
  if (role === 'TOOL' && !member.toolResult)
    return { key: 'toolResult', message: 'is missing: a TOOL message holds tool results' };
  if (member.toolCall && role !== 'ASSISTANT') {
    return { key: 'toolCall', message: `belongs in a message of role ASSISTANT, not ${role}` };
  }
  if (role === 'SYSTEM' && member.text == null)
    return { key: 'text', message: 'is missing: a SYSTEM message holds text only' };
  return undefined;
}

/** What belongs to the version of a prompt is not for its caller to say. */
function checkForPrompt(input: Partial<Record<'tools' | 'output', unknown>>, ctx: Refinement): void {
  for (const key of ['tools', 'output'] as const) {
    if (input[key] != null)
      ctx.addIssue({ code: 'custom', path: [key], message: 'is given by the prompt; leave it out' });
  }
}

function toAsk(input: ParsedInput): AskDraft {
  const given = input.params ?? {};
  const params = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null));
  const rest = {
    params,
    tags: input.tags ?? [],
    endUserId: input.endUserId ?? undefined,
    priority: input.priority ?? 'INTERACTIVE',
  };
  const { prompt } = input.source;
  if (prompt) {
    const { slug, label, version, variables, record } = prompt;
    const which = { slug, label: label ?? PRODUCTION, version: version ?? undefined };
    const ref = { ...which, variables, record: record ?? undefined };
    return { ...rest, model: input.model ?? undefined, promptRef: ref };
  }
  return {
    ...rest,
    model: input.model!,
    messages: input.source.messages
      ? toMessages(input.source.messages)
      : [{ role: 'USER', parts: [{ type: 'text', text: input.source.text! }] }],
    tools: (input.tools ?? []).map((tool) => ({ ...tool, description: tool.description ?? undefined })),
    outputSchema: input.output?.jsonSchema ?? undefined,
  };
}

function toMessages(list: ParsedMessage[]): AskMessage[] {
  const toolNames = new Map<string, string>();
  return list.map(({ role, parts }) => ({ role, parts: parts.map((member) => toPart(member, toolNames)) }));
}

function toPart(member: z.output<typeof part>, toolNames: Map<string, string>): AskPart {
  if (member.text != null) return { type: 'text', text: member.text };
  if (member.imageUrl != null) return { type: 'image', url: member.imageUrl };
  if (member.file) return { ...member.file, type: 'file', name: member.file.name ?? undefined };
  if (member.toolCall) {
    toolNames.set(member.toolCall.id, member.toolCall.name);
    return { ...member.toolCall, type: 'tool-call' };
  }
  const { toolCallId, output, isError } = member.toolResult!;
  return {
    type: 'tool-result',
    toolCallId,
    toolName: toolNames.get(toolCallId)!,
    output,
    isError: isError ?? false,
  };
}
