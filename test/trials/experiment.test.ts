import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { useGateway } from '../support/gateway.ts';
import {
  armOf,
  armOfCompletion,
  askAs,
  meanOf,
  rate,
  setTrial,
  startAnswering,
  trialOf,
  users,
} from './support/trials.ts';

const [one, two] = [await startAnswering('one'), await startAnswering('two', '3')];
const vendors = [one, two];
afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));
const gateway = useGateway({ config: { providers: vendors.map(({ config }) => config) } });

let names = 0;
let name: string;
beforeEach(() => {
  name = `experiment-${(names += 1)}`;
  for (const vendor of vendors) Object.assign(vendor, { afterMs: 0, refusal: undefined });
});

/** A route that compares a model of each vendor, with one that always answers behind both. */
async function experiment(more: object = {}): Promise<void> {
  await setTrial(gateway(), {
    name,
    targets: [{ model: 'demo/echo' }],
    experiment: {
      name: 'models',
      arms: [
        { name: 'first', model: one.nextModel() },
        { name: 'second', model: two.nextModel() },
      ],
      minRequests: 10,
      ...more,
    },
  });
}

const trial = () => trialOf(gateway(), name);
const ask = (user?: string) => askAs(gateway(), name, user);

/** Asks as all of them, some at a time; the ids of each arm. */
async function askAll(everybody: string[]): Promise<Record<'first' | 'second', string[]>> {
  const ids = { first: [] as string[], second: [] as string[] };
  for (let at = 0; at < everybody.length; at += 10) {
    const answered = await Promise.all(everybody.slice(at, at + 10).map(ask));
    const arms = await Promise.all(answered.map(({ id }) => armOfCompletion(gateway(), id)));
    for (const [index, arm] of arms.entries()) ids[arm as 'first' | 'second'].push(answered[index]!.id);
  }
  return ids;
}

describe('an experiment', () => {
  it('keeps everybody in their arm, which answers them', async () => {
    await experiment();
    const texts = async () => Promise.all(users(12).map(async (user) => (await ask(user)).text));
    const first = await texts();
    expect(new Set(first)).toEqual(new Set(['one', 'two']));
    expect(await texts()).toEqual(first);
  });

  it('keeps a conversation in its arm where it says so', async () => {
    await experiment({ stickyBy: 'CONVERSATION' });
    const texts = await Promise.all(users(8).map(async (user) => (await ask(user)).text));
    expect(new Set(texts).size).toBe(1);
  });

  it('names the winner, and how sure that is', async () => {
    await experiment();
    two.refusal = 500;
    await askAll(users(60));
    await expect.poll(async () => (await trial()).state).toBe('DECIDED');
    const decided = await trial();
    expect(decided).toMatchObject({
      kind: 'EXPERIMENT',
      step: null,
      winner: 'first',
      reason: expect.stringMatching(
        /^first has the highest success of all arms, with a confidence of 0\.9\d+$/,
      ),
      arms: [
        { name: 'first', share: 0.5, failures: 0 },
        { name: 'second', share: 0.5 },
      ],
    });
    expect(decided.confidence).toBeGreaterThanOrEqual(0.95);
    const [first, second] = decided.arms;
    // What the fallback has answered is a failure of the arm.
    expect(second!.failures).toBe(second!.requests);
    const [better, worse] = [first!, second!].map(({ metrics }) =>
      metrics.find((metric) => metric.name === 'success')!,
    );
    expect(worse!.high).toBeLessThan(better!.low!);
    const { data } = await gateway().ask(
      '{ alerts(first: 1) { nodes { kind message ... on TrialAlert { winner confidence } } } }',
    );
    expect(data.alerts.nodes).toEqual([
      {
        kind: 'EXPERIMENT_DECIDED',
        message: `the experiment of "${name}" has a winner: ${decided.reason}`,
        winner: 'first',
        confidence: decided.confidence,
      },
    ]);
  });

  it('goes on with its arms when it is decided', async () => {
    await experiment({ metric: 'cost', goal: 'MINIMISE' });
    await askAll(users(40));
    await expect.poll(async () => (await trial()).winner).toBe('first');
    const before = await trial();
    const ids = await askAll(users(20));
    expect(ids.second.length).toBeGreaterThan(0);
    const counted = async () => (await trial()).arms.reduce((sum, { requests }) => sum + requests, 0);
    await expect.poll(counted).toBeGreaterThan(before.arms.reduce((sum, { requests }) => sum + requests, 0));
    expect(await trial()).toMatchObject({ winner: 'first', confidence: before.confidence });
  });

  it('names nobody before each arm has enough values', async () => {
    await experiment({ metric: 'cost', goal: 'MINIMISE', minRequests: 1_000 });
    await askAll(users(20));
    await gateway().gateway.trials.look();
    expect(await trial()).toMatchObject({ state: 'RUNNING', winner: null, confidence: null });
    expect(meanOf(await armOf(gateway(), name, 'second'), 'cost')).toBeCloseTo(0.00009);
  });
});

