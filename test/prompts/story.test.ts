import { expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { createPrompt, createVersion, saying, setLabel } from './support.ts';

const gateway = useGateway();

const COMPLETE = `mutation ($prompt: PromptRefInput!) {
  completionCreate(input: { source: { prompt: $prompt } }) {
    completion { text requestedModel promptVersion { number prompt { slug } } } errors { code message path }
  }
}`;

async function greet(prompt: Record<string, unknown>) {
  const { data } = await gateway().ask(COMPLETE, { prompt: { slug: 'greet', ...prompt } });
  return data.completionCreate;
}

it('is written, published, asked for, and rolled back', async () => {
  const created = await createPrompt(gateway(), { slug: 'greet', version: saying('Hello {{ name }}!') });
  expect(created).toEqual({ prompt: { id: expect.stringMatching(/^prm_/), slug: 'greet' }, errors: [] });
  await setLabel(gateway(), { slug: 'greet', label: 'production', version: 1 });
  const { promptVersion } = await createVersion(gateway(), {
    slug: 'greet',
    version: saying('Good day, {{ name }}.'),
  });
  expect(promptVersion?.number).toBe(2);

  const variables = { name: 'Ada' };
  expect(await greet({ variables })).toEqual({
    completion: {
      text: 'Hello Ada!',
      requestedModel: 'demo/echo',
      promptVersion: { number: 1, prompt: { slug: 'greet' } },
    },
    errors: [],
  });
  expect((await greet({ version: 2, variables })).completion?.text).toBe('Good day, Ada.');
  expect((await greet({ label: 'latest', variables })).completion?.text).toBe('Good day, Ada.');

  await setLabel(gateway(), { slug: 'greet', label: 'production', version: 2 });
  expect((await greet({ variables })).completion?.text).toBe('Good day, Ada.');
  await setLabel(gateway(), { slug: 'greet', label: 'production', version: 1 });
  expect((await greet({ variables })).completion?.text).toBe('Hello Ada!');
});
