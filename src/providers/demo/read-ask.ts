import type { Ask, AskPart } from '../../domain/ask.ts';
import { countTokens } from '../../lib/tokens.ts';

/** What an image or a file counts: about one tile of a picture in the larger models. */
const TOKENS_PER_FILE = 256;

/** Everything of the ask that a model would read. */
export function countInput(ask: Ask): number {
  const parts = ask.messages.flatMap((message) => message.parts);
  const files = parts.filter((part) => part.type === 'image' || part.type === 'file').length;
  const tools = ask.tools.length > 0 ? JSON.stringify(ask.tools) : '';
  const schema = ask.outputSchema ? JSON.stringify(ask.outputSchema) : '';
  const begun = ask.answerSoFar ?? '';
  return countTokens(parts.map(textOf).join('\n') + tools + schema + begun) + files * TOKENS_PER_FILE;
}

/** The texts of the last message of a user, or nothing. */
export function lastUserText(ask: Ask): string {
  const message = ask.messages.findLast(({ role }) => role === 'USER');
  return (message?.parts ?? [])
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('\n')
    .trim();
}

/** What is left to say of a text after the beginning of the answer; all of it where that is the beginning of something else. */
export function afterBeginning(text: string, { answerSoFar = '' }: Ask): string {
  if (text.startsWith(answerSoFar)) return text.slice(answerSoFar.length);
  return ` ${text}`;
}

function textOf(part: AskPart): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'tool-call':
      return `${part.name} ${JSON.stringify(part.arguments)}`;
    case 'tool-result':
      return typeof part.output === 'string' ? part.output : (JSON.stringify(part.output) ?? '');
    case 'image':
    case 'file':
      return '';
  }
}
