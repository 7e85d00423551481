import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { apiKeys } from '../../src/db/tables/api-keys.ts';
import { addOrganisation, HASHING_SECRET, type Tenant } from '../access/support/organisation.ts';
import { askAs, makeKey, revoke, type MadeKey } from '../access/support/keys.ts';
import { perToken, setPrice } from '../catalog/support/prices.ts';
import { TRANSPORTS, type Result } from '../server/support/client.ts';
import { useGateway, type Answer } from '../support/gateway.ts';
import { COMPLETE, HIT, MODELS, kept, say, toldIn } from './support/reads.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const ask = (query: string, { secret }: MadeKey, variables = {}) =>
  gateway().ask(query, variables, { key: secret });

/** The words of a key in the database, as if somebody had changed them. */
async function change({ id }: MadeKey, values: Partial<typeof apiKeys.$inferInsert>): Promise<void> {
  const { database, authenticator } = gateway().gateway;
  await database.db.update(apiKeys).set(values).where(eq(apiKeys.id, id));
  authenticator.forget(id);
}

let other: Tenant;
beforeAll(async () => {
  other = await addOrganisation(gateway(), 'Other');
});

describe('two principals never share an answer', () => {
  it('two keys of one team', async () => {
    const [one, two] = await Promise.all([
      makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] }),
      makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] }),
    ]);
    const variables = { input: say('of a team'), cache: {} };
    const first = await ask(COMPLETE, one, variables);
    const second = await ask(COMPLETE, two, variables);
    expect(second.data.complete.completion.id).not.toBe(first.data.complete.completion.id);
    expect(toldIn(second)).toEqual(kept(3_600_000));
    expect(toldIn(await ask(COMPLETE, one, variables))).toEqual(HIT);
  });

  it('two organisations, whose prices differ', async () => {
    const one = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    await setPrice(gateway(), { model: 'demo/echo', rates: perToken(7) }, other.admin.secret);
    const priceOf = ({ data }: Answer) =>
      data.models.nodes.find(({ name }: { name: string }) => name === 'demo/echo').price;
    const theirs = await ask(MODELS, other.admin);
    const ours = await ask(MODELS, one);
    expect(priceOf(theirs)).toEqual({ rates: [{ amount: { amount: '0.007' } }] });
    expect(priceOf(ours)).not.toEqual(priceOf(theirs));
    expect(toldIn(ours)).toEqual(kept(5_000));
    expect(priceOf(await ask(MODELS, one))).toEqual(priceOf(ours));
    expect(priceOf(await ask(MODELS, other.admin))).toEqual(priceOf(theirs));
  });

  it('a key and what it is after it has lost a scope', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'USAGE_READ'] });
    const variables = { input: say('while it may'), cache: {} };
    await ask(COMPLETE, key, variables);
    expect(toldIn(await ask(COMPLETE, key, variables))).toEqual(HIT);
    await change(key, { scopes: ['USAGE_READ'] });
    const { data, errors } = await ask(COMPLETE, key, variables);
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
  });

  it('a key and what it is after its models have changed', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const query = '{ model(name: "demo/echo") { access { allowed } } }';
    expect((await ask(query, key)).data.model.access.allowed).toBe(true);
    await change(key, { models: ['demo/cut'] });
    expect((await ask(query, key)).data.model.access.allowed).toBe(false);
  });
});

describe.each(TRANSPORTS)('over %s', (transport) => {
  const askOver = ({ secret }: MadeKey, query: string): Promise<Result> =>
    askAs(`Bearer ${secret}`, transport, gateway().url, { query });

  it('a revoked key gets no kept answer', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    expect(toldIn(await askOver(key, MODELS))).toEqual(kept(5_000));
    expect(toldIn(await askOver(key, MODELS))).toEqual(HIT);
    await revoke(gateway(), key);
    const { data, errors } = await askOver(key, MODELS);
    expect(data ?? null).toBeNull();
    expect(errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });

  it('nor does one that has expired', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    await askOver(key, MODELS);
    await change(key, { expiresAt: new Date(Date.now() - 1_000) });
    expect((await askOver(key, MODELS)).errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });

  it('an operation that costs too much is refused, though its answer would be kept', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const page = 'nodes { priceHistory { rates { amount { amount } source } source } prices { source } }';
    const query = `{ ${Array.from({ length: 25 }, (_, at) => `m${at}: models(first: 200) { ${page} }`).join(' ')} }`;
    const answer = await askOver(key, query);
    expect(answer.errors?.[0]?.extensions['code']).toBe('QUERY_TOO_EXPENSIVE');
    expect(toldIn(answer)).toBeUndefined();
  });
});
