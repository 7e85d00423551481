import { describe, expect, it } from 'vitest';
import { askAs } from '../access/support/keys.ts';
import { TRANSPORTS } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const SCHEMA = '{ __schema { queryType { name } } }';
const TYPE = '{ __type(name: "Query") { name } viewer { scopes } }';
const codes = (answer: { errors?: { extensions: Record<string, unknown> }[] }) =>
  answer.errors?.map(({ extensions }) => extensions['code']);

describe('introspection: none', () => {
  const gateway = useGateway({ config: { introspection: 'none' } });
  it.each(TRANSPORTS)('nobody reads the schema where nobody may, over %s', async (transport) => {
    const ask = (query: string, authorization: string | undefined = `Bearer ${ADMIN_KEY}`) =>
      askAs(authorization, transport, gateway().url, { query });
    const inFragment = 'query A { ...f } fragment f on Query { __schema { queryType { name } } }';
    for (const query of [SCHEMA, TYPE, inFragment])
      expect(codes(await ask(query))).toEqual(['INTROSPECTION_DISABLED']);
    expect(codes(await ask(SCHEMA, 'Bearer wrong'))).toEqual(['UNAUTHENTICATED']);
    const { data } = await ask('{ __typename _service { sdl } }');
    expect(data).toMatchObject({ __typename: 'Query', _service: { sdl: expect.any(String) } });
  });
});

describe('introspection: keys', () => {
  const gateway = useGateway({ config: { introspection: 'keys' } });
  it.each(TRANSPORTS)(
    'whoever has a key reads the schema, also during development, over %s',
    async (transport) => {
      const ask = (authorization: string | undefined) =>
        askAs(authorization, transport, gateway().url, { query: SCHEMA });
      expect(codes(await ask(undefined))).toEqual(['UNAUTHENTICATED']);
      expect(await ask(`Bearer ${ADMIN_KEY}`)).toHaveProperty('data.__schema');
    },
  );
});
