import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../access/support/keys.ts';
import { readBudget, useBudgets } from '../budgets/support.ts';
import { say, STREAM } from '../completion/support/completions.ts';
import { subscribe } from '../completion/support/streams.ts';
import { bootGateway } from '../support/gateway.ts';
import { listCopies, useShadows } from './shadow-support.ts';
import { restoreRoute, setRoute } from './support.ts';

const { gateway, main, other, shadowed, chat, copies, answerNext, counts } = await useShadows();
const { budgetOf } = useBudgets(gateway);

let member: MadeKey;
beforeAll(async () => {
  member = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'USAGE_READ'] });
});

/** Sums of the accounts that only shadows move, in nano-USD. */
async function apart() {
  const { sql } = gateway().gateway.database;
  const rows = await sql<{ id: string; balance: string }[]>`
    SELECT id, balance_nanos::text AS balance FROM ledger_accounts WHERE id LIKE '%:shadow:%'`;
  return Object.fromEntries(rows.map(({ id, balance }) => [id, BigInt(balance)]));
}

describe('the copy of a completion', () => {
  it('is a completion of its own, with its text, its cost and what it is a copy of', async () => {
    await shadowed();
    const { completion } = await chat();
    await answerNext('another answer');
    const [copy] = await copies();
    expect(copy).toMatchObject({
      origin: 'SHADOW',
      status: 'SUCCEEDED',
      text: 'another answer',
      requestedModel: 'other/model',
      cost: { amount: '0.00003' },
      shadowOf: { id: completion!.id },
    });
    const { data } = await gateway().ask(
      'query ($id: ID!) { completion(id: $id) { origin text shadowOf { id } shadows { id text team { id } key { id } } } }',
      { id: completion!.id },
    );
    expect(data.completion).toEqual({
      origin: 'CALLER',
      text: 'main',
      shadowOf: null,
      shadows: [{ id: copy!.id, text: 'another answer', team: null, key: null }],
    });
  });

  it('asks the same as the caller has asked, with the lowest priority', async () => {
    await shadowed();
    const messages = [{ role: 'USER', parts: [{ text: 'What is a sluice?' }] }];
    await chat(undefined, { source: { messages }, params: { temperature: 0.5, maxOutputTokens: 77 } });
    const call = await other.nextCall();
    expect(await call.body).toMatchObject({
      max_tokens: 77,
      temperature: 0.5,
      messages: [{ role: 'user', content: 'What is a sluice?' }],
    });
    call.finish();
  });

  it('of a stream keeps nobody waiting: the caller has the end while it hangs', async () => {
    await shadowed();
    const before = main.calls;
    const stream = await subscribe('WS', gateway(), {
      query: STREAM,
      variables: { input: say('chat'), coalesceMs: 0 },
    });
    const told = (await stream.rest()).map(({ __typename }) => __typename);
    expect(told).toEqual(['CompletionStarted', 'CompletionTextDelta', 'CompletionFinished']);
    const call = await other.nextCall();
    expect(await copies()).toMatchObject([{ status: 'RUNNING' }, ...Array(2).fill({ status: 'SUCCEEDED' })]);
    expect(main.calls).toBe(before + 1);
    call.finish();
  });

  it('changes nothing for the caller when it fails, nor when it breaks off', async () => {
    await shadowed();
    other.refusal = 500;
    expect(await chat()).toMatchObject({ completion: { text: 'main' }, errors: [] });
    await expect.poll(async () => (await copies())[0]!.status).toBe('FAILED');
    const failed = (await copies()).length;
    other.refusal = undefined;
    expect(await chat()).toMatchObject({ completion: { text: 'main' }, errors: [] });
    const call = await other.nextCall();
    call.say('hal');
    call.breakOff();
    await expect.poll(async () => (await copies())[0]!.status).toBe('FAILED');
    expect(await copies()).toHaveLength(failed + 1);
  });

  it('goes through another route where one is named', async () => {
    await setRoute(gateway(), { name: 'next-chat', targets: [{ model: 'other/model' }] });
    await shadowed({ model: 'next-chat' });
    await chat();
    await answerNext('by a route');
    expect((await copies())[0]).toMatchObject({ requestedModel: 'next-chat', text: 'by a route' });
  });

  it('is not copied itself, where the route that it goes through has a shadow too', async () => {
    await setRoute(gateway(), {
      name: 'next-chat',
      targets: [{ model: 'other/model' }],
      shadow: { model: 'main/model', percent: 100 },
    });
    await shadowed({ model: 'next-chat' });
    const before = (await copies()).length;
    await chat();
    await answerNext('once');
    expect(await copies()).toHaveLength(before + 1);
  });

  it('is made once of what an idempotency key stands for, and has none of its own', async () => {
    await shadowed();
    const key = 'the-same-again';
    const before = (await copies()).length;
    for (let times = 0; times < 2; times += 1) {
      await gateway().ask(
        'mutation ($input: CompletionInput!, $key: String) { completionCreate(input: $input, idempotencyKey: $key) { completion { id } } }',
        { input: say('chat'), key },
      );
    }
    await answerNext('once');
    const [copy, ...others] = await copies();
    expect(others).toHaveLength(before);
    const [row] = await gateway().gateway.database
      .sql`SELECT idempotency_key FROM completions WHERE id = ${copy!.id}`;
    expect(row).toEqual({ idempotency_key: null });
  });
});

