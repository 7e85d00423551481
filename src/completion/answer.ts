import type { Chunk, CompletionEvent, FinishReason, Part, ToolCall, Usage } from '../domain/completion.ts';
import { ProviderError } from '../domain/errors.ts';
import { isTooDeep, MAX_JSON_LEVELS } from '../lib/json-depth.ts';

/** An answer longer than this is a vendor gone wrong; without a bound it would fill the memory. */
const MAX_ANSWER_CHARS = 16_000_000;
/** No model takes or gives nearly as much. */
const MAX_TOKENS = 1_000_000_000;

/** What a vendor has said so far. */
export interface Answer {
  parts: Part[];
  toolCalls: ToolCall[];
  warnings: string[];
  /** Everything that counts as output, in one piece: text, reasoning, arguments of tools. */
  written: string;
  finish: FinishReason | undefined;
  reported: Omit<Usage, 'source'> | undefined;
}

export function emptyAnswer(): Answer {
  return { parts: [], toolCalls: [], warnings: [], written: '', finish: undefined, reported: undefined };
}

/**
 * Adds a chunk to the answer.
 * @returns what subscribers are told of it, if anything.
 * @throws ProviderError when the answer grows beyond all bounds.
 */
export function addChunk(answer: Answer, chunk: Chunk): CompletionEvent | undefined {
  switch (chunk.type) {
    case 'text':
    case 'reasoning':
      return addText(answer, chunk);
    case 'tool-delta':
      write(answer, chunk.delta);
      return chunk;
    case 'tool-call':
      ensureShallow(chunk.call);
      answer.toolCalls.push(chunk.call);
      break;
    case 'usage':
      if (isPlausible(chunk.usage)) answer.reported = chunk.usage;
      break;
    case 'warnings':
      answer.warnings.push(...chunk.warnings);
      break;
    case 'finish':
      answer.finish = chunk.reason;
      break;
  }
  return undefined;
}

export function textOf(parts: readonly Part[]): string {
  return parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), '');
}

/** Some servers report -1 or fractions. A figure that cannot be booked is none. */
function isPlausible(usage: Omit<Usage, 'source'>): boolean {
  return Object.values(usage).every((n) => Number.isInteger(n) && n >= 0 && n <= MAX_TOKENS);
}

function ensureShallow({ name, arguments: given }: ToolCall): void {
  if (!isTooDeep(given)) return;
  throw new ProviderError(`the arguments for ${name} are nested deeper than ${MAX_JSON_LEVELS} levels`);
}

function addText(answer: Answer, { type, text }: Part): CompletionEvent | undefined {
  if (text === '') return undefined;
  write(answer, text);
  const last = answer.parts.at(-1);
  if (last?.type === type) last.text += text;
  else answer.parts.push({ type, text });
  return { type, text };
}

function write(answer: Answer, text: string): void {
  answer.written += text;
  if (answer.written.length <= MAX_ANSWER_CHARS) return;
  throw new ProviderError(`the answer is longer than ${MAX_ANSWER_CHARS} characters`, { cut: true });
}
