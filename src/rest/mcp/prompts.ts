import {
  ProtocolError,
  ProtocolErrorCode,
  type ContentBlock,
  type GetPromptResult,
  type Prompt,
} from '@modelcontextprotocol/server';
import type { AskMessage, AskPart } from '../../domain/ask.ts';
import { GatewayError } from '../../domain/errors.ts';
import { PRODUCTION, type PromptVariable } from '../../domain/prompt.ts';
import type { PublishedPrompt } from '../../prompts/published.ts';
import { checkVariables } from '../../prompts/variables.ts';
import type { Exchange } from '../endpoint.ts';
import { toolNameOf } from './tool-name.ts';

const DATA_URL = /^data:(?<mimeType>image\/[\w.+-]+);base64,(?<data>.*)$/s;

export function describePrompt({ slug, description, version }: PublishedPrompt): Prompt {
  return {
    name: toolNameOf(slug),
    title: slug,
    description: description ?? `The prompt ${slug}.`,
    arguments: version.spec.variables.map(({ name, description: about, required, default: value }) => ({
      name,
      ...(about !== undefined && { description: about }),
      required: required && value === undefined,
    })),
  };
}

/**
 * The messages of a prompt, without asking a model. Arguments are texts here, so that those of other types come as JSON.
 * @throws ProtocolError for what the prompt does not take.
 */
export async function renderPrompt(
  { gateway, who }: Exchange,
  { slug, description }: PublishedPrompt,
  given: Record<string, string>,
): Promise<GetPromptResult> {
  try {
    const ref = { slug, label: PRODUCTION, version: undefined };
    const { spec, compiled } = await gateway.prompts.book.ensure(who.organisationId, ref);
    const values = checkVariables(spec.variables, fromTexts(spec.variables, given), ['arguments']);
    const messages = compiled.render(values).flatMap(toPromptMessages);
    return { ...(description !== undefined && { description }), messages };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message, { code: error.code });
  }
}

function fromTexts(
  variables: readonly PromptVariable[],
  given: Record<string, string>,
): Record<string, unknown> {
  const texts = new Set(
    variables.filter(({ type }) => type === 'STRING' || type === 'IMAGE').map(({ name }) => name),
  );
  const known = new Set(variables.map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(given).map(([name, text]) => [
      name,
      texts.has(name) || !known.has(name) ? text : parse(text),
    ]),
  );
}

/** What is no JSON stays as it is; the check of the variables then says what is wanted. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The protocol knows no instructions of a system; they come first and as the user's. One message holds one part. */
function toPromptMessages({ role, parts }: AskMessage): GetPromptResult['messages'] {
  const from = role === 'ASSISTANT' ? 'assistant' : 'user';
  return parts.flatMap((part) => {
    const content = toContent(part);
    return content ? [{ role: from, content }] : [];
  });
}

function toContent(part: AskPart): ContentBlock | undefined {
  if (part.type === 'text') return { type: 'text', text: part.text };
  if (part.type !== 'image') return undefined;
  const { mimeType, data } = DATA_URL.exec(part.url)?.groups ?? {};
  if (mimeType !== undefined && data !== undefined) return { type: 'image', mimeType, data };
  return { type: 'resource_link', uri: part.url, name: 'image' };
}