describe('how many copies are made', () => {
  it('none of a route without a shadow', async () => {
    await setRoute(gateway(), { name: 'chat', targets: [{ model: 'main/model' }] });
    await chat();
    expect(other.calls).toBe(0);
  });

  it('a share of all, by lot', async () => {
    await shadowed({ percent: 0.000_01 });
    for (let times = 0; times < 10; times += 1) await chat();
    expect(other.calls).toBe(0);
  });

  it('no more at a time than may be; what comes beyond is counted', async () => {
    await shadowed({ maxConcurrent: 1 });
    const before = await counts();
    await chat();
    const call = await other.nextCall();
    await chat();
    await chat();
    await expect
      .poll(() => counts())
      .toMatchObject({ copied: before.copied + 1, dropped: before.dropped + 2 });
    expect((await counts()).lastDropped).toBe('1 copies were under way, as many as may be');
    call.finish();
    await expect.poll(async () => (await copies())[0]!.status).toBe('SUCCEEDED');
    await chat();
    await answerNext('there is room again');
  });
});

describe('what a copy costs', () => {
  it('is booked on accounts of its own, and drawn from what the organisation, the model and the provider may use', async () => {
    await shadowed();
    const [organisation, model, provider, ...callers] = [
      await budgetOf({ scope: 'ORGANISATION', subjectId: 'org_default' }),
      await budgetOf({ scope: 'MODEL', subjectId: 'other/model' }),
      await budgetOf({ scope: 'PROVIDER', subjectId: 'other' }),
      await budgetOf({ scope: 'TEAM', subjectId: 'team_default' }),
      await budgetOf({ scope: 'KEY', subjectId: member.id }),
      await budgetOf({ scope: 'TAG', subjectId: 'app=web' }),
      await budgetOf({ scope: 'END_USER', subjectId: 'ada' }),
    ];
    const booked = await apart();
    await chat(member.secret, { tags: [{ key: 'app', value: 'web' }], endUserId: 'ada' });
    await answerNext('dear');
    const spent = async ({ id }: { id: string }) => (await readBudget(gateway(), id)).spent.amount;
    expect(await Promise.all([organisation, model, provider].map(spent))).toEqual([
      '0.00006',
      '0.00003',
      '0.00003',
    ]);
    expect(await Promise.all(callers.map(spent))).toEqual(Array(4).fill('0.00003'));
    const now = await apart();
    const name = 'spent:shadow:org_default';
    expect(now[name]! - (booked[name] ?? 0n)).toBe(30_000n);
    expect(now).toMatchObject({ 'held:shadow:org_default': 0n, 'open:shadow:org_default': 0n });
  });

  it('takes nothing of the limits of who asks', async () => {
    await shadowed();
    const setLimit = (scope: string, subjectId: string) =>
      gateway().ask(
        'mutation ($input: LimitSetInput!) { limitSet(input: $input) { limit { id } errors { message } } }',
        { input: { scope, subjectId, unit: 'REQUESTS_PER_MINUTE', limit: 1 } },
      );
    const caller = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    await setLimit('KEY', caller.id);
    expect((await chat(caller.secret)).errors).toEqual([]);
    await answerNext('free of it');
  });

  it('is refused by a budget that has too little left, of which the caller hears nothing', async () => {
    await shadowed();
    await budgetOf({ scope: 'MODEL', subjectId: 'other/model', limit: '0.000001' });
    const before = await counts();
    expect(await chat(member.secret)).toMatchObject({ completion: { text: 'main' }, errors: [] });
    await expect.poll(() => counts()).toMatchObject({ copied: before.copied, dropped: before.dropped + 1 });
    expect((await counts()).lastDropped).toMatch(/^the budget of model "other\/model"/);
    expect(other.calls).toBe(0);
  });

  it('waits for no room in a budget, and goes to no cheaper model', async () => {
    await shadowed();
    await budgetOf({
      scope: 'MODEL',
      subjectId: 'other/model',
      limit: '0.000001',
      onExceed: 'FALLBACK_TO_CHEAPER',
      fallbackModel: 'main/model',
    });
    const before = main.calls;
    const { dropped } = await counts();
    await chat();
    await expect.poll(() => counts()).toMatchObject({ dropped: dropped + 1 });
    expect(main.calls).toBe(before + 1);
  });
});

