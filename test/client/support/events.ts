import type { CompletionEvent } from '../../../src/client/client.ts';

/** The text as a reader would put it together. */
export function textOf(events: CompletionEvent[]): string {
  let text = '';
  for (const event of events) {
    if (event.__typename === 'CompletionTextDelta') text += event.text;
    if (event.__typename === 'CompletionReset') text = '';
  }
  return text;
}

export function namesOf(events: CompletionEvent[]): string[] {
  return events.map(({ __typename }) => __typename);
}

export function isTerminal({ __typename }: CompletionEvent): boolean {
  return __typename === 'CompletionFinished' || __typename === 'CompletionFailed';
}
