import { beforeAll, describe, expect, it } from 'vitest';
import {
  cancel,
  create,
  createKey,
  say,
  waitForCompletion,
  type CompletionData,
  type Input,
} from '../completion/support/completions.ts';
import { connect } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const gateway = useGateway();
const TOTALS = `requests errors tokens { input output cacheRead cacheWrite reasoning total } cost { amount } unpricedRequests
  p50FirstTokenMs p95LatencyMs`;
const RANGE = { from: '2020-01-01T00:00:00.000Z' };
/** Few enough minutes for a series of them. */
const LATELY = { from: new Date(Date.now() - 24 * 3_600_000).toISOString() };

interface Totals {
  requests: number;
  errors: number;
  tokens: Record<string, number>;
  cost: { amount: string } | null;
  unpricedRequests: number;
}
interface Group {
  key: { key: string; value: string }[];
  totals: Totals;
}
interface Report {
  total: Totals;
  groups: Group[];
  series: (Group & { start: string })[];
}

async function report(variables: object, key = ADMIN_KEY): Promise<Report> {
  const { data, errors } = await gateway().ask(
    `query ($range: DateTimeRange!, $granularity: Granularity, $groupBy: [UsageDimension!], $filter: UsageFilter) {
      usage(range: $range, granularity: $granularity, groupBy: $groupBy, filter: $filter) {
        total { ${TOTALS} } groups { key { key value } totals { ${TOTALS} } }
        series { start key { key value } totals { ${TOTALS} } }
      }
    }`,
    { range: RANGE, ...variables },
    { key },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.usage as Report;
}

/** The sum as somebody with pencil and paper would make it, in whole nano-USD. */
function addUp(list: CompletionData[]) {
  const usages = list.map(({ usage }) => usage);
  const sum = (pick: (usage: NonNullable<CompletionData['usage']>) => number) =>
    usages.reduce((total, usage) => total + (usage ? pick(usage) : 0), 0);
  return {
    requests: list.length,
    errors: list.filter(({ status }) => status === 'FAILED' || status === 'INTERRUPTED').length,
    input: sum(({ input }) => input),
    output: sum(({ output }) => output),
    reasoning: sum(({ reasoning }) => reasoning),
    nanos: list.reduce((total, { cost }) => total + toNanos(cost), 0),
    unpricedRequests: list.filter(({ cost }) => cost === null).length,
  };
}

function figures({ requests, errors, tokens, cost, unpricedRequests }: Totals) {
  const { input = 0, output = 0, reasoning = 0 } = tokens;
  return { requests, errors, input, output, reasoning, nanos: toNanos(cost), unpricedRequests };
}

const toNanos = (cost: { amount: string } | null) => Math.round(Number(cost?.amount ?? 0) * 1e9);

const SEARCH = { key: 'feature', value: 'search' };
const BETA = { key: 'stage', value: 'beta' };
const all: CompletionData[] = [];
let other: { secret: string; id: string };

beforeAll(async () => {
  other = await createKey(gateway());
  const plan: [string, Input, string?][] = [
    ['demo/expensive', { tags: [SEARCH, BETA], endUserId: 'ann' }],
    ['demo/expensive', { tags: [SEARCH] }],
    ['demo/expensive', { endUserId: 'bob' }, other.secret],
    ['demo/echo', { tags: [BETA], endUserId: 'ann' }],
    ['demo/echo', {}, other.secret],
    ['demo/reasoning', { tags: [SEARCH] }],
    ['demo/unpriced', { tags: [BETA] }],
    ['demo/unmetered', {}],
    ['demo/error', { tags: [SEARCH] }],
    ['demo/cut', { endUserId: 'ann' }],
  ];
  const answers = await Promise.all(
    plan.map(([model, more, key]) =>
      create(gateway(), say(model, 'What do you cost?', more), key === undefined ? {} : { key }),
    ),
  );
  all.push(...answers.flatMap(({ completion }) => completion ?? []));
});

const hasTag = (tag: typeof SEARCH) => (completion: CompletionData) =>
  completion.tags.some(({ key, value }) => key === tag.key && value === tag.value);

describe('a usage report', () => {
  it('is the plain sum of the completions', async () => {
    const { total, groups } = await report({});
    expect(figures(total)).toEqual(addUp(all));
    expect(groups).toEqual([]);
    expect(total.cost).not.toBeNull();
  });

  it.each(['MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH'])('adds up in its series by %s', async (granularity) => {
    const { total, series } = await report({ granularity, range: LATELY });
    const sums = series.map(({ totals }) => figures(totals));
    for (const name of ['requests', 'input', 'output', 'nanos', 'errors', 'unpricedRequests'] as const) {
      expect(sums.reduce((sum, each) => sum + each[name], 0)).toBe(figures(total)[name]);
    }
    for (const { start } of series) {
      const at = new Date(start);
      const isStart = {
        MINUTE: at.getUTCSeconds() === 0,
        HOUR: at.getUTCMinutes() === 0,
        DAY: at.getUTCHours() === 0,
        WEEK: at.getUTCHours() === 0 && at.getUTCDay() === 1,
        MONTH: at.getUTCHours() === 0 && at.getUTCDate() === 1,
      }[granularity];
      expect(isStart && at.getUTCMilliseconds() === 0).toBe(true);
    }
  });

  const DIMENSIONS: [string, (completion: CompletionData) => string][] = [
    ['MODEL', ({ model }) => model.name],
    ['PROVIDER', ({ model }) => model.name.split('/')[0] ?? ''],
    ['STATUS', ({ status }) => status],
    ['END_USER', ({ endUserId }) => endUserId ?? ''],
  ];
  it.each(DIMENSIONS)('by %s is the plain sum of each group', async (dimension, groupOf) => {
    const { groups } = await report({ groupBy: [dimension] });
    const expected = [...Map.groupBy(all, groupOf)].map(([value, list]) => [value, addUp(list)]);
    expect(Object.fromEntries(groups.map(({ key, totals }) => [key[0]?.value, figures(totals)]))).toEqual(
      Object.fromEntries(expected),
    );
    expect(new Set(groups.map(({ key }) => key[0]?.key))).toEqual(new Set([dimension]));
  });

  it('by TAG counts a completion under each of its tags', async () => {
    const { groups } = await report({ groupBy: ['TAG'] });
    expect(groups.map(({ key, totals }) => [key[0], figures(totals)])).toEqual([
      [SEARCH, addUp(all.filter(hasTag(SEARCH)))],
      [BETA, addUp(all.filter(hasTag(BETA)))],
    ]);
  });

  it('by KEY and TEAM tells callers apart', async () => {
    const { groups } = await report({ groupBy: ['KEY'] });
    expect(groups).toHaveLength(2);
    const theirs = groups.find(({ key }) => key[0]?.value === other.id);
    expect(theirs?.totals.requests).toBe(2);
    expect((await report({ groupBy: ['TEAM'] })).groups).toMatchObject([
      { totals: { requests: all.length } },
    ]);
  });

  it('by two dimensions is finer than by one', async () => {
    const { groups } = await report({ groupBy: ['MODEL', 'END_USER'] });
    const pairs = Map.groupBy(all, ({ model, endUserId }) => `${model.name} ${endUserId ?? ''}`);
    expect(groups).toHaveLength(pairs.size);
    for (const { key, totals } of groups) {
      const list = pairs.get(key.map(({ value }) => value).join(' ')) ?? [];
      expect(figures(totals)).toEqual(addUp(list));
    }
  });

  const FILTERS: [object, (completion: CompletionData) => boolean][] = [
    [{ model: { eq: 'demo/echo' } }, ({ model }) => model.name === 'demo/echo'],
    [{ model: { in: ['demo/echo', 'demo/cut'] } }, ({ model }) => /echo|cut/.test(model.name)],
    [{ model: { contains: 'e' }, tag: BETA }, (completion) => hasTag(BETA)(completion)],
    [{ tag: SEARCH }, hasTag(SEARCH)],
    [{ tag: { key: 'feature', value: 'nothing' } }, () => false],
  ];
  it.each(FILTERS)('filtered by %j is the plain sum of what matches', async (filter, matches) => {
    const { total } = await report({ filter });
    expect(figures(total)).toEqual(addUp(all.filter(matches)));
  });

  it('is empty for a time when nothing was settled', async () => {
    const { total, series } = await report({
      range: { from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' },
    });
    expect(figures(total)).toEqual(addUp([]));
    expect(series).toEqual([]);
  });

  it('shows a key without USAGE_READ nothing, and one with it the team', async () => {
    await expect(report({}, other.secret)).rejects.toThrow('FORBIDDEN');
    const reader = await createKey(gateway(), { scopes: ['USAGE_READ'] });
    expect(figures((await report({}, reader.secret)).total)).toEqual(addUp(all));
  });
});

describe('usage ticks', () => {
  interface Tick {
    delta: Totals;
    groups: Group[];
  }

  async function openTicks(variables: object) {
    const client = await connect(gateway().url, { authorization: `Bearer ${ADMIN_KEY}` });
    const query = `subscription ($groupBy: [UsageDimension!], $filter: UsageFilter, $everyMs: Int) {
      usageTicks(groupBy: $groupBy, filter: $filter, everyMs: $everyMs) {
        delta { ${TOTALS} } groups { key { key value } totals { ${TOTALS} } } } }`;
    client.subscribe('1', { query, variables: { everyMs: 100, ...variables } });
    return {
      close: () => client.ws.close(),
      async next(): Promise<Tick> {
        const { payload } = await client.next('1');
        const { data, errors } = payload as { data?: { usageTicks: Tick }; errors?: unknown };
        if (!data) throw new Error(JSON.stringify(errors ?? payload));
        return data.usageTicks;
      },
    };
  }

  it('together are exactly what the report says', async () => {
    const ticks = await openTicks({ groupBy: ['TAG'] });
    const tagged = (value: string, model = 'demo/expensive') =>
      create(gateway(), say(model, 'Tick', { tags: [{ key: 'tick', value }] }));
    // A subscription tells nobody when it is open, so ask until there is a first tick.
    let isOpen = false;
    const first = ticks.next().then(() => (isOpen = true));
    while (!isOpen) await Promise.race([first, tagged('warm up')]);

    const models = ['demo/expensive', 'demo/echo', 'demo/unpriced', 'demo/cut', 'demo/reasoning'];
    const batch = Array.from({ length: 60 }, (_, index) => tagged('counted', models[index % 5]));
    const tag = { key: 'tick', value: 'counted' };
    const sums = { requests: 0, errors: 0, input: 0, output: 0, reasoning: 0, nanos: 0, unpricedRequests: 0 };
    while (sums.requests < batch.length) {
      const { groups } = await ticks.next();
      const group = groups.find(({ key }) => key[0]?.value === 'counted');
      if (!group) continue;
      const delta = figures(group.totals);
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += delta[name];
    }
    ticks.close();
    await Promise.all(batch);
    expect(sums).toEqual(figures((await report({ filter: { tag } })).total));
  });

  it('show a filtered view, and cancelled work too', async () => {
    const tag = { key: 'tick', value: 'cancelled' };
    const ticks = await openTicks({ filter: { tag } });
    const tick = ticks.next();
    let isOpen = false;
    void tick.then(() => (isOpen = true));
    for (let times = 1; !isOpen; times += 1) {
      const unique = { key: 'time', value: String(times) };
      const asking = create(gateway(), say('demo/silent', 'This one', { tags: [tag, unique] }));
      const { id } = await waitForCompletion(gateway(), unique, () => true);
      await Promise.all([cancel(gateway(), id), asking, create(gateway(), say('demo/echo', 'Not this one'))]);
    }
    expect((await tick).delta).toMatchObject({ errors: 0, tokens: { total: 0 } });
    ticks.close();
  });

  it.each([99, 60_001])('every %d ms are refused', async (everyMs) => {
    await expect((await openTicks({ everyMs })).next()).rejects.toThrow('INVALID_INPUT');
  });
});