describe('a copy goes nowhere where the request may not go', () => {
  it('by the rule of residency of the key', async () => {
    await shadowed();
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], regions: ['eu'] });
    const { dropped } = await counts();
    expect(await chat(secret)).toMatchObject({ completion: { text: 'main' }, errors: [] });
    await expect.poll(() => counts()).toMatchObject({ dropped: dropped + 1 });
    expect((await counts()).lastDropped).toBe('other/model is in us; allowed: eu');
    expect(other.calls).toBe(0);
  });

  it('nor to a model that takes an approval', async () => {
    await shadowed();
    const askFirst = (wanted: boolean) =>
      gateway().ask(
        'mutation ($input: ModelAccessSetInput!) { modelAccessSet(input: $input) { errors { message } } }',
        { input: { name: 'other/model', askFirst: wanted } },
      );
    await askFirst(true);
    const { dropped } = await counts();
    await chat(member.secret);
    await expect.poll(() => counts()).toMatchObject({ dropped: dropped + 1 });
    expect((await counts()).lastDropped).toMatch(/takes an approval/);
    expect(other.calls).toBe(0);
    await askFirst(false);
  });

  it('but to a model that the key does not name: it names the route', async () => {
    await shadowed();
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['chat'] });
    await chat(secret);
    await answerNext('by the route');
    expect((await copies())[0]).toMatchObject({ text: 'by the route' });
  });
});

describe('whoever is no admin sees nothing of a copy', () => {
  let copyId: string;
  let callerId: string;
  beforeAll(async () => {
    await shadowed();
    const { completion } = await chat(member.secret);
    callerId = completion!.id;
    await answerNext('a secret');
    copyId = (await copies())[0]!.id;
  });

  it('in lists, by its id, as a node, and in the ledger', async () => {
    const { data, errors } = await gateway().ask(
      `query ($id: ID!, $caller: ID!) {
        completion(id: $id) { id }
        node(id: $id) { id }
        completions(first: 100) { nodes { id } totalCount }
        asked: completions(first: 100, filter: { origin: [SHADOW, PROBE] }) { nodes { id } totalCount }
        ledger(first: 100, filter: { completionId: $id }) { nodes { id } }
        origins: ledger(first: 100, filter: { origin: [SHADOW] }) { nodes { id } }
        own: completion(id: $caller) { shadows { id } }
        usage(range: { from: "2020-01-01T00:00:00Z" }, granularity: null, groupBy: [ORIGIN]) { groups { key { value } } }
      }`,
      { id: copyId, caller: callerId },
      { key: member.secret },
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      completion: null,
      node: null,
      asked: { nodes: [], totalCount: 0 },
      ledger: { nodes: [] },
      origins: { nodes: [] },
      own: { shadows: [] },
      usage: { groups: [{ key: [{ value: 'CALLER' }] }] },
    });
    const ids = data.completions.nodes.map(({ id }: { id: string }) => id);
    expect(ids).toContain(callerId);
    expect(ids).not.toContain(copyId);
  });

  it('in its events, and cannot stop or rate it', async () => {
    const { data } = await gateway().ask(
      `mutation ($id: ID!) {
        completionCancel(id: $id) { errors { code } }
        completionRate(input: { id: $id, score: 1 }) { errors { code } }
      }`,
      { id: copyId },
      { key: member.secret },
    );
    expect(data).toMatchObject({
      completionCancel: { errors: [{ code: 'NOT_FOUND' }] },
      completionRate: { errors: [{ code: 'NOT_FOUND' }] },
    });
    const stream = await subscribe(
      'WS',
      gateway(),
      {
        query: 'subscription ($id: ID!) { event: completionEvents(id: $id) { __typename } }',
        variables: { id: copyId },
      },
      { key: member.secret },
    )
      .then((events) => events.rest())
      .catch((error: unknown) => String(error));
    expect(JSON.stringify(stream)).not.toContain('CompletionStarted');
  });

  it('but an admin sees all of it', async () => {
    const { data } = await gateway().ask(
      `query ($id: ID!) {
        node(id: $id) { ... on Completion { text origin } }
        ledger(first: 100, filter: { completionId: $id, origin: [SHADOW] }) { nodes { kind origin team { id } key { id } } }
        callers: ledger(first: 100, filter: { completionId: $id, origin: [CALLER, PROBE] }) { nodes { kind } }
      }`,
      { id: copyId },
    );
    const line = { origin: 'SHADOW', team: null, key: null };
    expect(data).toEqual({
      node: { text: 'a secret', origin: 'SHADOW' },
      ledger: { nodes: ['SETTLE', 'RELEASE', 'RESERVE'].map((kind) => ({ kind, ...line })) },
      callers: { nodes: [] },
    });
  });
});

