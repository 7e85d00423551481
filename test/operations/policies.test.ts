import { beforeAll, describe, expect, it } from 'vitest';
import { grant } from '../access-requests/support.ts';
import { makeKey } from '../access/support/keys.ts';
import { useGateway } from '../support/gateway.ts';

const gateway = useGateway();
let key: string;
beforeAll(async () => {
  key = (await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo', 'demo/assistant'] }))
    .secret;
});

let versions = 0;
/** Registers an operation under a policy, and answers how to run it. */
async function register(policy: object, name = `Ask${(versions += 1)}`) {
  const text = `mutation ${name}($input: CompletionInput!) {
    completionCreate(input: $input) { completion { text tags { key value } usage { output } } errors { code message } }
  }`;
  const { data } = await gateway().ask(
    `mutation ($input: OperationRegisterInput!) {
      operationRegister(input: $input) { operation { name hash } errors { message } }
    }`,
    { input: { text, policy } },
  );
  expect(data.operationRegister.errors).toEqual([]);
  const run = async (input: object, secret = key) =>
    (
      await gateway().ask(
        text,
        { input: { model: 'demo/echo', source: { text: 'hi' }, ...input } },
        { key: secret },
      )
    ).data.completionCreate;
  return { name, text, run };
}

describe('a policy of models', () => {
  it('lets only these be asked for, and only where the key may as well', async () => {
    const { run } = await register({ models: ['demo/echo', 'demo/slow'] });
    expect((await run({})).completion.text).toBe('hi');
    for (const model of ['demo/assistant', 'demo/slow', 'demo/expensive'])
      expect((await run({ model })).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  it('that shares nothing with the key lets nothing be asked for', async () => {
    const { run } = await register({ models: ['demo/expensive'] });
    for (const model of ['demo/echo', 'demo/expensive'])
      expect((await run({ model })).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  it('goes for what is granted too', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] });
    await grant(gateway(), secret, { kind: 'MODEL', targetId: 'demo/assistant' });
    const narrow = await register({ models: ['demo/echo'] });
    expect((await narrow.run({ model: 'demo/assistant' }, secret)).errors).toMatchObject([
      { code: 'FORBIDDEN' },
    ]);
    const wide = await register({ models: ['demo/assistant'] });
    expect((await wide.run({ model: 'demo/assistant' }, secret)).errors).toEqual([]);
  });

  it('holds for an estimate, and for each event of a stream', async () => {
    const { key: _, ...policy } = { key, models: ['demo/assistant'] };
    const text =
      'subscription Stream { completionStream(input: { model: "demo/echo", source: { text: "a b c" } }) { __typename ... on CompletionFailed { errors { code } } } }';
    await gateway().ask(
      'mutation ($input: OperationRegisterInput!) { operationRegister(input: $input) { errors { message } } }',
      { input: { text, policy } },
    );
    const events = await Array.fromAsync(gateway().socket({ key }).iterate({ query: text }));
    expect(events).toEqual([
      { data: { completionStream: { __typename: 'CompletionFailed', errors: [{ code: 'FORBIDDEN' }] } } },
    ]);
    const estimate =
      'query Guess { estimate(input: { model: "demo/echo", source: { text: "x" } }) { allowed refusals { code } } }';
    await gateway().ask(
      'mutation ($input: OperationRegisterInput!) { operationRegister(input: $input) { errors { message } } }',
      { input: { text: estimate, policy } },
    );
    const { data } = await gateway().ask(estimate, {}, { key });
    expect(data.estimate).toEqual({ allowed: false, refusals: [{ code: 'FORBIDDEN' }] });
  });

  it('holds for its own operation alone', async () => {
    await register({ models: ['demo/assistant'] });
    const { data } = await gateway().ask(
      'mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { completion { text } } }',
      {},
      { key },
    );
    expect(data.completionCreate.completion.text).toBe('hi');
  });
});

describe('a policy of tags', () => {
  it('puts them and the name on each completion, beside those of the request', async () => {
    const { name, run } = await register({ tags: [{ key: 'feature', value: 'search' }] });
    const { completion } = await run({ tags: [{ key: 'page', value: '7' }] });
    expect(completion.tags).toEqual([
      { key: 'feature', value: 'search' },
      { key: 'operation', value: name },
      { key: 'page', value: '7' },
    ]);
  });

  it.each(['operation', 'feature'])('lets no request say another %s', async (tag) => {
    const { run } = await register({ tags: [{ key: 'feature', value: 'search' }] });
    const { completion, errors } = await run({ tags: [{ key: tag, value: 'another' }] });
    expect(completion).toBeNull();
    expect(errors).toMatchObject([
      { code: 'INVALID_INPUT', message: expect.stringContaining(`${tag}=another`) },
    ]);
  });

  it('lets a budget hold for the operation, whoever runs it', async () => {
    const { name, run } = await register({});
    const { data } = await gateway().ask(
      `mutation ($id: ID!) {
        budgetSet(input: { scope: TAG, subjectId: $id, unit: REQUESTS, limit: "2", window: TOTAL }) { errors { message } }
      }`,
      { id: `operation=${name}` },
    );
    expect(data.budgetSet.errors).toEqual([]);
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    expect((await run({})).errors).toEqual([]);
    expect((await run({}, secret)).errors).toEqual([]);
    for (const each of [key, secret])
      expect((await run({}, each)).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
  });

  it('lets nobody spend that budget who does not run the operation', async () => {
    const { name } = await register({});
    const tags = [{ key: 'operation', value: name }];
    const { data } = await gateway().ask(
      `mutation ($tags: [TagInput!]) {
        completionCreate(input: { model: "demo/echo", source: { text: "hi" }, tags: $tags }) { errors { code path } }
        keyCreate(input: { name: "x", scopes: [COMPLETIONS_WRITE], tags: $tags }) { errors { code path } }
      }`,
      { tags },
    );
    const errors = [{ code: 'INVALID_INPUT', path: ['input', 'tags', '0'] }];
    expect(data).toEqual({ completionCreate: { errors }, keyCreate: { errors } });
  });
});

it('a limit on an operation holds for whoever runs it, and for nothing else', async () => {
  const { name, run } = await register({});
  const { data } = await gateway().ask(
    `mutation ($name: ID!) {
      limitSet(input: { scope: OPERATION, subjectId: $name, unit: REQUESTS_PER_MINUTE, max: 2 }) { errors { message } }
    }`,
    { name },
  );
  expect(data.limitSet.errors).toEqual([]);
  const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
  expect((await run({})).errors).toEqual([]);
  expect((await run({}, secret)).errors).toEqual([]);
  for (const each of [key, secret])
    expect((await run({}, each)).errors).toMatchObject([{ code: 'RATE_LIMITED' }]);
  expect((await (await register({})).run({})).errors).toEqual([]);
});

describe('a policy of output', () => {
  it('bounds what is written, and what the request asks for can only be less', async () => {
    const { run } = await register({ maxOutputTokens: 3 });
    const source = { text: 'one two three four five six seven eight nine ten eleven twelve' };
    for (const params of [{}, { maxOutputTokens: 1_000 }]) {
      const { completion } = await run({ source, params });
      expect(completion.usage.output).toBeLessThanOrEqual(3);
    }
    const { completion } = await run({ source, params: { maxOutputTokens: 1 } });
    expect(completion.usage.output).toBeLessThanOrEqual(1);
    const { completion: free } = await (await register({})).run({ source });
    expect(free.usage.output).toBeGreaterThan(3);
  });
});

describe('a policy of how long answers are kept', () => {
  const QUERY = 'complete(input: { model: "demo/echo", source: { text: "again" } })';
  const SAID = QUERY.replace(/\)$/, ', cache: { mode: OFF })');
  async function runTwice(field: string): Promise<unknown[]> {
    const text = `query Twice${(versions += 1)} { ${field} { completion { id } } }`;
    await gateway().ask(
      'mutation ($input: OperationRegisterInput!) { operationRegister(input: $input) { errors { message } } }',
      { input: { text, policy: { cacheTtlSeconds: 60 } } },
    );
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const answers = [
      await gateway().ask(text, {}, { key: secret }),
      await gateway().ask(text, {}, { key: secret }),
    ];
    return answers.map(({ data }) => data.complete.completion.id);
  }

  it('gives the answer of complete again', async () => {
    const [first, second] = await runTwice(QUERY);
    expect(second).toBe(first);
  });

  it('leaves it to the operation that says something of it itself', async () => {
    const [first, second] = await runTwice(SAID);
    expect(second).not.toBe(first);
  });
});
