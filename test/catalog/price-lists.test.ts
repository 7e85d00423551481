import { afterAll, describe, expect, it } from 'vitest';
import { refreshPrices, refreshWhenDue } from '../../src/catalog/refresh.ts';
import { bootGateway, useGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { listOf, serve, writeList } from './support/lists.ts';
import { readPrices } from './support/prices.ts';

const variables = {
  OPENAI_API_KEY: 'of-nobody',
  SLUICE_DETECT: '1',
  SLUICE_SECRET: 'of-both-instances-Jw82nfLqPz61',
};
const gateway = useGateway({ variables });
/** On a server that others use too, what is committed is told once nobody's older transaction is open. */
const HEARD_WITHIN_MS = 25_000;
const { signal } = new AbortController();
const refresh = (source: string) => refreshPrices(gateway().gateway.database.sql, source, signal);

/** The price list that answers now is this one; waits until the gateway has heard of it. */
async function expectInUse(source: string, of: TestGateway = gateway()): Promise<void> {
  of.gateway.announceCommit();
  await expect
    .poll(async () => (await readPrices(of, 'openai/gpt-4o')).price?.source, { timeout: HEARD_WITHIN_MS })
    .toMatch(new RegExp(`^${source}( [0-9a-f]{8})?$`));
}

const countLists = async () => {
  const [row] = await gateway().gateway.database.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM price_lists`;
  return row?.count;
};

describe('a price list', () => {
  it('is the packaged one until another is loaded', async () => {
    await expectInUse('genai-prices .*');
    expect(await countLists()).toBe(0);
  });

  it('is taken from a file, and says what it changes', async () => {
    const { source, models, changes } = await refresh(await writeList(listOf(2)));
    expect({ source, models }).toEqual({ source: 'prices.json', models: 2 });
    expect(changes.added).toEqual(['openai/gpt-99']);
    expect(changes.removed).toContain('anthropic/claude-opus-4-5');
    expect(changes.repriced).toContainEqual({
      model: 'openai/gpt-4o',
      before: expect.stringContaining('cache_read_mtok 1.25, input_mtok 2.5, output_mtok 10'),
      after: 'an_unknown_unit 3, input_mtok 2, output_mtok 10',
    });
    await expectInUse('prices.json');
    const told = await readPrices(gateway(), 'openai/gpt-4o-2024-08-06');
    expect(told.prices).toMatchObject([{ amount: { amount: '2' } }, { amount: { amount: '10' } }]);
    expect((await readPrices(gateway(), 'openai/gpt-99')).price).toMatchObject({
      effectiveFrom: '2026-01-01T00:00:00.000Z',
      rates: [{ amount: { amount: '5' } }, { amount: { amount: '6' } }],
    });
    expect((await gateway().ask('{ model(name: "openai/o3") { name } }')).data).toEqual({ model: null });
  });

  it('is taken from a URL, whose login is sent as a header and told to nobody', async () => {
    const heard: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      heard.push(request.headers.authorization);
      response.end(JSON.stringify({ units: {}, providers: listOf(3) }));
    });
    url.username = 'me';
    url.password = 'hunter2';
    url.search = '?token=hunter3';
    const { source, changes } = await refresh(url.href);
    expect(heard).toEqual([`Basic ${Buffer.from('me:hunter2').toString('base64')}`]);
    expect(source).toBe(`${url.origin}/lists/prices.json`);
    expect(changes).toMatchObject({ added: [], removed: [], repriced: [{ model: 'openai/gpt-4o' }] });
    await expectInUse(source);
    const rows = await gateway().gateway.database.sql<{ source: string }[]>`SELECT source FROM price_lists`;
    expect(JSON.stringify(rows) + gateway().logs.join('')).not.toMatch(/hunter/);
  });

  it('that was in use before can come back, and the last ten are kept', async () => {
    for (let input = 10; input < 22; input++) await refresh(await writeList(listOf(input)));
    expect(await countLists()).toBe(10);
    await refresh(await writeList(listOf(15)));
    expect(await countLists()).toBe(10);
    const nothing = await refresh(await writeList(listOf(15)));
    expect(nothing.changes).toEqual({ added: [], removed: [], repriced: [] });
    await expectInUse('prices.json');
    await expect
      .poll(async () => (await readPrices(gateway(), 'openai/gpt-4o')).prices[0]?.amount.amount, {
        timeout: HEARD_WITHIN_MS,
      })
      .toBe('15');
  });

  it('is looked for again when it is due: never before, of another source at once', async () => {
    const { sql } = gateway().gateway.database;
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.end(JSON.stringify(listOf(30)));
    });
    const prices = { source: url.href, refreshHours: 2 };
    const age = (hours: number) =>
      sql`UPDATE price_lists SET loaded_at = now() - ${hours}::int * interval '1 hour'`;
    expect(await refreshWhenDue(sql, prices, signal)).toMatchObject({ models: 2 });
    expect(await refreshWhenDue(sql, prices, signal)).toBeUndefined();
    await age(1);
    expect(await refreshWhenDue(sql, prices, signal)).toBeUndefined();
    await age(2);
    expect(await refreshWhenDue(sql, prices, signal)).toMatchObject({ changes: { repriced: [] } });
    expect(await refreshWhenDue(sql, prices, signal)).toBeUndefined();
    expect(asked).toBe(2);
  });
});

describe('a broken price list', () => {
  const model = { id: 'm', match: { equals: 'm' }, prices: { input_mtok: 1 } };
  const withModel = (changes: object) => [{ id: 'p', models: [{ ...model, ...changes }] }];
  const inUse = 'http://127.0.0.1:.*/lists/prices.json';

  it.each<[what: string, content: unknown, told: RegExp]>([
    ['no JSON', '[{"id": "openai"', /it is no JSON$/],
    ['empty', '', /it is no JSON$/],
    ['an empty list', [], /it: is empty$/],
    ['a web page', '<html></html>', /it is no JSON$/],
    ['something else', { hello: 'world' }, /it: /],
    ['without models', [{ id: 'p', models: [] }], /it holds no prices$/],
    ['without prices', withModel({ prices: {} }), /it holds no prices$/],
    ['a negative price', withModel({ prices: { input_mtok: -1 } }), /0\.models\.0\.prices/],
    ['an absurd price', withModel({ prices: { input_mtok: 1e9 } }), /0\.models\.0\.prices/],
    ['a price that is text', withModel({ prices: { input_mtok: '1' } }), /0\.models\.0\.prices/],
    [
      'no date',
      withModel({ prices: [{ constraint: { start_date: 'soon' }, prices: {} }] }),
      /0\.models\.0\.prices/,
    ],
    ['no dated prices', withModel({ prices: [] }), /0\.models\.0\.prices/],
    ['a broken pattern', withModel({ match: { regex: '(' } }), /0\.models\.0\.match/],
    ['an unknown way to match', withModel({ match: { sounds_like: 'm' } }), /0\.models\.0\.match/],
    ['a model twice', [{ id: 'p', models: [model, model] }], /0\.models: names a model twice$/],
    ['a provider twice', [...withModel({}), ...withModel({})], /it: names a provider twice$/],
    ['nested without end', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, /it is nested too deep$/],
    ['of more than 20 MB', ' '.repeat(20_000_001), /it is longer than 20 MB$/],
  ])('is refused whole, and the one in use stays: %s', async (_what, content, told) => {
    const path = await writeList(content);
    const [before] = await gateway().gateway.database.sql`SELECT max(id)::text AS id FROM price_lists`;
    await expect(refresh(path)).rejects.toThrow(told);
    await expect(refresh(path)).rejects.toThrow(/^the price list of prices\.json is not taken: /);
    const [after] = await gateway().gateway.database.sql`SELECT max(id)::text AS id FROM price_lists`;
    expect(after).toEqual(before);
    await expectInUse(inUse);
  });

  it('is one that cannot be had, either', async () => {
    await expect(refresh('/nowhere/prices.json')).rejects.toThrow(/it cannot be read \(ENOENT\)$/);
    await expect(refresh('http://prices.example.com/list.json')).rejects.toThrow(
      /must begin with https:\/\//,
    );
    await expect(refresh('http://me:hunter2@127.0.0.1:1/x?key=hunter3')).rejects.toThrow(
      /^the price list of http:\/\/127\.0\.0\.1:1\/x is not taken: it cannot be reached$/,
    );
  });

  it('is one that its server does not send whole', async () => {
    const gone = await serve((_request, response) => response.writeHead(404).end('nothing'));
    await expect(refresh(gone.href)).rejects.toThrow(/the answer is HTTP 404$/);
    const cut = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('[');
      setImmediate(() => response.destroy());
    });
    await expect(refresh(cut.href)).rejects.toThrow(/it broke off$|it cannot be reached$/);
    const endless = await serve((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    await expect(refresh(endless.href)).rejects.toThrow(/it is longer than 20 MB$/);
    const silent = await serve(() => {});
    const leaving = new AbortController();
    const asking = refreshPrices(gateway().gateway.database.sql, silent.href, leaving.signal);
    leaving.abort();
    await expect(asking).rejects.toThrow(/it did not come in time$/);
  });

  it('is one that is sent on to where it could be changed on the way', async () => {
    const away = await serve((request, response) => {
      if (request.url?.startsWith('/lists'))
        response.writeHead(302, { location: 'http://[::ffff:127.0.0.1]:1/' }).end();
    });
    await expect(refresh(away.href)).rejects.toThrow(/it cannot be reached$|is sent on to/);
  });
});

const { databaseUrl, drop } = await createTestDatabase();
afterAll(drop);

describe.skipIf(databaseUrl === undefined)('a second instance on the same database', () => {
  it('hears of a new price list and of new prices, and starts with them', async () => {
    const here = await bootGateway({ databaseUrl, variables });
    const there = await bootGateway({ databaseUrl, variables });
    try {
      await refreshPrices(here.gateway.database.sql, await writeList(listOf(7)), signal);
      await expectInUse('prices.json', here);
      await expectInUse('prices.json', there);
      const { data } = await here.ask(
        'mutation { priceSet(input: { model: "openai/gpt-99", rates: [{ unit: REQUEST, amount: "1" }] }) { price { id } } }',
      );
      await expect
        .poll(async () => (await readPrices(there, 'openai/gpt-99')).price?.id, { timeout: HEARD_WITHIN_MS })
        .toBe(data.priceSet.price.id);
      const late = await bootGateway({ databaseUrl, variables });
      await expectInUse('prices.json', late);
      expect((await readPrices(late, 'openai/gpt-99')).price?.id).toBe(data.priceSet.price.id);
      await late.stop(0);
    } finally {
      await Promise.all([here.stop(0), there.stop(0)]);
    }
  });
});
