import { describe, expect, it } from 'vitest';
import { askAs } from '../access/support/keys.ts';
import { HASHING_SECRET } from '../access/support/organisation.ts';
import { connect } from '../server/support/client.ts';
import { useGateway } from '../support/gateway.ts';
import { useLimitedTenant } from './support/limits.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const tenant = useLimitedTenant(gateway);

const CHEAP = '{ viewer { scopes } }';
const LIST = 'query ($first: Int) { completions(first: $first) { nodes { id } } }';
const UNIT = 'OPERATION_COST_PER_MINUTE';
const setForKey = async () =>
  (await tenant().set({ scope: 'KEY', subjectId: '*', unit: UNIT, max: 1_000 })).id;

/** What is left to the admin, without drawing on it. */
async function remaining(id: string): Promise<number> {
  const { limits, limitSetting } = gateway().gateway;
  const { organisationId, teamId, admin } = tenant();
  const limit = limitSetting.book.list(organisationId).find((each) => each.id === id)!;
  const subjects = { ORGANISATION: organisationId, TEAM: teamId, KEY: admin.id, IP: '127.0.0.1' };
  return (await limits.stand([limit], subjects))[0]!.remaining;
}

/** Asks until the limit leaves no room for anything. */
async function exhaust(): Promise<void> {
  for (const query of ['{ completions(first: 200) { nodes { id } } }', CHEAP])
    while (!(await tenant().ask(query)).errors);
}

describe('the cost of operations', () => {
  it.each([
    ['ORGANISATION', () => tenant().organisationId],
    ['TEAM', () => tenant().teamId],
    ['KEY', () => tenant().admin.id],
    ['IP', () => '127.0.0.1'],
    ['IP', () => '*'],
  ])('is taken from the limit of %s, by its variables', async (scope, subjectId) => {
    const { ask, set } = tenant();
    const { id } = await set({ scope, subjectId: subjectId(), unit: UNIT, max: 1_000 });
    await ask(LIST, { first: 1 });
    const one = 1_000 - (await remaining(id));
    expect(one).toBeGreaterThan(0);
    await ask(LIST, { first: 100 });
    expect(1_000 - (await remaining(id)) - one).toBeGreaterThan(one);
  });

  it.each(['HTTP', 'SSE', 'WS'] as const)('refuses over %s at the top level', async (transport) => {
    const { admin } = tenant();
    await setForKey();
    await exhaust();
    const { errors, data } = await askAs(`Bearer ${admin.secret}`, transport, gateway().url, {
      query: CHEAP,
    });
    expect(data ?? null).toBeNull();
    expect(errors).toEqual([
      {
        message: expect.stringContaining('(1000 points of operations per minute)'),
        extensions: {
          code: 'RATE_LIMITED',
          scope: 'KEY',
          unit: UNIT,
          limit: 1_000,
          remaining: expect.any(Number),
          retryAfterMs: expect.any(Number),
          requestId: expect.any(String),
        },
      },
    ]);
  });

  it('over HTTP is a 429 with retry-after', async () => {
    const { post } = tenant();
    await setForKey();
    await exhaust();
    const { status, headers, answer } = await post(CHEAP);
    expect(status).toBe(429);
    const { retryAfterMs } = answer.errors![0]!.extensions as { retryAfterMs: number };
    expect(headers.get('retry-after')).toBe(String(Math.ceil(retryAfterMs / 1_000)));
  });

  it('of one operation can be more than the limit, which no wait would help', async () => {
    const { post } = tenant();
    await setForKey();
    const { status, headers, answer } = await post(
      '{ models(first: 200) { nodes { name price { rates { unit amount { amount } } } } } }',
    );
    expect(status).toBe(429);
    expect(answer.errors![0]!.message).toContain('ask for less at once');
    expect(headers.get('retry-after')).toBeNull();
  });

  it.each(['SSE', 'WS'] as const)(
    'refuses a subscription over %s before its source starts',
    async (transport) => {
      const { admin, organisationId } = tenant();
      await setForKey();
      await exhaust();
      const query = `subscription {
      completionStream(input: { model: "demo/echo", source: { text: "hi" } }) { __typename }
    }`;
      const { errors } = await askAs(`Bearer ${admin.secret}`, transport, gateway().url, { query });
      expect(errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', unit: UNIT } }]);
      const { sql } = gateway().gateway.database;
      expect(await sql`SELECT id FROM completions WHERE organisation_id = ${organisationId}`).toEqual([]);
    },
  );

  it('is in whole points, whatever an operation asks for: limits count nothing else', async () => {
    const { ask, set } = tenant();
    const { id } = await set({ scope: 'IP', subjectId: '*', unit: UNIT, max: 100_000 });
    for (const first of [1, 2, 3, 7, 11]) {
      await ask(LIST, { first });
      await ask(`{ models(first: ${first}) { nodes { id provider { name } } } }`);
      expect(await remaining(id)).toSatisfy(Number.isSafeInteger);
    }
    const { errors } = await ask(LIST, { first: 2_147_483_647 });
    expect(errors?.[0]?.extensions['cost']).toSatisfy(Number.isSafeInteger);
  });

  it('counts each operation on one socket', async () => {
    const { admin, ask } = tenant();
    const id = await setForKey();
    const client = await connect(gateway().url, { authorization: `Bearer ${admin.secret}` });
    for (const name of ['1', '2', '3']) {
      client.subscribe(name, { query: CHEAP });
      await client.next(name);
    }
    client.ws.close();
    const three = 1_000 - (await remaining(id));
    await ask(CHEAP);
    expect(1_000 - (await remaining(id))).toBe((three / 3) * 4);
  });

  it('takes nothing for what is not run: too expensive, invalid, without a key', async () => {
    const { ask, set } = tenant();
    const { id } = await set({ scope: 'IP', subjectId: '*', unit: UNIT, max: 100_000 });
    expect((await ask('{ nothing }')).errors).toBeDefined();
    const deep =
      '{ completions(first: 200) { nodes { team { keys(first: 200) { nodes { budgets { id } } } } } } }';
    expect((await ask(deep)).errors?.[0]?.extensions['code']).toBe('QUERY_TOO_EXPENSIVE');
    await gateway().ask(CHEAP, {}, { key: 'sk-sluice-wrong' });
    expect(await remaining(id)).toBe(100_000);
  });
});
