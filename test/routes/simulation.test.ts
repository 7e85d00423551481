import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addOrganisation, HASHING_SECRET } from '../access/support/organisation.ts';
import { makeKey } from '../access/support/keys.ts';
import type { CompletionData } from '../completion/support/completions.ts';
import { useGateway } from '../support/gateway.ts';
import { restShortly, setRoute, type RouteInput } from './support.ts';
import { record, sharesOf, simulate, startPromptVendor, trySimulate } from './support-simulation.ts';

const vendor = await startPromptVendor();
afterAll(() => vendor.close());
const gateway = useGateway({
  config: { providers: [vendor.config] },
  variables: { SLUICE_SECRET: HASHING_SECRET },
});

const [DEAR, CHEAP, PLAIN] = ['prompt/dear', 'prompt/cheap', 'prompt/plain'];
const tool = { name: 'look', parameters: { type: 'object' } };
const nanosOf = ({ usage }: CompletionData, input: bigint, output: bigint) =>
  BigInt(usage!.input) * input + BigInt(usage!.output) * output;
const sum = (all: readonly bigint[]) => all.reduce((total, each) => total + each, 0n);
const toNanos = ({ amount }: { amount: string }) => BigInt(Math.round(Number(amount) * 1e9));

describe('a draft of a route', () => {
  const now: RouteInput = { name: 'simulated', targets: [{ model: DEAR }] };
  let asked: CompletionData[];
  beforeAll(async () => {
    await setRoute(gateway(), now);
    asked = await record(gateway(), 'simulated', 60, (index) => ({
      ...(index % 3 === 0 && { tags: [{ key: 'tier', value: 'free' }] }),
      ...(index % 4 === 0 && { tools: [tool] }),
      endUserId: `user ${index % 7}`,
    }));
  });

  it('that says what the route says changes nothing', async () => {
    const { baseline, draft, ...simulated } = await simulate(gateway(), { draft: now });
    expect(simulated).toMatchObject({ requests: 60, sampled: 60, refusalReasons: [] });
    expect(draft).toEqual(baseline);
    expect(baseline).toMatchObject({ requests: 60, unpriced: 0, untimed: 0, failures: 0, refusals: 0 });
    expect(toNanos(baseline.cost)).toBe(sum(asked.map((each) => nanosOf(each, 10_000n, 30_000n))));
    expect(simulated.change).toEqual({
      cost: { amount: '0' },
      costRatio: 1,
      latencyP50Ms: 0,
      latencyP95Ms: 0,
      failures: 0,
      refusals: 0,
    });
  });

  it('that leads to a cheaper model costs what the same tokens cost there', async () => {
    const { draft, change, notes } = await simulate(gateway(), {
      draft: { ...now, targets: [{ model: CHEAP }] },
    });
    const wanted = sum(asked.map((each) => nanosOf(each, 1_000n, 4_000n)));
    const was = sum(asked.map((each) => nanosOf(each, 10_000n, 30_000n)));
    expect(toNanos(draft.cost)).toBe(wanted);
    expect(toNanos(change.cost)).toBe(wanted - was);
    expect(change.costRatio).toBeCloseTo(Number(wanted) / Number(was), 9);
    expect(draft.shares).toMatchObject([{ name: CHEAP, requests: 60, share: 1 }]);
    // Nobody has asked it anything yet.
    expect(draft).toMatchObject({ untimed: 60, latencyP50Ms: null, latencyP95Ms: null });
    expect(change).toMatchObject({ latencyP50Ms: null, latencyP95Ms: null });
    expect(notes).toContainEqual(expect.stringContaining('60 requests go to models that gave no answer'));
  });

  it('takes as long as the answers of its models took', async () => {
    await record(gateway(), PLAIN, 5);
    const { draft } = await simulate(gateway(), {
      draft: { ...now, targets: [{ model: PLAIN }, { model: DEAR }] },
    });
    expect(draft).toMatchObject({ untimed: 0, latencyP50Ms: expect.any(Number) });
    expect(draft.shares.map(({ name, requests }) => [name, requests])).toEqual([
      [PLAIN, 45],
      [DEAR, 15],
    ]);
  });

  it('with a condition sends each request where its tags say', async () => {
    const { draft } = await simulate(gateway(), {
      draft: {
        ...now,
        targets: [{ model: CHEAP, condition: 'has(tags.tier) && tags.tier == "free"' }, { model: DEAR }],
      },
    });
    const isFree = ({ tags }: CompletionData) => tags.length > 0;
    expect(draft.shares.map(({ name, requests, cost }) => [name, requests, toNanos(cost)])).toEqual([
      [DEAR, 40, sum(asked.filter((each) => !isFree(each)).map((each) => nanosOf(each, 10_000n, 30_000n)))],
      [CHEAP, 20, sum(asked.filter(isFree).map((each) => nanosOf(each, 1_000n, 4_000n)))],
    ]);
  });

  it('refuses what none of its models can answer, and tells why', async () => {
    const { draft, change, refusalReasons } = await simulate(gateway(), {
      draft: {
        ...now,
        targets: [{ model: PLAIN }, { model: CHEAP, condition: 'estimatedTokens > 100000' }],
      },
    });
    expect(draft).toMatchObject({ requests: 60, refusals: 15, failures: 0 });
    expect(draft.shares).toMatchObject([{ name: PLAIN, requests: 45, share: 1 }]);
    expect(change.refusals).toBe(15);
    expect(refusalReasons).toEqual([
      { code: 'CAPABILITY', name: PLAIN, requests: 15 },
      { code: 'CONDITION', name: CHEAP, requests: 15 },
    ]);
  });

  it('has no known cost where a model has none', async () => {
    const { draft, notes } = await simulate(gateway(), {
      draft: { ...now, targets: [{ model: 'prompt/unpriced' }] },
    });
    expect(draft).toMatchObject({ cost: { amount: '0' }, unpriced: 60 });
    expect(notes).toContainEqual(expect.stringContaining('60 of the draft'));
  });

  it('is tried on those who asked for other names too', async () => {
    await record(gateway(), DEAR, 4);
    const draft = { ...now, targets: [{ model: CHEAP }] };
    expect((await simulate(gateway(), { draft, of: [DEAR] })).requests).toBe(4);
    expect((await simulate(gateway(), { draft, of: [DEAR, 'simulated'] })).requests).toBe(64);
    expect(await simulate(gateway(), { draft: { ...draft, name: 'unasked' } })).toMatchObject({
      requests: 0,
      draft: { requests: 0, cost: { amount: '0' }, shares: [], latencyP50Ms: null },
      change: { costRatio: null },
    });
  });

  it('is tried on an even part of many', async () => {
    const draft = { ...now, strategy: 'WEIGHTED', targets: [{ model: DEAR }, { model: CHEAP }] };
    const some = await simulate(gateway(), { draft, limit: 15 });
    expect(some).toMatchObject({ requests: 60, sampled: 15, baseline: { requests: 15 } });
    expect(some.notes).toContainEqual(expect.stringContaining('15 of 60 requests'));
    // The same request gets the same answer, lots and all.
    expect(await simulate(gateway(), { draft, limit: 15 })).toEqual(some);
  });

  it('changes nothing, and is no route afterwards', async () => {
    await simulate(gateway(), { draft: { ...now, name: 'only-a-draft' } });
    const { data } = await gateway().ask(
      '{ route(name: "only-a-draft") { id } simulated: route(name: "simulated") { version } }',
    );
    expect(data).toEqual({ route: null, simulated: { version: 1 } });
  });
});

