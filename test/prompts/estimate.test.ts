import { expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { publish, saying } from './support.ts';

const gateway = useGateway();

it('estimates what a prompt comes to, and tells by data why it cannot be asked', async () => {
  await publish(gateway(), 'greet', saying('Hello {{ name }}!'));
  const ESTIMATE = `query ($prompt: PromptRefInput!) {
    estimate(input: { source: { prompt: $prompt } }) { allowed inputTokens model { name } refusals { code message } }
  }`;
  const estimate = async (prompt: object) => (await gateway().ask(ESTIMATE, { prompt })).data?.estimate;
  expect(await estimate({ slug: 'greet', variables: { name: 'Ada' } })).toMatchObject({
    allowed: true,
    inputTokens: expect.any(Number),
    model: { name: 'demo/echo' },
    refusals: [],
  });
  const refused = { allowed: false, inputTokens: 0, model: null };
  expect(await estimate({ slug: 'greet' })).toMatchObject({
    ...refused,
    refusals: [{ code: 'INVALID_INPUT', message: expect.stringContaining('name') }],
  });
  expect(await estimate({ slug: 'none' })).toMatchObject({ ...refused, refusals: [{ code: 'NOT_FOUND' }] });
});
