import { describe, expect, it, test } from 'vitest';
import { apiKeys } from '../../src/db/tables/api-keys.ts';
import { makeKey } from '../access/support/keys.ts';
import { post } from '../server/support/client.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

// Hundreds of wrong credentials come from one address.
const gateway = useGateway({
  config: { limits: { ...DEFAULTS.limits, failedCredentialsPerMinute: 1_000_000 } },
});

const HOSTILE = [
  `'`,
  `''`,
  `' OR '1'='1`,
  `' OR 1=1 --`,
  `'; DROP TABLE completions; --`,
  `"; DROP TABLE api_keys; --`,
  `') UNION SELECT secret_hash FROM api_keys --`,
  `\\'; SELECT pg_sleep(10); --`,
  `1; SELECT pg_sleep(10)`,
  `$1`,
  `$$; DROP TABLE outbox; $$`,
  `/* */`,
  `%`,
  `_`,
  `\\`,
  `%_\\%`,
  '\u2019 OR 1=1',
  '\ud800',
  '__proto__',
  '{{constructor.constructor("return process")()}}',
  '${jndi:ldap://127.0.0.1/a}',
  '<script>alert(1)</script>',
];

const countEverything = async () => {
  const { data } = await gateway().ask(
    '{ completions { totalCount } viewer { team { keys { totalCount } } } }',
  );
  return data as unknown;
};