describe('replaying the route that there is', () => {
  const texts = [
    'Hi there',
    'What is the capital of France?',
    'Write a poem about bread.',
    'Prove that there is no largest prime, step by step.',
    'Refactor this:\n```ts\nexport const a = () => { let x = 1; return x; };\n```',
  ];
  it.each<[string, number, Omit<RouteInput, 'name'>]>([
    ['PRIORITY', 2, { targets: [{ model: PLAIN }, { model: DEAR }] }],
    [
      'BY_COMPLEXITY',
      3,
      { targets: [{ model: PLAIN, upTo: 0.1 }, { model: CHEAP, upTo: 0.4 }, { model: DEAR }] },
    ],
    ['STICKY', 3, { targets: [PLAIN, CHEAP, DEAR].map((model) => ({ model })) }],
    ['STICKY', 3, { stickyBy: 'CONVERSATION', targets: [PLAIN, CHEAP, DEAR].map((model) => ({ model })) }],
    ['LOWEST_COST', 2, { targets: [{ model: DEAR }, { model: PLAIN }] }],
    ['ROUND_ROBIN', 3, { targets: [PLAIN, CHEAP, DEAR].map((model) => ({ model })) }],
    [
      'PRIORITY',
      1,
      { targets: [{ model: 'demo/error', retries: 0, condition: 'endUser == "user 1"' }, { model: DEAR }] },
    ],
  ])('by %s chooses the same model for each request again, of %i: %j', async (strategy, models, rest) => {
    const name = `again-${strategy.toLowerCase()}-${Math.random().toString(36).slice(2)}`.replaceAll(
      '_',
      '-',
    );
    const route = { name, strategy, ...rest };
    await setRoute(gateway(), route);
    const asked = await record(gateway(), name, 30, (index) => ({
      text: `${texts[index % texts.length]} ${'And say more. '.repeat(index % 4)}`,
      endUserId: `user ${index % 6}`,
      ...(index % 10 === 9 && { tools: [tool] }),
    }));
    const { baseline, draft } = await simulate(gateway(), { draft: route });
    // The costs of two requests are hardly ever the same, so that those of the models tell which ones came to each.
    expect(draft).toEqual(baseline);
    expect(baseline.shares.map(({ cost: _cost, ...share }) => share)).toEqual(sharesOf(asked));
    expect(baseline.shares.length).toBe(models);
    await restShortly(gateway(), 'demo/error');
  });

  it('expects of a model that fails that it fails again, and of the next one that it answers', async () => {
    const route = { name: 'failing', targets: [{ model: 'demo/error', retries: 0 }] };
    await setRoute(gateway(), route);
    for (let index = 0; index < 3; index += 1)
      await gateway().ask(
        'mutation { completionCreate(input: { model: "failing", source: { text: "hi" } }) { errors { code } } }',
      );
    expect(await simulate(gateway(), { draft: route })).toMatchObject({
      baseline: { failures: 3 },
      draft: { failures: 3, shares: [{ name: 'demo/error', requests: 3 }] },
    });
    const better = { ...route, targets: [...route.targets, { model: DEAR }] };
    expect(await simulate(gateway(), { draft: better })).toMatchObject({
      draft: { failures: 0, shares: [{ name: DEAR, requests: 3 }] },
      change: { failures: -3 },
    });
    const noFallback = { ...better, fallbackOn: ['TIMEOUT'], strategy: 'ROUND_ROBIN' };
    expect((await simulate(gateway(), { draft: noFallback })).draft.failures).toBe(2);
  });
});

