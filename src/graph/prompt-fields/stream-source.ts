import type { Sent } from '../completion-stream.ts';

/** An event on its way to a subscriber of a prompt, with the text so far. */
export interface SentOfPrompt extends Sent {
  text: string;
}

/**
 * Adds the text so far to each event.
 * @param textBefore what the subscriber has seen already.
 */
export function withText(
  events: AsyncIterableIterator<Sent>,
  textBefore: string,
): AsyncIterableIterator<SentOfPrompt> {
  let text = textBefore;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await events.next();
      if (result.done) return { value: undefined, done: true };
      const { event } = result.value;
      if (event.type === 'text') text += event.text;
      if (event.type === 'reset') text = '';
      return { value: { ...result.value, text }, done: false };
    },
    async return() {
      await events.return?.();
      return { value: undefined, done: true };
    },
  };
}