describe('what callers tell', () => {
  it('decides an experiment, each in the place of what the same one told before', async () => {
    await experiment({ metric: 'resolved' });
    const { first, second } = await askAll(users(60));
    for (const id of first) await rate(gateway(), { id, metrics: [{ name: 'resolved', value: 5 }] });
    for (const id of first)
      expect(await rate(gateway(), { id, metrics: [{ name: 'resolved', value: 0 }] })).toEqual([]);
    expect(await armOf(gateway(), name, 'first')).toMatchObject({
      metrics: expect.arrayContaining([
        { name: 'resolved', count: first.length, mean: 0, low: expect.any(Number), high: expect.any(Number) },
      ]),
    });
    for (const [index, id] of second.entries())
      await rate(gateway(), {
        id,
        score: 0.5,
        metrics: [{ name: 'resolved', value: index % 5 === 0 ? 0 : 1 }],
      });
    await expect.poll(async () => (await trial()).winner).toBe('second');
    const arm = await armOf(gateway(), name, 'second');
    expect(meanOf(arm, 'feedback')).toBe(0.5);
    expect(arm.metrics.find((metric) => metric.name === 'resolved')!.count).toBe(second.length);
  });

  it('is counted once for each who tells it', async () => {
    await experiment({ metric: 'words' });
    const { id } = await ask('somebody');
    const arm = (await armOfCompletion(gateway(), id))!;
    const { secret } = await makeKey(gateway(), { scopes: ['ADMIN'] });
    const tell = (value: number, key?: string) =>
      gateway().ask(
        'mutation ($input: CompletionRateInput!) { completionRate(input: $input) { errors { message } } }',
        { input: { id, metrics: [{ name: 'words', value }] } },
        key === undefined ? {} : { key },
      );
    await Promise.all([10, 10, 10, 10].map((value) => tell(value)));
    await tell(30, secret);
    expect((await armOf(gateway(), name, arm)).metrics).toContainEqual(
      expect.objectContaining({ name: 'words', count: 2, mean: 20 }),
    );
  });

  it('is kept with the completion, also without a score', async () => {
    const { id } = await askAs(gateway(), 'demo/echo');
    await rate(gateway(), {
      id,
      metrics: [
        { name: 'words', value: 3 },
        { name: 'clicks', value: -1.5 },
      ],
    });
    await rate(gateway(), { id, score: 1, comment: 'fine', metrics: [{ name: 'words', value: 4 }] });
    const { data } = await gateway().ask(
      'query ($id: ID!) { completion(id: $id) { metrics { name value } ratings { score } } }',
      { id },
    );
    expect(data.completion.metrics).toHaveLength(2);
    expect(data.completion.metrics).toEqual(
      expect.arrayContaining([
        { name: 'words', value: 4 },
        { name: 'clicks', value: -1.5 },
      ]),
    );
    expect(data.completion.ratings).toEqual([{ score: 1 }]);
  });

  it.each([
    [{}, ['input'], /give a score or metrics/],
    [{ comment: 'hm' }, ['input'], /give a score or metrics/],
    [{ comment: 'hm', metrics: [{ name: 'a', value: 1 }] }, ['input', 'comment'], /goes with a score/],
    [{ metrics: [{ name: '', value: 1 }] }, ['input', 'metrics', '0', 'name'], /begins with a-z/],
    [{ metrics: [{ name: '9x', value: 1 }] }, ['input', 'metrics', '0', 'name'], /begins with a-z/],
    [{ metrics: [{ name: 'cost', value: 1 }] }, ['input', 'metrics', '0', 'name'], /is measured/],
    [{ metrics: [{ name: 'a', value: 1e13 }] }, ['input', 'metrics', '0', 'value'], /from -1000000000000/],
    [
      {
        metrics: [
          { name: 'a', value: 1 },
          { name: 'a', value: 2 },
        ],
      },
      ['input', 'metrics', '1', 'name'],
      /repeats metrics\.0/,
    ],
    [
      { metrics: Array.from({ length: 51 }, (_, index) => ({ name: `m${index}`, value: 1 })) },
      ['input', 'metrics'],
      /holds 51; at most 50/,
    ],
  ])('is refused where it makes no sense: %j', async (more, path, message) => {
    const { id } = await askAs(gateway(), 'demo/echo');
    const errors = await rate(gateway(), { id, ...more });
    expect(errors).toContainEqual({ code: 'INVALID_INPUT', path, message: expect.stringMatching(message) });
  });

  it('is bounded for each completion', async () => {
    const { id } = await askAs(gateway(), 'demo/echo');
    const metrics = (from: number) =>
      Array.from({ length: 30 }, (_, index) => ({ name: `m${from + index}`, value: 1 }));
    expect(await rate(gateway(), { id, metrics: metrics(0) })).toEqual([]);
    expect(await rate(gateway(), { id, metrics: metrics(0) })).toEqual([]);
    expect(await rate(gateway(), { id, metrics: metrics(30) })).toMatchObject([
      { path: ['input', 'metrics'], message: expect.stringMatching(/would make 60/) },
    ]);
  });
});
