import type { Ask } from '../../../src/domain/ask.ts';
import { parseAsk, type AskInput } from '../../../src/domain/ask.ts';
import type { Chunk } from '../../../src/domain/completion.ts';
import { ProviderError } from '../../../src/domain/errors.ts';

/** A whole ask around one text. */
export function askFor(text: string, more: Partial<AskInput> = {}): Ask {
  return parseAsk({ model: 'any/model', source: { text }, ...more }) as Ask;
}

export interface Collected {
  chunks: Chunk[];
  text: string;
  /** What the stream threw, if it did not end well. */
  error: unknown;
}

/** Reads a stream to its end, whichever way it ends. */
export async function collect(stream: AsyncIterable<Chunk>): Promise<Collected> {
  const chunks: Chunk[] = [];
  let error: unknown;
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (thrown) {
    error = thrown;
  }
  const text = chunks.map((chunk) => (chunk.type === 'text' ? chunk.text : '')).join('');
  return { chunks, text, error };
}

/** The chunks of one type. */
export function ofType<T extends Chunk['type']>(chunks: Chunk[], type: T): Extract<Chunk, { type: T }>[] {
  return chunks.filter((chunk): chunk is Extract<Chunk, { type: T }> => chunk.type === type);
}

export function asProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  throw new Error(`expected a ProviderError, got ${String(error)}`, { cause: error });
}

export const never = (): AbortSignal => new AbortController().signal;
