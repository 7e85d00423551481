import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { createPrompt, saying } from '../prompts/support.ts';
import { useGateway } from '../support/gateway.ts';
import { run } from './runs.ts';
import { setDataset } from './support.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const gateway = useGateway({ config: { providers: [vendor.config] } });

const IMPROVE = `mutation ($input: PromptImproveInput!) {
  promptImprove(input: $input) {
    promptVersion { number note messages { role template } variables { name neverLog } model }
    explanation completion { id status cost { amount } tags { key value } } errors { code message path }
  }
}`;
const SECRET = 'the-token-of-a-customer';

let evaluation: string;
beforeAll(async () => {
  const variables = [
    { name: 'text', type: 'STRING' },
    { name: 'token', type: 'STRING', neverLog: true },
  ];
  await createPrompt(gateway(), { slug: 'shout', version: saying('{{ text }} {{ token }}', { variables }) });
  const cases = [
    { name: 'one', variables: { text: 'hello', token: SECRET }, expected: 'HELLO' },
    { name: 'two', variables: { text: 'bye', token: SECRET }, expected: `bye ${SECRET}` },
  ];
  await setDataset(gateway(), { name: 'shout', cases });
  ({ id: evaluation } = await run(gateway(), { prompt: 'shout', dataset: 'shout' }));
});

async function improve(input: Record<string, unknown>, key?: string) {
  const wanted = { model: 'vendor/model', ...input };
  const { data, errors } = await gateway().ask(IMPROVE, { input: wanted }, { ...(key && { key }) });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.promptImprove;
}

/** The vendor writes this; what it was asked. */
async function write(messages: unknown, explanation = 'It is louder.'): Promise<string> {
  const call = await vendor.nextCall();
  call.say(typeof messages === 'string' ? messages : JSON.stringify({ messages, explanation }));
  call.finish();
  return JSON.stringify(await call.body);
}
const user = (template: string) => [{ role: 'USER', template }];

async function versions() {
  const { data } = await gateway().ask(
    '{ prompt(slug: "shout") { labels { name } versions { totalCount } } }',
  );
  return { count: data.prompt.versions.totalCount, labels: data.prompt.labels };
}

it('keeps what a model writes as a draft that nothing publishes', async () => {
  const [asked, improved] = await Promise.all([
    write(user('{{ text | upcase }}{% if token %}{% endif %}')),
    improve({ evaluation, instructions: 'Shout.' }),
  ]);
  expect(improved).toMatchObject({
    promptVersion: {
      number: 2,
      note: 'draft by promptImprove of v1',
      messages: user('{{ text | upcase }}{% if token %}{% endif %}'),
      variables: [
        { name: 'text', neverLog: false },
        { name: 'token', neverLog: true },
      ],
      model: 'demo/echo',
    },
    explanation: 'It is louder.',
    completion: { status: 'SUCCEEDED', cost: { amount: '0.00003' }, tags: [{ key: 'improvement' }] },
    errors: [],
  });
  expect(asked).toMatch(/HELLO/);
  expect(asked).toMatch(/Shout\./);
  expect(asked).not.toMatch(/bye/);
  expect(asked).toMatch(/\[kept nowhere\]/);
  expect(asked).not.toContain(SECRET);
  expect(await versions()).toEqual({ count: 2, labels: [] });
  const [row] = await gateway().gateway.database.sql`
    SELECT count(*)::int AS n FROM budgets WHERE subject LIKE 'TAG:improvement=%' AND deleted_at IS NULL`;
  expect(row).toEqual({ n: 0 });
});

it.each<[string, unknown, string, string]>([
  ['that cannot be read', user('{{ text }}\n{{ token'), 'rewrite.messages.0.template', 'line 2, column '],
  ['that drops a variable', user('{{ text }}'), 'rewrite.messages', 'drops the variable token'],
  [
    'with a variable of its own',
    user('{{ text }}{{ token }}{{ tone }}'),
    'rewrite.messages',
    'uses tone, which',
  ],
])('keeps no rewrite %s, which was paid for', async (_, messages, path, message) => {
  const before = await versions();
  const [, improved] = await Promise.all([write(messages), improve({ evaluation })]);
  expect(improved).toMatchObject({ promptVersion: null, completion: { status: 'SUCCEEDED' } });
  expect(improved.errors).toHaveLength(1);
  expect(improved.errors[0]).toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining(message),
  });
  expect(improved.errors[0].path.join('.')).toBe(path);
  expect(await versions()).toEqual(before);
});

it('tells what a model did that wrote none', async () => {
  const [, improved] = await Promise.all([write('no JSON'), improve({ evaluation })]);
  expect(improved).toMatchObject({ promptVersion: null, completion: { status: 'FAILED' } });
  expect(improved.errors).toMatchObject([{ code: 'OUTPUT_INVALID' }]);
});

it('goes by instructions where there is no evaluation', async () => {
  const both = user('{{ text }}, {{ token }}');
  const input = { prompt: 'shout', version: 1, instructions: 'Add a comma.' };
  const [asked, improved] = await Promise.all([write(both), improve(input)]);
  expect(improved.promptVersion).toMatchObject({ messages: both, note: 'draft by promptImprove of v1' });
  expect(asked).toMatch(/Add a comma/);
});

it('asks nobody for what it cannot do', async () => {
  const calls = vendor.calls;
  const refused = await Promise.all([
    improve({}),
    improve({ evaluation, prompt: 'shout' }),
    improve({ prompt: 'shout' }),
    improve({ prompt: 'none', instructions: 'x' }),
    improve({ prompt: 'shout', version: 99, instructions: 'x' }),
    improve({ evaluation: 'eval_00000000000000000000000000' }),
    improve({ evaluation, maxCost: '0' }),
    improve({ evaluation, maxCost: '0.000001' }),
    improve({ evaluation, model: 'demo/unpriced' }),
    improve({ evaluation, model: 'no/model' }),
  ]);
  expect(refused.map(({ errors }) => [errors[0].code, errors[0].path?.join('.') ?? null])).toEqual([
    ['INVALID_INPUT', 'input.evaluation'],
    ['INVALID_INPUT', 'input.evaluation'],
    ['INVALID_INPUT', 'input.instructions'],
    ['NOT_FOUND', 'input.prompt'],
    ['NOT_FOUND', 'input.version'],
    ['NOT_FOUND', 'input.evaluation'],
    ['INVALID_INPUT', 'input.maxCost'],
    ['BUDGET_EXCEEDED', null],
    ['BUDGET_EXCEEDED', null],
    ['MODEL_UNAVAILABLE', null],
  ]);
  const writer = await makeKey(gateway(), { scopes: ['PROMPTS_WRITE', 'COMPLETIONS_WRITE'] });
  expect((await improve({ evaluation }, writer.secret)).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  expect(vendor.calls).toBe(calls);
});