interface Group {
  key: { value: string }[];
  totals: { requests: number };
}

describe('usage', () => {
  const QUERY = `query ($origin: [CompletionOrigin!], $groupBy: [UsageDimension!]) {
    usage(range: { from: "2020-01-01T00:00:00Z" }, granularity: null, groupBy: $groupBy, filter: { origin: $origin }) {
      total { requests cost { amount } } groups { key { value } totals { requests } }
    }
    usageExport(range: { from: "2020-01-01T00:00:00Z" }, granularity: null, groupBy: $groupBy, filter: { origin: $origin }, format: CSV)
  }`;

  it('is that of callers, unless copies are asked for; together it is what the ledger says', async () => {
    await shadowed();
    await chat();
    await answerNext('counted apart');
    const read = async (variables: object) => (await gateway().ask(QUERY, variables)).data;
    const all = await read({ groupBy: ['ORIGIN'] });
    const callers = await read({});
    const shadows = await read({ origin: ['SHADOW'] });
    const byOrigin = Object.fromEntries(
      all.usage.groups.map(({ key, totals }: Group) => [key[0]!.value, totals.requests]),
    );
    expect(byOrigin).toEqual({
      CALLER: callers.usage.total.requests,
      SHADOW: shadows.usage.total.requests,
    });
    expect(all.usageExport).toContain('origin,');
    const spent = await gateway().gateway.database.sql<{ usd: string }[]>`
      SELECT (sum(balance_nanos) / 1e9)::float8::text AS usd FROM ledger_accounts WHERE id LIKE 'spent:%'`;
    expect(Number(all.usage.total.cost.amount)).toBeCloseTo(Number(spent[0]!.usd), 9);
    expect(Number(callers.usage.total.cost.amount)).toBeLessThan(Number(all.usage.total.cost.amount));
  });

  it('is the same once it is rolled up', async () => {
    const read = async () => (await gateway().ask(QUERY, { groupBy: ['ORIGIN'] })).data.usage;
    const before = await read();
    await expect
      .poll(async () => {
        const [row] = await gateway().gateway.database.sql<{ shadows: number }[]>`
          SELECT coalesce(sum(r.requests), 0)::int AS shadows FROM usage_series s JOIN usage_rollups r ON r.series_id = s.id
          WHERE s.origin = 'SHADOW' AND NOT s.by_key AND r.grain_s = 900`;
        return row!.shadows;
      })
      .toBe(before.groups.find(({ key }: Group) => key[0]!.value === 'SHADOW').totals.requests);
    expect(await read()).toEqual(before);
  });
});

