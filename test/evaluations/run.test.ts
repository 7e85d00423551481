import { expect, it } from 'vitest';
import { parseUsd } from '../../src/lib/money.ts';
import { useGateway } from '../support/gateway.ts';
import { booked, makeEcho, resultsOf, run } from './runs.ts';

const gateway = useGateway();

it('runs a version on each case, grades the answers, and tells what came of it', async () => {
  await makeEcho(gateway(), { slug: 'echo', cases: 12, wrong: 2 });
  const evaluation = await run(gateway(), { prompt: 'echo', dataset: 'echo', passingRate: 0.8 });
  expect(evaluation).toMatchObject({
    status: 'PASSED',
    stopReason: null,
    counts: { total: 12, done: 12, passed: 10, failed: 2, errors: 0 },
    promptVersion: { number: 1, prompt: { slug: 'echo' } },
    dataset: { name: 'echo' },
    maxCost: { amount: '1' },
    etaSeconds: null,
  });
  const failed = await resultsOf(gateway(), evaluation.id, { failedOnly: true });
  expect(failed.totalCount).toBe(2);
  const first = await resultsOf(gateway(), evaluation.id, { first: 5 });
  expect(first).toMatchObject({ totalCount: 12, pageInfo: { hasNextPage: true } });
  expect(first.nodes[0]).toMatchObject({
    case: { name: 'case 0' },
    text: 'word 0',
    passed: true,
    error: null,
    completion: {
      status: 'SUCCEEDED',
      tags: [{ key: 'evaluation', value: evaluation.id }],
      promptVersion: { number: 1 },
    },
    graded: [{ grader: 'exact', score: 1, passed: true, completion: null }],
  });
  const ledger = await booked(gateway(), evaluation.id);
  expect(ledger).toEqual({ nanos: parseUsd(evaluation.cost.amount), completions: 12 });
});