describe('a hostile text', () => {
  it.each(HOSTILE)('%j as a credential is unknown', async (text) => {
    const credential = encodeURIComponent(text.toWellFormed());
    for (const authorization of [`Bearer ${credential}`, `Bearer sk-sluice-${credential}`, credential]) {
      const response = await post(
        gateway().url,
        { query: '{ viewer { scopes } }' },
        { headers: { authorization } },
      );
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    }
    // As it stands, which no HTTP client would send.
    const { authenticator } = gateway().gateway;
    for (const authorization of [text, `Bearer ${text}`])
      await expect(authenticator.authenticate({ authorization, ip: '127.0.0.1' })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
  });

  it.each(HOSTILE)('%j in every id, filter and cursor finds nothing and changes nothing', async (text) => {
    const before = await countEverything();
    const answer = await gateway().ask(
      `query ($id: ID!, $text: String!) {
        node(id: $id) { id }
        completion(id: $id) { id }
        budget(id: $id) { id }
        completions(filter: { keyId: $id, teamId: $id, model: { contains: $text, eq: $text, in: [$text] }, endUserId: { contains: $text }, tag: { key: $text, value: $text } }) { totalCount }
        ledger(filter: { completionId: $id, keyId: $id }) { totalCount }
        usage(range: { from: "2020-01-01T00:00:00Z" }, filter: { teamId: $id, model: { contains: $text } }) { total { requests } }
        auditEvents(filter: { actor: { eq: $text }, action: { contains: $text } }) { totalCount }
        operations(name: { contains: $text }) { totalCount }
      }`,
      { id: text, text },
    );
    expect(answer).toEqual({
      data: {
        node: null,
        completion: null,
        budget: null,
        completions: { totalCount: 0 },
        ledger: { totalCount: 0 },
        usage: { total: { requests: 0 } },
        auditEvents: { totalCount: 0 },
        operations: { totalCount: 0 },
      },
    });
    const paged = await gateway().ask(
      'query ($after: String) { completions(after: $after) { totalCount } }',
      {
        after: text,
      },
    );
    expect(paged.errors).toMatchObject([
      { message: expect.stringContaining('after'), extensions: { code: 'INVALID_INPUT' } },
    ]);
    expect(await countEverything()).toEqual(before);
  });

  it('of a megabyte is one value like any other', async () => {
    const text = `'${'%_'.repeat(500_000)}`;
    const { data } = await gateway().ask(
      'query ($text: String!) { completions(filter: { endUserId: { contains: $text } }) { totalCount } }',
      { text },
    );
    expect(data.completions.totalCount).toBe(0);
  });
});

test('wild cards of SQL are characters of a search', async () => {
  const CREATE = `mutation ($user: String!) {
    completionCreate(input: { model: "demo/echo", source: { text: "x" }, endUserId: $user }) { errors { code } }
  }`;
  for (const user of ['wild-plain', 'wild-50%', 'wild-a_b']) await gateway().ask(CREATE, { user });
  const search = async (contains: string) => {
    const { data } = await gateway().ask(
      'query ($contains: String!) { completions(filter: { endUserId: { contains: $contains } }) { nodes { endUserId } } }',
      { contains },
    );
    return data.completions.nodes.map(({ endUserId }: { endUserId: string }) => endUserId) as string[];
  };
  expect(await search('%')).toEqual(['wild-50%']);
  expect(await search('_')).toEqual(['wild-a_b']);
  expect(await search('wild')).toHaveLength(3);
  expect(await search('%_'.repeat(1_000))).toEqual([]);
});

describe('what a caller may not set', () => {
  it.each([
    ['keyCreate', '{ name: "x", scopes: [USAGE_READ], organisationId: "other" }'],
    ['keyCreate', '{ name: "x", scopes: [USAGE_READ], secretHash: "00" }'],
    ['keyCreate', '{ name: "x", scopes: [USAGE_READ], id: "key_1" }'],
    ['completionCreate', '{ model: "demo/echo", source: { text: "x" }, teamId: "other" }'],
    ['completionCreate', '{ model: "demo/echo", source: { text: "x" }, cost: "0" }'],
    ['completionCreate', '{ model: "demo/echo", source: { text: "x" }, apiKey: "sk" }'],
    ['operationRegister', '{ text: "query A { viewer { scopes } }", organisationId: "other" }'],
    ['budgetSet', '{ subjectId: "team_default", limit: "1", window: DAY, spent: "0" }'],
  ])('%s with %s is refused as no input of its', async (field, input) => {
    const { errors } = await gateway().ask(`mutation { ${field}(input: ${input}) { errors { code } } }`);
    expect(errors?.[0]?.extensions['code']).toMatch(/INVALID_INPUT|GRAPHQL_VALIDATION_FAILED/);
  });
});

test('what is stored of a key is no key', async () => {
  const { secret } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
  const rows = await gateway().gateway.database.db.select().from(apiKeys);
  expect(rows.length).toBeGreaterThan(1);
  for (const { secretHash, hint, id } of rows)
    for (const shown of [secretHash, `sk-sluice-${secretHash}`, hint, id]) {
      const { errors } = await gateway().ask('{ viewer { scopes } }', {}, { key: encodeURIComponent(shown) });
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
  // The random part alone is 160 bits or more.
  expect(secret.replace(/^sk-sluice-/, '').length * Math.log2(62)).toBeGreaterThan(160);
});

test('a key in the address is none', async () => {
  const query = encodeURIComponent('{ viewer { scopes } }');
  for (const name of ['key', 'api_key', 'access_token', 'authorization']) {
    const response = await fetch(`${gateway().url}?query=${query}&${name}=${ADMIN_KEY}`, {
      headers: { 'x-sluice-preflight': '1' },
    });
    expect(response.status).toBe(401);
  }
});

describe('two readings of one body', () => {
  const ask = async (body: string) => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const response = await post(gateway().url, { query: '' }, { headers, body });
    return (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
  };
  const QUERY = JSON.stringify(
    'query ($input: CompletionInput!) { tokenEstimate(input: $input) { inputTokens } }',
  );

  it.each(['Query', 'QUERY', 'Variables'])('a name in other letters, %s, is not read', async (name) => {
    const { errors } = await ask(
      `{"query":"{ viewer { scopes } }","${name}":"{ viewer { organisationId } }"}`,
    );
    expect(errors?.[0]?.extensions.code).toBe('BAD_REQUEST');
  });

  it.each(['Model', 'MODEL', 'Source'])('nor is %s in an input', async (name) => {
    const { errors } = await ask(
      `{"query":${QUERY},"variables":{"input":{"model":"demo/echo","source":{"text":"x"},"${name}":"y"}}}`,
    );
    expect(errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
  });

  it('a name that stands twice is read once, and what is read is what is checked and sent on', async () => {
    const answer = await ask(
      `{"query":"mutation { completionCreate(input: { model: \\"demo/echo\\", source: { text: \\"hi\\" } }) { completion { text } } }","query":"{ viewer { organisationId } }"}`,
    );
    expect(answer).toEqual({ data: { viewer: { organisationId: expect.any(String) } } });
  });
});
