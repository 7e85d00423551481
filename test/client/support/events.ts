import type { CompletionEvent } from '../../../src/client/client.ts';

type Name = CompletionEvent['__typename'];

/** The text as a reader would put it together. */
export function textOf(events: CompletionEvent[]): string {
  let text = '';
  for (const event of events) {
    if (isA('CompletionTextDelta', event)) text += event.text;
    if (isA('CompletionReset', event)) text = '';
  }
  return text;
}

export function namesOf(events: CompletionEvent[]): Name[] {
  return events.map(({ __typename }) => __typename);
}

export function isTerminal(event: CompletionEvent): boolean {
  return isA('CompletionFinished', event) || isA('CompletionFailed', event);
}

function isA<Wanted extends Name>(
  name: Wanted,
  event: CompletionEvent,
): event is Extract<CompletionEvent, { __typename: Wanted }> {
  const { __typename } = event;
  return __typename === name;
}
