import { beforeAll, describe, expect, it } from 'vitest';
import { addOrganisation, HASHING_SECRET, type Tenant } from '../access/support/organisation.ts';
import { makeKey } from '../access/support/keys.ts';
import { completionOf, create, say } from '../completion/support/completions.ts';
import { useGateway } from '../support/gateway.ts';
import { perToken, readEntries, readPrices, setPrice, trySet } from './support/prices.ts';

const gateway = useGateway({
  variables: { SLUICE_SECRET: HASHING_SECRET, OPENAI_API_KEY: 'of-nobody', SLUICE_DETECT: '1' },
});
const HOUR_MS = 3_600_000;
const inAnHour = () => new Date(Date.now() + HOUR_MS).toISOString();

let other: Tenant;
beforeAll(async () => {
  other = await addOrganisation(gateway(), 'Other');
});

/** Input tokens of a completion, and what it cost. */
async function ask(model: string, key?: string) {
  const payload = await create(gateway(), say(model, 'one two three'), key === undefined ? {} : { key });
  const { id, usage, cost } = completionOf(payload);
  const tokens = (usage?.input ?? 0) + (usage?.output ?? 0);
  return { id, tokens, nanos: cost && Math.round(Number(cost.amount) * 1e9) };
}

describe('a price that an organisation sets', () => {
  it('holds at once, for what begins after it', async () => {
    const before = await ask('demo/expensive');
    const price = await setPrice(gateway(), { model: 'demo/expensive', rates: perToken(7) });
    expect(price).toMatchObject({
      id: expect.stringMatching(/^price_/),
      modelName: 'demo/expensive',
      source: 'organisation',
      rates: [{ unit: 'MTOK_INPUT', amount: { amount: '0.007' }, fromTokens: 0 }],
    });
    const after = await ask('demo/expensive');
    expect(after.nanos).toBe(after.tokens * 7);
    expect(before.nanos).toBeGreaterThan(after.nanos ?? 0);

    const lines = await readEntries(gateway(), after.id);
    expect(lines.map((line) => line.price)).toEqual(lines.map(() => price));
    for (const line of await readEntries(gateway(), before.id)) {
      expect(line.price).toMatchObject({ source: 'demo' });
      expect(line.price?.id).not.toBe(price.id);
    }
  });

  it('can be set for each unit, with tiers, also for a model that had no price', async () => {
    expect((await ask('demo/unpriced')).nanos).toBeNull();
    expect(await readPrices(gateway(), 'demo/unpriced')).toMatchObject({ price: null, prices: [] });
    const rates = [
      { unit: 'REQUEST', amount: '0.000001' },
      { unit: 'MTOK_INPUT', amount: '0.002', fromTokens: 1 },
      { unit: 'MTOK_INPUT', amount: '0.5', fromTokens: 0 },
      ...['OUTPUT', 'CACHE_READ', 'CACHE_WRITE', 'REASONING'].map((kind) => ({
        unit: `MTOK_${kind}`,
        amount: '0.002',
      })),
      ...['MCHAR', 'IMAGE', 'AUDIO_SECOND'].map((unit) => ({ unit, amount: '3' })),
    ];
    const price = await setPrice(gateway(), { model: 'demo/unpriced', rates });
    expect(price.rates).toHaveLength(rates.length);
    expect(price.rates.slice(0, 2)).toEqual([
      { unit: 'MTOK_INPUT', amount: { amount: '0.5' }, fromTokens: 0 },
      { unit: 'MTOK_INPUT', amount: { amount: '0.002' }, fromTokens: 1 },
    ]);
    const { tokens, nanos } = await ask('demo/unpriced');
    expect(nanos).toBe(tokens * 2 + 1_000);
    const told = await readPrices(gateway(), 'demo/unpriced');
    expect(told).toMatchObject({ price, prices: price.rates, priceHistory: [price] });
  });

  it('can begin later, and then follows the one before it', async () => {
    const { catalog } = gateway().gateway;
    const first = await setPrice(gateway(), { model: 'demo/slow', rates: perToken(1) });
    const effectiveFrom = inAnHour();
    const second = await setPrice(gateway(), { model: 'demo/slow', rates: perToken(2), effectiveFrom });
    const third = await setPrice(gateway(), { model: 'demo/slow', rates: perToken(3) });
    expect(second.effectiveFrom).toBe(effectiveFrom);
    const model = catalog.ensureModel('demo/slow');
    const { organisationId } = await gateway().gateway.authenticator.authenticate({
      authorization: `Bearer ${(await makeKey(gateway(), { scopes: ['ADMIN'] })).secret}`,
      ip: '127.0.0.1',
    });
    const idAt = (at: number) => catalog.priceFor(model, organisationId, new Date(at))?.id;
    expect(idAt(Date.now())).toBe(third.id);
    expect(idAt(Date.parse(effectiveFrom) - 1)).toBe(third.id);
    expect(idAt(Date.parse(effectiveFrom))).toBe(second.id);
    expect((await readPrices(gateway(), 'demo/slow')).priceHistory).toEqual([second, third, first]);
  });

  it('that is set again for the same moment counts as it was set last', async () => {
    const effectiveFrom = inAnHour();
    const model = gateway().gateway.catalog.ensureModel('demo/cut');
    const at = new Date(effectiveFrom);
    for (const nanos of [1, 2, 1]) {
      const price = await setPrice(
        gateway(),
        { model: 'demo/cut', rates: perToken(nanos), effectiveFrom },
        other.admin.secret,
      );
      expect(gateway().gateway.catalog.priceFor(model, other.organisationId, at)?.id).toBe(price.id);
    }
  });

  it('gives way to everybody’s price when it is set without rates', async () => {
    const general = (await readPrices(gateway(), 'openai/gpt-4o')).price;
    expect(general?.source).toMatch(/^genai-prices /);
    const own = await setPrice(gateway(), { model: 'openai/gpt-4o', rates: perToken(1) });
    expect((await readPrices(gateway(), 'openai/gpt-4o')).price).toEqual(own);
    const back = await setPrice(gateway(), { model: 'openai/gpt-4o', rates: null });
    expect(back.rates).toEqual([]);
    const told = await readPrices(gateway(), 'openai/gpt-4o');
    expect(told.price).toEqual(general);
    expect(told.priceHistory).toEqual([back, own]);
  });

  it('is the organisation’s alone: another neither sees it nor is charged by it', async () => {
    const key = other.admin.secret;
    const general = (await readPrices(gateway(), 'demo/echo', key)).price;
    const own = await setPrice(gateway(), { model: 'demo/echo', rates: perToken(9) });
    expect((await readPrices(gateway(), 'demo/echo', key)).price).toEqual(general);
    expect((await ask('demo/echo', key)).nanos).toBe(0);
    const { priceHistory } = await readPrices(gateway(), 'demo/echo', key);
    expect(priceHistory).toEqual([general]);
    const node = 'query ($id: ID!) { node(id: $id) { __typename id } }';
    expect((await gateway().ask(node, { id: own.id }, { key })).data).toEqual({ node: null });
    expect((await gateway().ask(node, { id: own.id })).data).toEqual({
      node: { __typename: 'Price', id: own.id },
    });
    const theirs = await setPrice(gateway(), { model: 'demo/echo', rates: perToken(2) }, key);
    expect((await readPrices(gateway(), 'demo/echo', key)).price).toEqual(theirs);
    expect((await readPrices(gateway(), 'demo/echo')).price).toEqual(own);
  });

  it('is written down with who set it, and what held before', async () => {
    const first = await setPrice(gateway(), { model: 'demo/reasoning', rates: perToken(1) });
    const second = await setPrice(gateway(), { model: 'demo/reasoning', rates: perToken(2) });
    const { data } = await gateway().ask(
      `{ auditEvents(first: 1, filter: { action: { eq: "price.set" } }) {
        nodes { targetId target { id } before after requestId }
      } }`,
    );
    const [event] = data.auditEvents.nodes;
    expect(event).toMatchObject({
      targetId: second.id,
      target: { id: second.id },
      before: { id: first.id, rates: [{ unit: 'MTOK_INPUT', fromTokens: 0, nanos: '1000000' }] },
      after: { id: second.id, model: 'demo/reasoning' },
    });
  });
});

