import { saying } from '../support.ts';
import type { TestGateway } from '../../support/gateway.ts';

type Json = Record<string, unknown>;

const TICKET = {
  type: 'object',
  required: ['title', 'body'],
  properties: {
    title: { type: 'string' },
    body: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
  },
};

/** What a summary of a ticket holds. */
export const SUMMARY: Json = {
  type: 'object',
  required: ['title', 'urgency', 'steps'],
  properties: {
    title: { type: 'string', description: 'In one line.' },
    urgency: { enum: ['low', 'high'] },
    steps: {
      type: 'array',
      items: {
        type: 'object',
        required: ['text'],
        properties: { text: { type: 'string' }, minutes: { type: ['integer', 'null'] } },
      },
    },
  },
};

/** A version that makes a summary of a ticket, the same each time. */
export function summarising(outputSchema: Json = SUMMARY, more: Json = {}): Json {
  return saying('Summarise the ticket {{ ticket.title }}: {{ ticket.body }}', {
    model: 'demo/expensive',
    variables: [{ name: 'ticket', type: 'OBJECT', schema: TICKET }],
    outputSchema,
    ...more,
  });
}

/** The same schema without one of its properties. */
export function without(name: string): Json {
  const { [name]: _gone, ...properties } = SUMMARY['properties'] as Json;
  const required = (SUMMARY['required'] as string[]).filter((each) => each !== name);
  return { ...SUMMARY, properties, required };
}

/** What the ledger has settled for a key since it was made. */
export async function listSettled({ gateway }: TestGateway, keyId: string) {
  return gateway.database.sql<{ id: string; status: string; version: number | null }[]>`
    SELECT c.id, c.status, v.number AS version FROM ledger_entries e
      JOIN completions c ON c.id = e.completion_id
      LEFT JOIN prompt_versions v ON v.id = c.prompt_version_id
    WHERE c.key_id = ${keyId} AND e.kind = 'SETTLE' ORDER BY e.id`;
}
