import { expect } from 'vitest';
import {
  completionOf,
  create,
  say,
  STREAM,
  type CompletionData,
  type ErrorData,
  type EventData,
} from '../../completion/support/completions.ts';
import { COURSE, setCourse, type CourseSetting } from '../../completion/support/courses.ts';
import { isTerminal, subscribe, textOf } from '../../completion/support/streams.ts';
import type { TestGateway } from '../../support/gateway.ts';

/** How a client is answered. */
export const WAYS = ['whole', 'streaming'] as const;
export type Way = (typeof WAYS)[number];

export interface Told {
  completion: CompletionData;
  errors: ErrorData[];
  /** Of a stream; none of an answer that comes whole. */
  events: EventData[];
  /** What the client holds in the end: what it had before it was told to begin anew does not count. */
  heard: string;
  /** The question, by which vendors know it. */
  asked: string;
}

let asks = 0;
/** A question that nobody has asked. */
export const newQuestion = (): string => `Question ${(asks += 1)}`;

/** Asks the models in their order, and hears the answer to its end, whichever way that is. */
export async function askCourse(gateway: TestGateway, way: Way, course: CourseSetting): Promise<Told> {
  await setCourse(gateway, course);
  return ask(gateway, way, COURSE);
}

export async function ask(gateway: TestGateway, way: Way, model: string): Promise<Told> {
  const asked = newQuestion();
  const input = say(model, asked);
  if (way === 'whole') {
    const payload = await create(gateway, input);
    const completion = completionOf(payload);
    return { completion, errors: payload.errors, events: [], heard: completion.text, asked };
  }
  const variables = { input, coalesceMs: 0 };
  const events = await (await subscribe('SSE', gateway, { query: STREAM, variables })).rest();
  const last = events.at(-1)!;
  // Each stream ends in one way, and in exactly one.
  expect(events.filter(isTerminal)).toEqual([last]);
  const reset = events.findLastIndex(({ __typename }) => __typename === 'CompletionReset');
  return {
    completion: (last.completion ?? last.partial)!,
    errors: last.errors ?? [],
    events,
    heard: textOf(events.slice(reset + 1)),
    asked,
  };
}
