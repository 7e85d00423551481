import type { Ask } from '../../domain/ask.ts';
import type { Chunk, ToolCall } from '../../domain/completion.ts';
import { ProviderError } from '../../domain/errors.ts';
import { raceAbort, sleep } from '../../lib/abort.ts';
import { countTokens } from '../../lib/tokens.ts';
import { afterBeginning, countInput } from './read-ask.ts';
import { beforeStop, shortenToTokens, splitIntoPieces } from './words.ts';

/** What a demo model says to one ask, and how. */
export interface Script {
  reasoning?: string;
  text?: string;
  toolCall?: ToolCall;
  /** Between two words; 5 unless said otherwise. */
  paceMs?: number;
  /** Says nothing at all until it is aborted. */
  silent?: boolean;
  /** Breaks the stream off after so many words. */
  cutAfterWords?: number;
  /** Keeps its token figures to itself. */
  unmetered?: boolean;
}

const PACE_MS = 5;

/** How much may still be said, and whether there was more to say than that. */
interface Room {
  tokens: number;
  exceeded: boolean;
}

/** Streams a script as a vendor would: at a pace, within the ask's limits, its tokens counted by `countTokens`. */
export async function* play(
  script: Script,
  ask: Ask,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  if (script.silent) await raceAbort(new Promise<never>(() => {}), signal);
  const limit = ask.params.maxOutputTokens ?? Infinity;
  const room: Room = { tokens: limit, exceeded: false };
  const reasoning = yield* speak('reasoning', script.reasoning ?? '', script, room, signal);
  const text = afterBeginning(beforeStop(script.text ?? '', ask.params.stop), ask);
  const spoken = yield* speak('text', text, script, room, signal);
  const toolCall = room.exceeded ? undefined : script.toolCall;
  const called = toolCall ? yield* callTool(toolCall) : 0;
  if (!script.unmetered) {
    const output = Math.min(reasoning + spoken + called, limit);
    yield {
      type: 'usage',
      usage: { input: countInput(ask), output, cacheRead: 0, cacheWrite: 0, reasoning },
    };
  }
  yield { type: 'finish', reason: room.exceeded ? 'LENGTH' : toolCall ? 'TOOL_CALLS' : 'STOP' };
}

/** Says a text piece by piece; gives the tokens of what was said. */
async function* speak(
  type: 'text' | 'reasoning',
  text: string,
  script: Script,
  room: Room,
  signal: AbortSignal,
): AsyncGenerator<Chunk, number, undefined> {
  let said = '';
  for (const [index, piece] of splitIntoPieces(text).entries()) {
    if (index === script.cutAfterWords) {
      throw new ProviderError('demo broke off in the middle of the answer', { cut: true });
    }
    const fitting = shortenToTokens(piece, room.tokens);
    room.tokens -= countTokens(fitting);
    room.exceeded = fitting !== piece;
    await sleep(script.paceMs ?? PACE_MS, signal);
    said += fitting;
    if (fitting !== '') yield { type, text: fitting };
    if (room.exceeded) break;
  }
  return countTokens(said);
}

function* callTool(call: ToolCall): Generator<Chunk, number, undefined> {
  const json = JSON.stringify(call.arguments);
  yield { type: 'tool-delta', id: call.id, name: call.name, delta: json };
  yield { type: 'tool-call', call };
  return countTokens(call.name) + countTokens(json);
}
