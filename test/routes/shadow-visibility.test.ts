import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../access/support/keys.ts';
import { subscribe } from '../completion/support/streams.ts';
import { useShadows } from './shadow-support.ts';

const { gateway, shadowed, chat, copies, answerNext } = await useShadows();

let member: MadeKey;
beforeAll(async () => {
  member = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'USAGE_READ'] });
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

  it('is told live in the same way', async () => {
    await shadowed();
    const watch = (args: string) =>
      gateway()
        .socket()
        .iterate<{ usageTicks: { delta: { requests: number } } }>({
          query: `subscription { usageTicks(everyMs: 100${args}) { delta { requests } } }`,
        });
    const callers = watch('');
    const shadows = watch(', filter: { origin: [SHADOW] }');
    const first = [callers.next(), shadows.next()] as const;
    // Slow enough for both to have begun when something settles.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await chat();
    expect((await first[0]).value?.data?.usageTicks.delta.requests).toBe(1);
    await answerNext('told live');
    expect((await first[1]).value?.data?.usageTicks.delta.requests).toBe(1);
    await callers.return?.();
    await shadows.return?.();
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
