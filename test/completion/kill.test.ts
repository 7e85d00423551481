import { describe, expect, it } from 'vitest';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { listCompletions, say, STREAM, type CompletionData } from './support/completions.ts';
import { createPlace, type GatewayProcess } from './support/process.ts';
import { isTerminal, STREAMING, subscribe } from './support/streams.ts';

const stream = (
  { url }: GatewayProcess,
  model: string,
  text = 'Hello',
  transport: (typeof STREAMING)[number] = 'SSE',
) => {
  const variables = { input: say(model, text), coalesceMs: 0 };
  return subscribe(transport, { url }, { query: STREAM, variables });
};

describe('kill -9 in the middle of fifty streams', () => {
  it('loses no settled row, leaves no hold, and charges what was seen', async () => {
    await using place = await createPlace();
    const first = await place.spawn({ holdMs: 600 });
    const settled = await Promise.all(
      Array.from({ length: 10 }, async (): Promise<CompletionData> => {
        const end = (await (await stream(first, 'demo/expensive')).rest()).at(-1);
        if (!end?.completion) throw new Error('it did not finish');
        return end.completion;
      }),
    );
    const broken = await Promise.all(Array.from({ length: 50 }, () => stream(first, 'demo/slow')));
    for (let words = 0; words < 8; words += 1) await Promise.all(broken.map((each) => each.next()));
    first.kill('SIGKILL');
    for (const { status } of await Promise.allSettled(broken.map((each) => each.rest())))
      expect(status).toBe('rejected');
    expect(await first.ended).toBe('SIGKILL');

    const second = await place.boot();
    try {
      await expectNothingHeld(second.gateway.database);
      await expectBooksToBalance(second.gateway.database);
      expect(await listCompletions(second, { status: ['SUCCEEDED'] })).toEqual(
        settled.toSorted((a, b) => (a.id < b.id ? 1 : -1)),
      );
      const interrupted = await second.gateway.database.sql`
        SELECT finish_reason, usage_source, output_tokens > 0 AS counted, outcome -> 'failure' ->> 'reason' AS reason
        FROM completions WHERE status = 'INTERRUPTED'`;
      expect(interrupted).toHaveLength(50);
      for (const { attempts, usage, cost } of await listCompletions(second, { status: ['INTERRUPTED'] }))
        expect(attempts).toMatchObject([
          {
            model: 'demo/slow',
            status: 'INTERRUPTED',
            usage: { output: usage!.output },
            cost: { amount: cost!.amount },
          },
        ]);
      for (const row of interrupted) {
        expect(row).toEqual({
          finish_reason: 'ERROR',
          usage_source: 'ESTIMATED',
          counted: true,
          reason: 'INTERRUPTED',
        });
      }
    } finally {
      await second.stop(0);
    }
  });
});

describe('SIGTERM', () => {
  it('lets streams end within the time, cancels what is left, settles all, and exits with 0', async () => {
    await using place = await createPlace();
    const first = await place.spawn({ drainMs: 1_500 });
    const short = await Promise.all(
      STREAMING.map((each) => stream(first, 'demo/echo', 'word '.repeat(60), each)),
    );
    const long = await Promise.all([1, 2].map(() => stream(first, 'demo/slow')));
    await Promise.all([...short, ...long].map((each) => each.next()));
    first.kill('SIGTERM');
    for (const events of await Promise.all(short.map((each) => each.rest()))) {
      expect(events.filter(isTerminal)).toMatchObject([{ __typename: 'CompletionFinished' }]);
    }
    const isReady = await fetch(new URL('/readyz', first.url)).then(
      ({ ok }) => ok,
      () => false,
    );
    expect(isReady).toBe(false);
    for (const events of await Promise.all(long.map((each) => each.rest()))) {
      expect(events.filter(isTerminal)).toMatchObject([
        { failureReason: 'CANCELLED', errors: [{ message: 'the gateway is shutting down' }] },
      ]);
    }
    expect(await first.ended).toBe(0);

    const second = await place.boot();
    try {
      const rows = await second.gateway.database
        .sql`SELECT status, hold_state FROM completions ORDER BY status`;
      expect(rows).toEqual([
        ...long.map(() => ({ status: 'CANCELLED', hold_state: 'POSTED' })),
        ...short.map(() => ({ status: 'SUCCEEDED', hold_state: 'POSTED' })),
      ]);
      await expectBooksToBalance(second.gateway.database);
    } finally {
      await second.stop(0);
    }
  });
});
