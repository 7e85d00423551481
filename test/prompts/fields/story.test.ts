import { expect, it } from 'vitest';
import { useGateway } from '../../support/gateway.ts';
import { publish, saying } from '../support.ts';
const gateway = useGateway();
it('works', async () => {
  await publish(gateway(), 'greet-me', saying('Hello {{ name }}!', { variables: [{ name: 'name', type: 'STRING' }] }));
  const a = await gateway().ask('{ ai { greetMe(name: "Ada") { result completion { id text promptVersion { number } } errors { code message } } } }');
  console.log(JSON.stringify(a));
  const c = gateway().socket();
  for await (const e of c.iterate({ query: 'subscription { ai { greetMe(name: "Ada") { event { __typename } result } } }' })) console.log(JSON.stringify(e));
  console.log(JSON.stringify(await gateway().ask('{ ai { greetMe { result } } }')));
  console.log(JSON.stringify(await gateway().ask('{ _service { sdl } }')).slice(-1500));
});
