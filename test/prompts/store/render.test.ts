import { beforeAll, expect, it } from 'vitest';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, publish, saying } from '../support.ts';
import type { Fault } from './support.ts';

const gateway = useGateway();
const SECRET = 'hunter2-very-secret';

beforeAll(async () => {
  await publish(gateway(), 'greet', {
    ...saying('', { model: 'demo/expensive' }),
    messages: [
      { role: 'SYSTEM', template: 'Speak {{ language }}.' },
      {
        role: 'USER',
        template: '{{ photo }}Greet {{ name }}, whose secret is {{ secret }}{{ account.pin }}.',
      },
    ],
    variables: [
      { name: 'language', type: 'STRING', default: 'English' },
      { name: 'photo', type: 'IMAGE' },
      { name: 'secret', type: 'STRING', neverLog: true },
      {
        name: 'account',
        type: 'OBJECT',
        schema: { type: 'object', properties: { pin: { type: 'string' } } },
        neverLog: true,
      },
    ],
  });
  await createPrompt(gateway(), {
    slug: 'open',
    version: { messages: [{ role: 'USER', template: 'Hello {{ name }}' }] },
  });
});

const VARIABLES = {
  name: 'Ada',
  photo: 'https://images.example/ada.png',
  secret: SECRET,
  account: { pin: SECRET },
};

async function render(args: object) {
  const { data, errors } = await gateway().ask(
    `query ($slug: String!, $label: String, $version: Int, $variables: JSON, $model: String) {
      promptRender(slug: $slug, label: $label, version: $version, variables: $variables, model: $model) {
        promptVersion { number } messages { role parts { text imageUrl } } variables
        estimate { model { name } inputTokens likelyCost { amount } allowed refusals { code message path } }
      }
    }`,
    { slug: 'greet', ...args },
  );
  if (errors) throw new Error(errors[0]!.message);
  return data.promptRender;
}

it('shows the messages and what they would come to, without calling anyone', async () => {
  const rendering = await render({ variables: VARIABLES });
  expect(rendering).toMatchObject({
    promptVersion: { number: 1 },
    messages: [
      { role: 'SYSTEM', parts: [{ text: 'Speak English.', imageUrl: null }] },
      {
        role: 'USER',
        parts: [
          { text: null, imageUrl: VARIABLES.photo },
          { text: 'Greet Ada, whose secret is [never logged][never logged].', imageUrl: null },
        ],
      },
    ],
    variables: {
      language: 'English',
      name: 'Ada',
      secret: '[never logged]',
      account: { pin: '[never logged]' },
    },
    estimate: { model: { name: 'demo/expensive' }, allowed: true, refusals: [] },
  });
  expect(rendering.estimate.inputTokens).toBeGreaterThan(5);
  expect(Number(rendering.estimate.likelyCost.amount)).toBeGreaterThan(0);
  const { sql } = gateway().gateway.database;
  expect([...(await sql`SELECT id FROM completions`)]).toEqual([]);
});

it('keeps what is to be kept nowhere out of answers and logs, also when it is wrong', async () => {
  const right = await render({ variables: VARIABLES });
  const wrong = await render({
    variables: { ...VARIABLES, account: { pin: 7, more: SECRET }, name: [SECRET] },
  });
  expect(wrong.estimate.refusals.length).toBe(2);
  expect(JSON.stringify([right, wrong, gateway().logs])).not.toContain(SECRET);
});

it('says what would refuse it, with the place', async () => {
  const { promptVersion, messages, estimate } = await render({ variables: { nam: 'Ada' } });
  expect({ promptVersion, messages }).toEqual({ promptVersion: { number: 1 }, messages: null });
  expect(estimate.allowed).toBe(false);
  expect(estimate.refusals.map(({ code, path }: Fault) => [code, path?.join('.')])).toEqual([
    ['INVALID_INPUT', 'variables.nam'],
    ['INVALID_INPUT', 'variables.photo'],
    ['INVALID_INPUT', 'variables.secret'],
    ['INVALID_INPUT', 'variables.account'],
    ['INVALID_INPUT', 'variables.name'],
  ]);
});

it.each([
  [{ label: 'none' }, 'no label of the prompt greet "none"'],
  [{ version: 2 }, 'no version of the prompt greet "2"'],
  [{ slug: 'none' }, 'no prompt "none"'],
])('finds nothing for %j', async (args, message) => {
  expect(await render({ variables: {}, ...args })).toMatchObject({
    promptVersion: null,
    messages: null,
    variables: null,
    estimate: { allowed: false, refusals: [{ code: 'NOT_FOUND', message }] },
  });
});

it('takes a model where the version names none', async () => {
  const open = { slug: 'open', label: 'latest', variables: { name: 'Ada' } };
  const without = await render(open);
  expect(without.messages).toEqual([{ role: 'USER', parts: [{ text: 'Hello Ada', imageUrl: null }] }]);
  expect(without.estimate.refusals).toMatchObject([{ code: 'INVALID_INPUT' }]);
  expect((await render({ ...open, model: 'demo/echo' })).estimate).toMatchObject({
    model: { name: 'demo/echo' },
    allowed: true,
  });
  expect((await render({ ...open, model: 'demo/none' })).estimate.refusals).toMatchObject([
    { code: 'MODEL_UNAVAILABLE' },
  ]);
});