describe('a shadow that no route can have', () => {
  const WRONG: [string, object, string][] = [
    ['the route itself', { model: 'chat' }, 'input.shadow.model is "chat", the route itself'],
    [
      'a model that is not there',
      { model: 'no/model' },
      'input.shadow.model is "no/model"; no configured provider has such a model',
    ],
    [
      'a route that is not there',
      { model: 'nowhere' },
      'input.shadow.model is "nowhere"; there is no such route',
    ],
    [
      'a route that leads back',
      { model: 'above' },
      'input.shadow.model goes in a circle: chat → above → chat',
    ],
    ['nothing of all', { percent: 0 }, 'input.shadow.percent is 0; it must be more than 0 and at most 100'],
    [
      'less than nothing',
      { percent: -1 },
      'input.shadow.percent is -1; it must be more than 0 and at most 100',
    ],
    [
      'more than all',
      { percent: 100.1 },
      'input.shadow.percent is 100.1; it must be more than 0 and at most 100',
    ],
    ['none at a time', { maxConcurrent: 0 }, 'input.shadow.maxConcurrent is 0; it must be from 1 to 100'],
    [
      'too many at a time',
      { maxConcurrent: 101 },
      'input.shadow.maxConcurrent is 101; it must be from 1 to 100',
    ],
  ];
  it.each(WRONG)('%s', async (_, shadow, message) => {
    await setRoute(gateway(), { name: 'above', targets: [{ model: 'chat' }] });
    const { errors } = await setRoute(gateway(), {
      name: 'chat',
      targets: [{ model: 'main/model' }],
      shadow: { model: 'other/model', percent: 5, ...shadow },
    });
    expect(errors.map((error) => error.message)).toEqual([message]);
  });

  it('one where requests of the organisation may not go', async () => {
    const stay = (regions: string[]) =>
      gateway().ask(
        'mutation ($regions: [String!]!) { organisationUpdate(input: { regions: $regions }) { errors { message } } }',
        { regions },
      );
    await setRoute(gateway(), { name: 'chat', targets: [{ model: 'main/model' }] });
    for (const name of ['above', 'next-chat'])
      await gateway().ask('mutation ($name: String!) { routeDelete(name: $name) { deletedId } }', { name });
    expect((await stay(['eu'])).data?.organisationUpdate.errors).toEqual([]);
    const { errors } = await setRoute(gateway(), {
      name: 'chat',
      targets: [{ model: 'main/model' }],
      shadow: { model: 'other/model', percent: 5 },
    });
    expect(errors.map(({ message }) => message)).toEqual([
      'input.shadow.model leads to no model in an allowed region: other/model is in us; allowed: eu',
    ]);
    await stay([]);
  });

  it('nor may a route go that is one', async () => {
    await setRoute(gateway(), { name: 'copied-to', targets: [{ model: 'other/model' }] });
    await shadowed({ model: 'copied-to' }, 'copying');
    const { data } = await gateway().ask(
      'mutation { routeDelete(name: "copied-to") { errors { message } } }',
    );
    expect(data.routeDelete.errors).toEqual([
      { message: 'the route "copied-to" is named by "copying"; change those first' },
    ]);
  });
});

it('a shadow is in the diff of versions, and comes back with one', async () => {
  await shadowed({ percent: 5 }, 'changing');
  await shadowed({ percent: 7, maxConcurrent: 3 }, 'changing');
  const { data } = await gateway().ask(
    '{ routeDiff(name: "changing", from: 1, to: 2) { path before after } }',
  );
  expect(data.routeDiff).toEqual([
    {
      path: ['shadow'],
      before: { model: 'other/model', percent: 5, maxConcurrent: 10 },
      after: { model: 'other/model', percent: 7, maxConcurrent: 3 },
    },
  ]);
  expect((await restoreRoute(gateway(), { name: 'changing', version: 1 })).errors).toEqual([]);
  const restored = await gateway().ask(
    '{ route(name: "changing") { shadow { name percent maxConcurrent } } }',
  );
  expect(restored.data?.route.shadow).toEqual({ name: 'other/model', percent: 5, maxConcurrent: 10 });
});

it('a drain waits for no copy: it is stopped, and settled', async () => {
  const { config } = other;
  const draining = await bootGateway({ config: { providers: [main.config, config] } });
  await setRoute(draining, {
    name: 'chat',
    targets: [{ model: 'demo/echo' }],
    shadow: { model: 'other/model', percent: 100 },
  });
  await draining.ask(
    'mutation ($input: CompletionInput!) { completionCreate(input: $input) { completion { id } } }',
    {
      input: say('chat'),
    },
  );
  const call = await other.nextCall();
  await draining.gateway.runs.drain(AbortSignal.timeout(60_000));
  await call.closed;
  expect(await listCopies(draining, ['SHADOW'])).toMatchObject([{ status: 'CANCELLED' }]);
  await draining.stop(0);
});
