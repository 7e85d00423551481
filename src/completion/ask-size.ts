import type { Ask, AskPart } from '../domain/ask.ts';
import { countTokens } from '../lib/tokens.ts';

/** What vendors count for a picture or a page, roughly; the real figure comes with the answer. */
const TOKENS_PER_FILE = 1_500;
/** More than vendors document for one picture in full detail. */
const TOKENS_PER_FILE_AT_MOST = 6_000;
/** What a vendor's template puts around each message, and around a conversation with tools, at most. */
const TOKENS_PER_MESSAGE_AT_MOST = 16;
const TOKENS_PER_CONVERSATION_AT_MOST = 64;
const TOKENS_FOR_TOOLS_AT_MOST = 1_000;

/** How many tokens a prompt has, by our own tokenizer. */
export function estimateInputTokens(ask: Ask): number {
  return sumUp(ask, countTokens, () => TOKENS_PER_FILE);
}

/**
 * A number of tokens that the prompt cannot pass: no tokenizer makes more tokens of a text than it has bytes. Pictures and
 * files are the exception, whose size in tokens only the vendor knows.
 */
export function boundInputTokens(ask: Ask): number {
  const around =
    TOKENS_PER_CONVERSATION_AT_MOST +
    (ask.messages.length + (ask.answerSoFar === undefined ? 0 : 1)) * TOKENS_PER_MESSAGE_AT_MOST +
    (ask.tools.length > 0 || ask.outputSchema ? TOKENS_FOR_TOOLS_AT_MOST : 0);
  return (
    around +
    sumUp(
      ask,
      (text) => Buffer.byteLength(text),
      (chars) => Math.max(chars, TOKENS_PER_FILE_AT_MOST),
    )
  );
}

function sumUp(
  ask: Ask,
  sizeOf: (text: string) => number,
  sizeOfFile: (base64Chars: number) => number,
): number {
  let size = 0;
  for (const { parts } of ask.messages)
    for (const part of parts) size += sizeOfPart(part, sizeOf, sizeOfFile);
  if (ask.tools.length > 0) size += sizeOf(JSON.stringify(ask.tools));
  if (ask.outputSchema) size += sizeOf(JSON.stringify(ask.outputSchema));
  if (ask.answerSoFar) size += sizeOf(ask.answerSoFar);
  return size;
}

function sizeOfPart(
  part: AskPart,
  sizeOf: (text: string) => number,
  sizeOfFile: (base64Chars: number) => number,
): number {
  switch (part.type) {
    case 'text':
      return sizeOf(part.text);
    case 'tool-call':
      return sizeOf(JSON.stringify(part.arguments) ?? '');
    case 'tool-result':
      return sizeOf(JSON.stringify(part.output) ?? '');
    case 'image':
      return sizeOfFile(0);
    case 'file':
      return sizeOfFile(part.dataBase64.length);
  }
}