describe('who simulates', () => {
  const draft = { name: 'simulated', targets: [{ model: CHEAP }] };

  it('has ROUTES_WRITE, and sees the requests of no other organisation or team', async () => {
    const other = await addOrganisation(gateway(), 'Other');
    const { requests } = await simulate(gateway(), { draft }, { key: other.admin.secret });
    expect(requests).toBe(0);
    const { data } = await gateway().ask('mutation { teamCreate(input: { name: "Apart" }) { team { id } } }');
    const apart = await makeKey(gateway(), { scopes: ['ROUTES_WRITE'], teamId: data.teamCreate.team.id });
    expect((await simulate(gateway(), { draft }, { key: apart.secret })).requests).toBe(0);
    const same = await makeKey(gateway(), { scopes: ['ROUTES_WRITE'] });
    expect((await simulate(gateway(), { draft }, { key: same.secret })).requests).toBe(60);
    const { secret: key } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'USAGE_READ'] });
    await expect(trySimulate(gateway(), { draft }, { key })).rejects.toThrow(/ROUTES_WRITE/);
  });

  it('is told what is wrong with a draft as with a route', async () => {
    const bad = { name: 'simulated', targets: [{ model: 'nobody/here' }, { model: CHEAP, weight: -1 }] };
    const { errors } = await trySimulate(gateway(), { draft: bad });
    const set = await setRoute(gateway(), bad);
    expect(errors.map(({ code, path }) => ({ code, path: path?.join('.') }))).toEqual([
      { code: 'INVALID_INPUT', path: 'input.draft.targets.0.model' },
      { code: 'INVALID_INPUT', path: 'input.draft.targets.1.weight' },
    ]);
    expect(errors.map(({ message }) => message)).toEqual(
      set.errors.map(({ message }) => message.replace('input.', 'input.draft.')),
    );
  });

  it.each<[string, object, string]>([
    [
      'backwards',
      { range: { from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z' } },
      'input.range.to is 2026-03-01',
    ],
    [
      'too long',
      { range: { from: '2026-03-01T00:00:00Z', to: '2026-04-02T00:00:00Z' } },
      'input.range is longer than 31',
    ],
    ['none', { limit: 0 }, 'input.limit is 0; it must be from 1 to 10000'],
    ['too many', { limit: 10_001 }, 'input.limit is 10001'],
    ['of nobody', { of: [] }, 'input.of is empty'],
  ])('is told what is wrong with what is asked for: %s', async (_, more, message) => {
    const { simulation, errors } = await trySimulate(gateway(), { draft, ...more });
    expect(simulation).toBeNull();
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', message: expect.stringContaining(message) }]);
  });

  it('has no more than two under way, which end when nobody wants them any more', async () => {
    const { simulate: start } = gateway().gateway;
    const spec = { ...gateway().gateway.routes.book.find('org_default', 'simulated')! };
    const who = {
      organisationId: 'org_default',
      teamId: 'team_default',
      keyId: 'key_x',
      scopes: new Set(['ADMIN']),
    };
    const ask = {
      draft: { spec, path: ['input', 'draft'] },
      range: { from: new Date(Date.now() - 3_600_000), to: undefined },
      of: undefined,
      limit: 100,
    };
    const begin = (signal = new AbortController().signal) =>
      start(who as never, ask, { requestId: 'r', ip: '127.0.0.1' }, signal);
    const aborter = new AbortController();
    const [one, two, three] = [begin(aborter.signal), begin(), begin()];
    await expect(three).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('2 simulations'),
    });
    aborter.abort(new Error('left'));
    await expect(one).rejects.toThrow('left');
    expect((await two).requests).toBe(60);
    expect((await begin()).requests).toBe(60);
  });
});
