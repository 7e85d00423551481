import type { Ask, AskPart } from '../../domain/ask.ts';
import { chooseTool } from './choose-tool.ts';
import { fillSchema } from './fill-schema.ts';
import type { Script } from './play.ts';
import { countInput, lastUserText } from './read-ask.ts';
import { summarise } from './summarise.ts';

const ASKS_FOR_SUMMARY = /\b(summar|tl;?dr|in short|key points|sum up)/i;
const QUOTED_CHARS = 120;

/**
 * Answers from the ask itself, the same each time: calls a tool that fits, fills the schema that is asked for,
 * extracts a summary, or says what it is and what it saw.
 */
export function assist(ask: Ask): Script {
  const results = lastToolResults(ask);
  if (ask.tools.length > 0 && results.length === 0) {
    const toolCall = chooseTool(ask);
    if (toolCall) return { toolCall };
  }
  const text = lastUserText(ask);
  if (ask.outputSchema) {
    const facts = [text, ...results.map((result) => print(result.output))].join('\n');
    return { text: JSON.stringify(fillSchema(ask.outputSchema, facts)) };
  }
  if (results.length > 0) return { text: results.map(reportResult).join('\n') };
  if (ASKS_FOR_SUMMARY.test(text)) return { text: summarise(withoutInstruction(text)) };
  return { text: introduce(ask, text) };
}

type ToolResult = Extract<AskPart, { type: 'tool-result' }>;

/** The results the conversation ends with: what the assistant has been waiting for. */
function lastToolResults(ask: Ask): ToolResult[] {
  const last = ask.messages.at(-1);
  return (last?.parts ?? []).filter((part) => part.type === 'tool-result');
}

function reportResult({ toolName, output, isError }: ToolResult): string {
  return `The tool ${toolName} ${isError ? 'failed' : 'answered'}: ${print(output)}`;
}

function print(output: unknown): string {
  return typeof output === 'string' ? output : (JSON.stringify(output) ?? 'nothing');
}

/** "Summarise this: …" is no part of what is to be summarised; without a colon or a line break it stays. */
function withoutInstruction(text: string): string {
  const end = text.search(/[:\n]/);
  const isInstruction = end >= 0 && end < QUOTED_CHARS && ASKS_FOR_SUMMARY.test(text.slice(0, end));
  return isInstruction ? text.slice(end + 1) : text;
}

function introduce(ask: Ask, text: string): string {
  const files = ask.messages
    .flatMap(({ parts }) => parts)
    .filter(({ type }) => type === 'image' || type === 'file');
  const quoted = text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS)}…` : text;
  const seen = [
    `${ask.messages.length} message${ask.messages.length === 1 ? '' : 's'}`,
    `${countInput(ask)} tokens`,
    ...(files.length > 0 ? [`${files.length} image${files.length === 1 ? '' : 's'} or files`] : []),
  ];
  return [
    `This is a demo model, built into the gateway: no model was asked and nothing was spent.`,
    `It saw ${seen.join(', ')}${quoted ? `, the last of which says: "${quoted}"` : ''}.`,
    `Ask it for a summary, for JSON by a schema, or give it a tool; set a key such as OPENAI_API_KEY for a real model.`,
  ].join(' ');
}
