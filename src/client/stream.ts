import type { Connection } from './connection.ts';
import {
  CompletionStreamDocument,
  type CompletionStreamSubscription,
  type CompletionStreamSubscriptionVariables,
} from './generated/graphql.ts';
import { createPatience } from './patience.ts';
import { SluiceError } from './sluice-error.ts';
import { subscribe } from './subscription.ts';

type SentEvent = CompletionStreamSubscription['completionStream'];

/** In the schema it is nullable wherever it stands, since only then may a selection name it on several events. */
type WithCompletion<Event> = Event extends { completion: unknown }
  ? Event & { completion: NonNullable<Event['completion']> }
  : never;

/** Told apart by `__typename`. Only a `CompletionFailed` may be without its completion: when it was refused. */
export type CompletionEvent =
  | Exclude<SentEvent, { __typename: 'CompletionStarted' | 'CompletionFinished' }>
  | WithCompletion<Extract<SentEvent, { __typename: 'CompletionStarted' | 'CompletionFinished' }>>;

/**
 * The events of a completion, up to and with its one terminal event, over as many connections as it takes: each
 * goes on after the last event that came.
 * @throws SluiceError when no connection can be had for long, or the key is refused; or the signal's reason.
 */
export async function* stream(
  connection: Connection,
  variables: CompletionStreamSubscriptionVariables,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent, void> {
  const patience = createPatience(signal);
  let { after } = variables;
  for (;;) {
    try {
      const answers = subscribe(connection, CompletionStreamDocument, { ...variables, after }, signal);
      for await (const { completionStream: event } of answers) {
        patience.renew();
        after = event.cursor;
        yield event as CompletionEvent;
        if (isTerminal(event)) return;
      }
      throw new SluiceError([{ code: 'NETWORK', message: 'the stream ended before its last event' }]);
    } catch (error) {
      await patience.wait(error);
    }
  }
}

function isTerminal({ __typename }: SentEvent): boolean {
  return __typename === 'CompletionFinished' || __typename === 'CompletionFailed';
}
