import { expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { createPrompt, saying } from './support.ts';

const gateway = useGateway();

it('keeps nulls inside JSON, where they mean something', async () => {
  const outputSchema = {
    type: 'object',
    properties: { size: { anyOf: [{ type: 'string' }, { const: null }] }, mood: { enum: ['good', null] } },
  };
  const variables = [{ name: 'ticket', type: 'OBJECT', example: { title: null } }];
  const version = saying('{{ ticket | json }}', { outputSchema, variables });
  expect((await createPrompt(gateway(), { slug: 'nulls', version })).errors).toEqual([]);
  const { data } = await gateway().ask(
    '{ prompt(slug: "nulls") { version { outputSchema variables { example } } } }',
  );
  expect(data.prompt.version).toEqual({ outputSchema, variables: [{ example: { title: null } }] });
});
