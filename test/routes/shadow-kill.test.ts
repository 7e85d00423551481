import { expect, it } from 'vitest';
import { createPlace } from '../completion/support/process.ts';
import { say } from '../completion/support/completions.ts';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { ADMIN_KEY } from '../support/gateway.ts';
import { listCopies } from './shadow-support.ts';

it('a copy whose process was killed is settled at the next start, on its own accounts', async () => {
  await using place = await createPlace();
  const first = await place.spawn({ holdMs: 600 });
  const ask = async (query: string, variables: object = {}) => {
    const response = await fetch(first.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as { data: { completions: { totalCount: number } } };
  };
  await ask('mutation ($input: RouteSetInput!) { routeSet(input: $input) { errors { message } } }', {
    input: {
      name: 'chat',
      strategy: 'PRIORITY',
      targets: [{ model: 'demo/echo' }],
      shadow: { model: 'demo/silent', percent: 100 },
    },
  });
  await ask('mutation ($input: CompletionInput!) { completionCreate(input: $input) { completion { id } } }', {
    input: say('chat'),
  });
  const running = '{ completions(filter: { origin: [SHADOW], status: [RUNNING] }) { totalCount } }';
  await expect.poll(async () => (await ask(running)).data.completions.totalCount).toBe(1);
  first.kill('SIGKILL');
  await first.ended;

  const second = await place.boot();
  try {
    await expectNothingHeld(second.gateway.database);
    await expectBooksToBalance(second.gateway.database);
    expect(await listCopies(second, ['SHADOW'])).toMatchObject([{ status: 'INTERRUPTED', origin: 'SHADOW' }]);
    const entries = await second.gateway.database.sql`
      SELECT kind, debit_account FROM ledger_entries e JOIN completions c ON c.id = e.completion_id
      WHERE c.origin = 'SHADOW' ORDER BY e.id`;
    expect(entries).toEqual([
      { kind: 'RESERVE', debit_account: 'held:shadow:org_default' },
      { kind: 'RELEASE', debit_account: 'open:shadow:org_default' },
      { kind: 'SETTLE', debit_account: 'spent:shadow:org_default' },
    ]);
  } finally {
    await second.stop(0);
  }
});
