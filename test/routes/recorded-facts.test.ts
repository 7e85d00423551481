import { expect, it } from 'vitest';
import { completionOf, create, say, type Input } from '../completion/support/completions.ts';
import { useGateway } from '../support/gateway.ts';
import { setRoute } from './support.ts';

const gateway = useGateway();

const factsOf = async (model: string, text: string, more: Input = {}) => {
  const { id } = completionOf(await create(gateway(), say(model, text, more)));
  const [row] = await gateway().gateway.database.sql`SELECT facts FROM completions WHERE id = ${id}`;
  return row?.['facts'];
};

it('of a request some numbers are kept for drafts of routes, and none of its words', async () => {
  await setRoute(gateway(), {
    name: 'kept',
    targets: [{ model: 'demo/error', retries: 0 }, { model: 'demo/assistant' }],
  });
  const plain = { t: expect.any(Number), c: 0, s: expect.any(Number) };
  expect(await factsOf('demo/echo', 'Hi')).toEqual({ ...plain, c: expect.closeTo(0, 2) });
  // Also where another attempt follows the first one.
  const tools = [{ name: 'look', parameters: { type: 'object' } }];
  const more = { tools, params: { maxOutputTokens: 300 } };
  expect(await factsOf('kept', 'Prove my secret plan', more)).toEqual({
    ...plain,
    c: expect.closeTo(0.375, 2),
    n: ['TOOLS'],
    m: 300,
  });
});
