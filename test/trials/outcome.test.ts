import { describe, expect, it } from 'vitest';
import { observe, type TrialOutcome } from '../../src/trials/outcome.ts';

const NEW = 'new/x';
const OLD = 'old/x';
type Tried = TrialOutcome['attempts'][number];

const ok = (model: string): Tried => ({ model, httpStatus: 200, errorType: undefined });
const failed = (model: string, httpStatus = 500): Tried => ({
  model,
  httpStatus,
  errorType: 'PROVIDER_ERROR',
});

function outcome(status: TrialOutcome['status'], attempts: Tried[], more: Partial<TrialOutcome> = {}) {
  return observe({
    status,
    attempts,
    costNanos: 500,
    firstTokenMs: 80,
    assignment: { models: [NEW], isResting: false },
    ...more,
  });
}

const SUCCESS = [
  { metric: 'success', value: 1 },
  { metric: 'cost', value: 500 },
  { metric: 'latency', value: 80 },
];
const FAILURE = [{ metric: 'success', value: 0 }];

describe('an arm', () => {
  it.each<[string, unknown, ReturnType<typeof outcome>]>([
    ['has succeeded when its model has answered', SUCCESS, outcome('SUCCEEDED', [ok(NEW)])],
    ['also at the second try', SUCCESS, outcome('SUCCEEDED', [failed(NEW), ok(NEW)])],
    ['has failed when a fallback has answered', FAILURE, outcome('SUCCEEDED', [failed(NEW), ok(OLD)])],
    [
      'also after what it called the request’s fault',
      FAILURE,
      outcome('SUCCEEDED', [failed(NEW, 400), ok(OLD)]),
    ],
    ['also after an answer that was no use', FAILURE, outcome('SUCCEEDED', [ok(NEW), ok(OLD)])],
    ['has failed with all others', FAILURE, outcome('FAILED', [failed(NEW), failed(OLD)])],
    ['has failed when its answer was no use', FAILURE, outcome('FAILED', [ok(NEW)])],
    [
      'has failed when it rested',
      FAILURE,
      outcome('SUCCEEDED', [ok(OLD)], { assignment: { models: [NEW], isResting: true } }),
    ],
    [
      'has no cost where a price is not known, and no latency without a token',
      [{ metric: 'success', value: 1 }],
      outcome('SUCCEEDED', [ok(NEW)], { costNanos: undefined, firstTokenMs: undefined }),
    ],
  ])('%s', (_, expected, observed) => {
    expect(observed).toEqual(expected);
  });

  it.each([
    ['what the caller cancelled', outcome('CANCELLED', [failed(NEW)])],
    ['what the gateway broke off', outcome('INTERRUPTED', [])],
    ['a request that nobody could answer', outcome('FAILED', [failed(NEW, 400)])],
    ['what never came to it', outcome('SUCCEEDED', [ok(OLD)])],
    ['what a process that died could not tell', outcome('SUCCEEDED', [ok(NEW)], { assignment: undefined })],
  ])('is not judged by %s', (_, observed) => {
    expect(observed).toEqual([]);
  });
});
