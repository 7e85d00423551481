import type { TestGateway } from '../../support/gateway.ts';

/** What an accountant finds for an idempotency key: its completions, and how often each was charged. */
export async function readCharges({ gateway }: TestGateway, idempotencyKey: string) {
  return gateway.database.sql<{ id: string; status: string; charges: number }[]>`
    SELECT c.id, c.status, count(e.id)::int AS charges FROM completions c
    LEFT JOIN ledger_entries e ON e.completion_id = c.id AND e.kind = 'SETTLE'
    WHERE c.idempotency_key = ${idempotencyKey} GROUP BY c.id, c.status`;
}
