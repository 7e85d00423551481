import { beforeAll, describe, expect, it } from 'vitest';
import { cancel, createKey, listCompletions, waitForCompletion } from '../completion/support/completions.ts';
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
  await publish(
    gateway(),
    'summarize-ticket',
    saying('Summarize.', { model: 'demo/assistant', outputSchema: TICKET }),
  );
  await publish(gateway(), 'break-off', saying('Go on.', { model: 'demo/cut' }));
  await publish(gateway(), 'fail', saying('Go on.', { model: 'demo/error' }));
  await publish(gateway(), 'talk', saying('Go on.', { model: 'demo/slow' }));
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
    expect(body.result).toEqual({
      title: expect.any(String),
      urgency: expect.stringMatching(/^(LOW|HIGH)$/),
    });
  });

  it('is of the version in production unless another one is named', async () => {
    await publish(gateway(), 'versions', saying('one'));
    await createVersion(gateway(), { slug: 'versions', version: saying('two') });
    const textOf = async (body: object) => (await run(gateway(), 'versions', body)).body.text;
    expect(await textOf({})).toBe('one');
    expect(await textOf({ version: 2 })).toBe('two');
    expect(await textOf({ label: 'latest' })).toBe('two');
    await setLabel(gateway(), { slug: 'versions', label: 'production', version: 2 });
    expect((await run(gateway(), 'versions', {})).body).toMatchObject({ text: 'two', promptVersion: 2 });
    await setLabel(gateway(), { slug: 'versions', label: 'production', version: 1 });
    expect(await textOf({})).toBe('one');
  });

  it('goes by the model, the settings, the tags and the end user of its caller', async () => {
    const tags = [{ key: 'case', value: 'settings' }];
    const wish = {
      model: 'demo/expensive',
      params: { maxOutputTokens: 4 },
      tags,
      endUserId: 'ada',
      priority: 'BATCH',
    };
    const { status, body } = await run(gateway(), 'greet', { ...hello, ...wish });
    expect(status).toBe(200);
    expect(body).toMatchObject({ model: 'demo/expensive', finishReason: 'LENGTH', usage: { output: 4 } });
    expect(Number(body.cost.amount)).toBeGreaterThan(0);
    const [kept] = await listCompletions(gateway(), { tag: tags[0] });
    expect(kept).toMatchObject({ id: body.id, cost: { amount: body.cost.amount }, endUserId: 'ada', tags });
  });
});

describe('an idempotency key', () => {
  const headers = { 'idempotency-key': 'order-1' };

  it('stands for one completion: one call, one charge', async () => {
    const tags = [{ key: 'case', value: 'idempotent' }];
    const both = await Promise.all(
      [1, 2].map(() => run(gateway(), 'greet', { ...hello, tags }, { headers })),
    );
    const again = await run(gateway(), 'greet', { tags, ...hello }, { headers });
    expect(new Set([...both, again].map(({ body }) => body.id)).size).toBe(1);
    expect(again.body).toEqual(both[0]!.body);
    expect(await listCompletions(gateway(), { tag: tags[0] })).toHaveLength(1);
  });

  it('is refused for another input, and is not that of another caller', async () => {
    const { status, body } = await run(gateway(), 'greet', { variables: { name: 'Grace' } }, { headers });
    expect({ status, code: body.errors[0].code }).toEqual({ status: 409, code: 'CONFLICT' });
    const { secret: key } = await createKey(gateway());
    const theirs = await run(gateway(), 'greet', { variables: { name: 'Grace' } }, { headers, key });
    expect(theirs).toMatchObject({ status: 200, body: { text: 'Hello Grace!' } });
  });

  it('must be one that a header can hold', async () => {
    const { status, body } = await run(gateway(), 'greet', hello, {
      headers: { 'idempotency-key': 'x'.repeat(256) },
    });
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      {
        code: 'INVALID_INPUT',
        message: expect.stringMatching(/^idempotency-key must be/),
        path: ['idempotency-key'],
      },
    ]);
  });
});

