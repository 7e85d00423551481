import type { CallToolResult, ServerContext, Tool } from '@modelcontextprotocol/server';
import { textOf } from '../../completion/answer.ts';
import type { Completion } from '../../domain/completion.ts';
import { GatewayError } from '../../domain/errors.ts';
import { COMPLETION_COST } from '../../domain/operation.ts';
import type { JsonSchema } from '../../domain/prompt.ts';
import type { PublishedPrompt } from '../../prompts/published.ts';
import { relocateRefs } from '../../prompts/relocate-refs.ts';
import { DIALECT, toJsonSchema } from '../../prompts/variable-schema.ts';
import type { Exchange } from '../endpoint.ts';
import { Refused } from '../errors.ts';
import { presentCompletion } from '../prompts/present.ts';
import { readWish, toWordsOfBody } from '../prompts/wish.ts';
import { toolNameOf } from './tool-name.ts';

/** Progress is told at most once in this time. */
const PROGRESS_MS = 100;

/** A call of a tool, as the SDK hands it over. */
interface Call extends Pick<ServerContext['mcpReq'], 'signal' | 'notify'> {
  given: Record<string, unknown>;
  /** By which the client wants to hear of its progress; undefined: it does not. */
  progressToken: string | number | undefined;
}

export function describeTool({ slug, description, version }: PublishedPrompt): Tool {
  const { variables, outputSchema } = version.spec;
  return {
    name: toolNameOf(slug),
    title: slug,
    description: description ?? `Runs the prompt ${slug}.`,
    inputSchema: { $schema: DIALECT, type: 'object', ...(toJsonSchema(variables) as object) },
    ...(outputSchema && { outputSchema: toOutputSchema(outputSchema) }),
  };
}

/**
 * Runs the prompt. What keeps it from its answer is told as the result of the tool, so that the model that called it can
 * do better: https://modelcontextprotocol.io/specification/2025-11-25/server/tools#error-handling
 */
export async function callTool(
  exchange: Exchange,
  prompt: PublishedPrompt,
  call: Call,
): Promise<CallToolResult> {
  try {
    const completion = await run(exchange, prompt, call);
    return await toResult(exchange, prompt, completion);
  } catch (error) {
    if (!(error instanceof GatewayError || error instanceof Refused)) throw error;
    if (error.code === 'FORBIDDEN') exchange.tellRefusal(error.message);
    const { code, message } = toWordsOfBody(error) as GatewayError | Refused;
    return failed(code, message);
  }
}

async function run(exchange: Exchange, prompt: PublishedPrompt, call: Call): Promise<Completion> {
  const { gateway, who, traceId, requestId, ip, region, onLimits } = exchange;
  const { draft } = readWish(prompt.slug, { variables: call.given });
  await exchange.take(COMPLETION_COST);
  const options = { traceId, requestId, ip, region, onLimits };
  const { progressToken } = call;
  return exchange.whole(async (late) => {
    const signal = AbortSignal.any([late, call.signal]);
    if (progressToken === undefined) return gateway.runs.answer(who, draft, options, signal);
    const entries = await gateway.runs.stream(who, draft, { ...options, coalesceMs: PROGRESS_MS }, signal);
    let progress = 0;
    let completion: Completion | undefined;
    for await (const { event } of { [Symbol.asyncIterator]: () => entries }) {
      if ('completion' in event && event.completion) completion = event.completion;
      if (event.type === 'text') progress += event.text.length;
      const message = event.type === 'text' ? { message: event.text } : {};
      if (event.type === 'text' || event.type === 'started')
        await call.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, ...message },
        });
    }
    return completion!;
  });
}

async function toResult(
  { gateway }: Exchange,
  { version }: PublishedPrompt,
  completion: Completion,
): Promise<CallToolResult> {
  const { failure, object, parts = [] } = completion.outcome ?? {};
  const { text: _text, result: _result, ...about } = await presentCompletion(gateway, completion);
  const beside = { ['_meta']: { 'sluice/completion': about } };
  if (failure) return { ...failed(failure.code, failure.message), ...beside };
  if (object === undefined) return { content: [{ type: 'text', text: textOf(parts) }], ...beside };
  const { outputSchema = {} } = version.spec;
  const structuredContent = (isOfObject(outputSchema) ? object : { result: object }) as Record<
    string,
    unknown
  >;
  return { content: [{ type: 'text', text: JSON.stringify(object) }], structuredContent, ...beside };
}

function failed(code: string, message: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: `${code}: ${message}` }] };
}

/** The protocol knows objects only; anything else is told as the one member of one. */
function toOutputSchema(schema: JsonSchema): JsonSchema {
  if (isOfObject(schema)) return schema;
  const result = relocateRefs(schema, '#/properties/result');
  return { type: 'object', properties: { result }, required: ['result'] };
}

function isOfObject({ type }: JsonSchema): boolean {
  return type === 'object';
}