describe('a price that cannot be', () => {
  const model = 'demo/assistant';
  const rate = (changes: object) => ({ unit: 'MTOK_INPUT', amount: '1', ...changes });
  it.each<[what: string, input: object, path: string]>([
    ['an unknown model', { model: 'demo/none', rates: perToken(1) }, 'input.model'],
    ['a model of nobody', { model: 'x'.repeat(10_000), rates: perToken(1) }, 'input.model'],
    ['an empty name', { model: '', rates: [] }, 'input.model'],
    ['a negative amount', { model, rates: [rate({ amount: '-1' })] }, 'input.rates.0.amount'],
    ['an absurd amount', { model, rates: [rate({ amount: '1000000.01' })] }, 'input.rates.0.amount'],
    ['a rate said twice', { model, rates: [rate({}), rate({ amount: '2' })] }, 'input.rates.1.unit'],
    ['a tier below zero', { model, rates: [rate({}), rate({ fromTokens: -1 })] }, 'input.rates.1.fromTokens'],
    [
      'a tier beyond everything',
      { model, rates: [rate({}), rate({ fromTokens: 1e10 })] },
      'input.rates.1.fromTokens',
    ],
    ['a tier without a base', { model, rates: [rate({ fromTokens: 5 })] }, 'input.rates.0.fromTokens'],
    ['neither input nor requests', { model, rates: [{ unit: 'IMAGE', amount: '1' }] }, 'input.rates'],
    [
      'too many rates',
      { model, rates: Array.from({ length: 101 }, (_, fromTokens) => rate({ fromTokens })) },
      'input.rates',
    ],
    [
      'a moment in the past',
      { model, rates: perToken(1), effectiveFrom: '2026-01-01T00:00:00Z' },
      'input.effectiveFrom',
    ],
  ])('is refused with its place: %s', async (_what, input, path) => {
    const { price, errors } = await trySet(gateway(), input);
    expect(price).toBeNull();
    expect(errors).toMatchObject([
      { __typename: 'InvalidInputError', code: 'INVALID_INPUT', path: path.split('.') },
    ]);
    expect(errors[0]?.message).toContain(path);
    expect(
      (await readPrices(gateway(), model)).priceHistory.filter(({ source }) => source === 'organisation'),
    ).toEqual([]);
  });

  it('is told all its faults at once', async () => {
    const { errors } = await trySet(gateway(), {
      model: 'none',
      rates: [rate({ amount: '-1', fromTokens: 3 })],
      effectiveFrom: '2026-01-01T00:00:00Z',
    });
    expect(errors.map(({ path }) => path?.join('.'))).toEqual([
      'input.rates.0.amount',
      'input.rates.0.fromTokens',
      'input.model',
      'input.effectiveFrom',
    ]);
  });

  it('is set by nobody but an admin', async () => {
    const { secret } = await makeKey(gateway(), {
      scopes: ['COMPLETIONS_WRITE', 'USAGE_READ', 'KEYS_WRITE'],
    });
    const { errors } = await gateway().ask(
      'mutation { priceSet(input: { model: "demo/echo" }) { errors { code } } }',
      {},
      { key: secret },
    );
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});