describe('a completion that fails after it began', () => {
  it('has the status of its failure, and tells what came and what it cost', async () => {
    const { status, body, headers } = await run(gateway(), 'break-off', {});
    expect(status).toBe(502);
    expect(body).toMatchObject({
      errors: [{ code: 'PROVIDER_ERROR', message: expect.any(String) }],
      requestId: headers.get('x-request-id'),
      completion: {
        status: 'FAILED',
        text: 'A sluice is a water',
        cost: { amount: '0' },
        finishReason: 'ERROR',
      },
    });
    const [kept] = await listCompletions(gateway(), { model: { eq: 'demo/cut' } });
    expect(kept).toMatchObject({ id: body.completion.id, status: 'FAILED', failure: { reason: 'CUT' } });
  });

  it('says so when the vendor refuses', async () => {
    const { status, body } = await run(gateway(), 'fail', {});
    expect(status).toBe(502);
    expect(body).toMatchObject({
      errors: [{ code: 'PROVIDER_ERROR' }],
      completion: { status: 'FAILED', text: '' },
    });
  });

  it('says so when it is cancelled', async () => {
    const tag = { key: 'case', value: 'cancelled' };
    const running = run(gateway(), 'talk', { tags: [tag] });
    const { id } = await waitForCompletion(gateway(), tag, () => true);
    await cancel(gateway(), id);
    const { status, body } = await running;
    expect(status).toBe(499);
    expect(body).toMatchObject({ errors: [{ code: 'CANCELLED' }], completion: { id, status: 'CANCELLED' } });
  });

  it('ends with its client, who hears nothing more', async () => {
    const tag = { key: 'case', value: 'left' };
    const client = new AbortController();
    const running = run(gateway(), 'talk', { tags: [tag] }, { signal: client.signal });
    await waitForCompletion(gateway(), tag, () => true);
    client.abort();
    await expect(running).rejects.toThrow(/abort/i);
    expect((await waitForCompletion(gateway(), tag)).status).toBe('CANCELLED');
  });
});

describe('a body', () => {
  const faults: [string, unknown, { path: string[]; message: RegExp }[]][] = [
    ['that is no object', [], [{ path: [], message: /^the body: / }]],
    [
      'with a name that is not known',
      { variable: {} },
      [{ path: ['variable'], message: /^variable is not known here; there are variables, label/ }],
    ],
    [
      'with a setting that is not known',
      { params: { max_tokens: 1 } },
      [{ path: ['params', 'max_tokens'], message: /maxOutputTokens/ }],
    ],
    ['with variables that are none', { variables: [] }, [{ path: ['variables'], message: /^variables: / }]],
    [
      'with a setting of another type',
      { params: { temperature: 'hot' }, stream: 1 },
      [
        { path: ['params', 'temperature'], message: /number/ },
        { path: ['stream'], message: /boolean/ },
      ],
    ],
    [
      'that names two versions',
      { label: 'production', version: 1 },
      [{ path: ['version'], message: /give one/ }],
    ],
  ];
  it.each(faults)('%s is told where it is wrong, before anything begins', async (_, body, expected) => {
    const before = await listCompletions(gateway(), {});
    const answer = await run(gateway(), 'greet', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual(
      expected.map(({ path, message }) => ({
        code: 'INVALID_INPUT',
        path,
        message: expect.stringMatching(message),
      })),
    );
    expect(await listCompletions(gateway(), {})).toEqual(before);
  });

  it('is told in its own words what the prompt misses', async () => {
    const { status, body } = await run(gateway(), 'any-model', {});
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { code: 'INVALID_INPUT', path: ['model'], message: expect.stringMatching(/^model is missing/) },
    ]);
    expect((await run(gateway(), 'any-model', { model: 'demo/echo' })).body.text).toBe('Hello!');
  });
});
