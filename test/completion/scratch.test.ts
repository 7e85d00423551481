import { it } from 'vitest';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { create, CREATE, say } from './support/completions.ts';

const gateway = useGateway();
async function raw(body: string) {
  const response = await fetch(gateway().url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
  });
  return (await response.text()).slice(0, 600);
}
const deep = (n: number) => '['.repeat(n) + ']'.repeat(n);
it('deep args', async () => {
  for (const n of [50, 1000, 20000]) {
    const body = JSON.stringify({
      query: CREATE,
      variables: {
        input: {
          model: 'demo/echo',
          source: {
            messages: [
              { role: 'USER', parts: [{ text: 'a' }] },
              { role: 'ASSISTANT', parts: [{ toolCall: { id: 'a', name: 'b', arguments: 'DEEP' } }] },
            ],
          },
        },
      },
    }).replace('"DEEP"', deep(n));
    console.log(n, await raw(body));
    const body2 = JSON.stringify({
      query: CREATE,
      variables: {
        input: { model: 'demo/echo', source: { text: 'a' }, output: { jsonSchema: { allOf: ['DEEP'] } } },
      },
    }).replace('"DEEP"', deep(n));
    console.log(n, await raw(body2));
  }
});
it('deep object', async () => {
  const results = await Promise.race([
    Promise.all([
      create(gateway(), say('demo/echo', deep(20_000), { output: { jsonSchema: {} } })).catch(String),
      create(gateway(), say('demo/echo', 'innocent '.repeat(2000))).catch(String),
    ]),
    new Promise((r) => setTimeout(() => r('TIMEOUT'), 8000)),
  ]);
  console.log(JSON.stringify(results).slice(0, 500));
  console.log(
    gateway()
      .logs.filter((l) => l.includes('"level":50'))
      .map((l) => l.slice(0, 400))
      .slice(0, 5)
      .join('\n'),
  );
}, 60000);
