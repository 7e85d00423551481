import { expect, it } from 'vitest';
import { verifyAudit } from '../../src/events/audit-chain.ts';
import { createPlace } from '../completion/support/process.ts';
import { ADMIN_KEY, type Answer } from '../support/gateway.ts';
import { inMs, scopesOf } from './support.ts';

it('a grant whose end comes while no process lives has ended at the next start', async () => {
  await using place = await createPlace();
  const first = await place.spawn({});
  const ask = async (query: string, key = ADMIN_KEY): Promise<Answer['data']> => {
    const response = await fetch(first.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await response.json()) as Answer;
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  const { keyCreate } = await ask(
    'mutation { keyCreate(input: { name: "x", scopes: [COMPLETIONS_WRITE] }) { key { id } secret } }',
  );
  const { budgetSet } = await ask(
    `mutation { budgetSet(input: { subjectId: "${keyCreate.key.id}", limit: "1", window: TOTAL }) { budget { id } } }`,
  );
  const wanted = [
    `{ kind: BUDGET_INCREASE, targetId: "${budgetSet.budget.id}", amount: "4", reason: "x" }`,
    '{ kind: SCOPE, targetId: "AUDIT_READ", reason: "x" }',
  ];
  const expiresAt = inMs(8_000);
  for (const input of wanted) {
    const { made } = await ask(
      `mutation { made: accessRequestCreate(input: ${input}) { accessRequest { id } errors { message } } }`,
      keyCreate.secret,
    );
    const decision = `{ id: "${made.accessRequest.id}", approve: true, expiresAt: "${expiresAt}" }`;
    await ask(`mutation { accessRequestDecide(input: ${decision}) { errors { message } } }`);
  }
  const limit = `{ budget(id: "${budgetSet.budget.id}") { limit { amount } } }`;
  expect((await ask(limit)).budget.limit.amount).toBe('5');
  expect((await ask('{ viewer { scopes } }', keyCreate.secret)).viewer.scopes).toContain('AUDIT_READ');
  first.kill('SIGKILL');
  await first.ended;
  await new Promise((resolve) => setTimeout(resolve, Date.parse(expiresAt) - Date.now() + 100));

  const second = await place.boot();
  try {
    // Before any job had its turn.
    const { sql } = second.gateway.database;
    expect(await sql`SELECT limit_amount FROM budgets`).toEqual([{ limit_amount: 1_000_000_000n }]);
    expect(await scopesOf(second, keyCreate.secret)).toEqual(['COMPLETIONS_WRITE']);
    expect((await verifyAudit(sql)).chains).toMatchObject([{ broken: undefined }]);
  } finally {
    await second.stop(0);
  }
});
