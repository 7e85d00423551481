import { expect, it } from 'vitest';
import { parseUsd } from '../../src/lib/money.ts';
import { createPlace } from '../completion/support/process.ts';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { ADMIN_KEY, type TestGateway } from '../support/gateway.ts';
import { booked, makeEcho, resultsOf, start, waitFor } from './runs.ts';

const CASES = 30;
const INPUT = { prompt: 'asked', dataset: 'asked', concurrency: 6, passingRate: 0, maxCost: '20' };

/** A gateway in another process, as far as the tests ask it. */
function remote(url: string): TestGateway {
  const ask: TestGateway['ask'] = async (query, variables) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` };
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query, variables }),
    });
    return response.json();
  };
  return { ask, url } as TestGateway;
}

it('goes on where it was when its process is killed, and pays for no case twice', async () => {
  await using place = await createPlace();
  const killed = await place.spawn({ holdMs: 900 });
  const first = remote(killed.url);
  const priced = { model: 'demo/expensive', params: { maxOutputTokens: 200 } };
  await makeEcho(first, { slug: 'asked', cases: CASES, ...priced });
  const { evaluation } = await start(first, INPUT);
  const before = await waitFor(first, evaluation.id, ({ counts }) => counts.done >= 6);
  expect(before.counts.done).toBeLessThan(CASES);
  killed.kill('SIGKILL');
  await killed.ended;

  const second = await place.boot();
  try {
    const ended = await waitFor(second, evaluation.id);
    expect(ended).toMatchObject({ status: 'PASSED', counts: { total: CASES, done: CASES } });
    const { nodes } = await resultsOf(second, evaluation.id, { first: 100 });
    expect(new Set(nodes.map(({ caseId }: { caseId: string }) => caseId)).size).toBe(CASES);
    // What was paid for and has no answer is told as such; what was not was asked again.
    const paid = await second.gateway.database.sql<{ name: string; times: number }[]>`
      SELECT split_part(idempotency_key, '/', 2) AS name, count(*)::int AS times FROM completions
      WHERE idempotency_key LIKE ${`${evaluation.id}/%`} AND cost_nanos > 0 GROUP BY 1`;
    expect(paid.filter(({ times }) => times > 1)).toEqual([]);
    expect(paid).toHaveLength(CASES);
    const { nanos } = await booked(second, evaluation.id);
    expect(nanos).toBe(parseUsd(ended.cost.amount));
    await expectNothingHeld(second.gateway.database);
    await expectBooksToBalance(second.gateway.database);
  } finally {
    await second.stop(0);
  }
});

it('leaves what it has not begun to the next process when it is stopped', async () => {
  await using place = await createPlace();
  const first = await place.boot();
  await makeEcho(first, { slug: 'asked', cases: CASES, model: 'demo/assistant' });
  const { evaluation } = await start(first, INPUT);
  await waitFor(first, evaluation.id, ({ counts }) => counts.done >= 2);
  await first.stop(5_000);

  const second = await place.boot();
  try {
    const ended = await waitFor(second, evaluation.id);
    expect(ended).toMatchObject({ status: 'PASSED', counts: { done: CASES, errors: 0 } });
    const { completions } = await booked(second, evaluation.id);
    expect(completions).toBe(CASES);
  } finally {
    await second.stop(0);
  }
});
