import { beforeAll, describe, expect, it } from 'vitest';
import { listCompletions } from '../completion/support/completions.ts';
import { createVersion, publish, saying, setLabel } from '../prompts/support.ts';
import { useGateway } from '../support/gateway.ts';
import { run } from './support.ts';

const gateway = useGateway();

const TICKET = {
  type: 'object',
  properties: { title: { type: 'string' }, urgency: { enum: ['LOW', 'HIGH'] } },
  required: ['title', 'urgency'],
  additionalProperties: false,
};

beforeAll(async () => {
  const name = { name: 'name', type: 'STRING', required: true };
  await publish(gateway(), 'greet', saying('Hello {{ name }}!', { variables: [name] }));
  await publish(gateway(), 'summarize-ticket', saying('Summarize.', { model: 'demo/assistant', outputSchema: TICKET }));
  await publish(gateway(), 'break-off', saying('Go on.', { model: 'demo/cut' }));
  await publish(gateway(), 'fail', saying('Go on.', { model: 'demo/error' }));
  await publish(gateway(), 'any-model', saying('Hello!', { model: undefined }));
});

const hello = { variables: { name: 'Ada' } };

describe('a completion of a prompt', () => {
  it('answers with its text, what it used and what it cost', async () => {
    const { status, headers, body } = await run(gateway(), 'greet', hello, {
      headers: { 'x-request-id': 'mine-1', traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` },
    });
    expect(status).toBe(200);
    expect(headers.get('x-request-id')).toBe('mine-1');
    expect(body).toEqual({
      id: expect.stringMatching(/^cmpl_/),
      status: 'SUCCEEDED',
      text: 'Hello Ada!',
      finishReason: 'STOP',
      toolCalls: [],
      promptVersion: 1,
      model: 'demo/echo',
      usage: { input: 3, output: 3, cacheRead: 0, cacheWrite: 0, reasoning: 0, source: 'REPORTED', total: 6 },
      cost: { amount: '0', currency: 'USD' },
      warnings: [],
    });
    const [kept] = await listCompletions(gateway(), {});
    expect(kept).toMatchObject({ id: body.id, traceId: 'ab'.repeat(16), text: 'Hello Ada!' });
  });

  it('answers with an object where the prompt has an output schema', async () => {
    const { status, body } = await run(gateway(), 'summarize-ticket', {});
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('text');
    expect(body.result).toEqual({ title: expect.any(String), urgency: expect.stringMatching(/^(LOW|HIGH)$/) });
  });
});
