import { describe, expect, it } from 'vitest';
import { useCanaries } from './support/canaries.ts';
import { armOfCompletion, askAs, meanOf, rate, setTrial, users } from './support/trials.ts';

const canaries = await useCanaries();
const { gateway, fresh, dear, ask, trial, state, arm, askUntilCounted, set } = canaries;
const armOfId = (id: string) => armOfCompletion(gateway(), id);

describe('a bad canary', () => {
  it('is rolled back within the number of requests that its rule says', async () => {
    await set();
    fresh.refusal = 500;
    const arms = [];
    for (const user of users(60)) {
      const { id, status, text } = await ask(user);
      // Whoever met it was answered all the same.
      expect([status, text]).toEqual(['SUCCEEDED', 'old']);
      arms.push(await armOfId(id));
    }
    expect(arms.filter((each) => each === 'canary')).toHaveLength(5);
    expect(arms.at(-1)).toBeUndefined();
    expect(await trial()).toMatchObject({
      kind: 'CANARY',
      state: 'ROLLED_BACK',
      step: 1,
      endedAt: expect.any(String),
      reason: expect.stringMatching(
        /^errorRateAbove 0\.2: the canary has failed 5 of 5 requests, the baseline 0 of \d+$/,
      ),
      arms: [
        { name: 'canary', share: 0, requests: 5, failures: 5 },
        { name: 'baseline', model: null, share: 1, failures: 0 },
      ],
    });
  });

  it('takes no more than that, however many ask at once', async () => {
    await set({ steps: [{ percent: 100, minutes: 60 }] });
    fresh.refusal = 500;
    const answered = await Promise.all(users(40).map(ask));
    const arms = await Promise.all(answered.map(({ id }) => armOfId(id)));
    expect(arms.filter((each) => each === 'canary')).toHaveLength(5);
    await expect.poll(state).toBe('ROLLED_BACK');
    expect((await arm('canary')).requests).toBe(5);
  });

  it('is told of in an alert and in the audit, once', async () => {
    await set({ steps: [{ percent: 100 }] });
    fresh.refusal = 500;
    await Promise.all(users(8).map(ask));
    await expect.poll(state).toBe('ROLLED_BACK');
    const { data } = await gateway().ask(
      `{
      alerts(first: 50) { nodes { __typename kind message ... on TrialAlert { route { name } winner } } }
      auditEvents(first: 50) { nodes { action targetId before after } }
      route(name: "${canaries.name()}") { id }
    }`,
    );
    const { reason } = await trial();
    const alerts = data.alerts.nodes.filter(
      ({ route }: { route: { name: string } }) => route?.name === canaries.name(),
    );
    expect(alerts).toEqual([
      {
        __typename: 'TrialAlert',
        kind: 'CANARY_ROLLED_BACK',
        message: `the canary of "${canaries.name()}" was rolled back: ${reason}`,
        route: { name: canaries.name() },
        winner: null,
      },
    ]);
    const audited = data.auditEvents.nodes.filter(
      ({ action, targetId }: { action: string; targetId: string }) =>
        targetId === data.route.id && action !== 'route.set',
    );
    expect(audited).toMatchObject([
      {
        action: 'canary.roll-back',
        before: { state: 'RUNNING' },
        after: { state: 'ROLLED_BACK', message: reason },
      },
    ]);
  });

  it('is rolled back although it soon rests, as that is a failure too', async () => {
    await set({ steps: [{ percent: 100 }], rollBackWhen: { afterRequests: 15, errorRateAbove: 0.5 } });
    fresh.refusal = 500;
    for (const user of users(15)) await ask(user);
    await expect.poll(state).toBe('ROLLED_BACK');
    expect(await arm('canary')).toMatchObject({ requests: 15, failures: 15 });
    // Each of its requests may try twice.
    expect(fresh.calls).toBeLessThan(15);
  });

  it('is not judged by requests that nobody could answer, but by what others can', async () => {
    await set({ steps: [{ percent: 100 }] }, { fallbackOn: ['TIMEOUT'] });
    fresh.refusal = 400;
    await Promise.all(users(8).map(ask));
    await gateway().gateway.trials.look();
    expect(await trial()).toMatchObject({ state: 'RUNNING', arms: [{ name: 'canary', requests: 0 }, {}] });
    // What others can answer is the canary's own fault.
    await setTrial(gateway(), {
      name: canaries.name(),
      targets: [canaries.target()],
      canary: canaries.settings({ steps: [{ percent: 100 }] }),
    });
    await Promise.all(users(8).map(ask));
    await expect.poll(state).toBe('ROLLED_BACK');
  });
});

describe('the rule', () => {
  it('takes back a canary that is too dear', async () => {
    await set({ model: dear.nextModel(), rollBackWhen: { afterRequests: 4, costRatioAbove: 3 } });
    await askUntilCounted(4);
    await expect.poll(state).toBe('ROLLED_BACK');
    expect(await trial()).toMatchObject({
      state: 'ROLLED_BACK',
      reason: expect.stringMatching(
        /^costRatioAbove 3: a request costs 0\.003 USD with the canary \(\d+ requests\), 0\.00003 USD/,
      ),
    });
    expect(meanOf(await arm('canary'), 'cost')).toBeCloseTo(0.003);
  });

  it('takes back a canary that is too slow', async () => {
    fresh.afterMs = 300;
    await set({ rollBackWhen: { afterRequests: 4, latencyRatioAbove: 2 } });
    await askUntilCounted(4);
    await expect.poll(state).toBe('ROLLED_BACK');
    expect(await trial()).toMatchObject({
      state: 'ROLLED_BACK',
      reason: expect.stringMatching(/^latencyRatioAbove 2: the first token takes \d/),
    });
  });

  it('takes back a canary that people do not like', async () => {
    await set({ rollBackWhen: { afterRequests: 1_000, feedbackBelow: 0.5, afterRatings: 3 } });
    const ofCanary: string[] = [];
    for (const user of users(40)) {
      const { id } = await ask(user);
      if ((await armOfId(id)) === 'canary') ofCanary.push(id);
    }
    const [first, second, third] = ofCanary;
    for (const id of [first, second]) expect(await rate(gateway(), { id, score: 0.1 })).toEqual([]);
    // Saying it anew is not saying it twice.
    await rate(gateway(), { id: second, score: 0.2 });
    await gateway().gateway.trials.look();
    expect(await state()).toBe('RUNNING');
    expect(meanOf(await arm('canary'), 'feedback')).toBeCloseTo(0.15);
    await rate(gateway(), { id: third, score: 0.9 });
    await expect.poll(state).toBe('ROLLED_BACK');
    expect((await trial()).reason).toBe(
      'feedbackBelow 0.5: the mean score of the canary is 0.4 (3 scores), nobody has scored the baseline',
    );
  });

  it('compares nothing before the baseline was asked as often', async () => {
    await set({
      model: dear.nextModel(),
      steps: [{ percent: 100, minutes: 60 }],
      rollBackWhen: { afterRequests: 2, costRatioAbove: 3 },
    });
    for (const user of users(6)) await ask(user);
    await gateway().gateway.trials.look();
    expect(await state()).toBe('RUNNING');
  });
});

describe('a good canary', () => {
  it('grows step by step until it has taken over', async () => {
    await set({
      steps: [
        { percent: 20, requests: 6 },
        { percent: 60, requests: 8 },
        { percent: 100, requests: 5 },
      ],
    });
    const seen = new Set<number>();
    const answered = new Set<string>();
    for (let round = 0; (await state()) === 'RUNNING' && round < 20; round += 1) {
      for (const user of users(20)) {
        seen.add((await trial()).arms[0]!.share);
        const { id, text } = await ask(user);
        answered.add(`${await armOfId(id)} ${text}`);
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining([0.2, 0.6, 1]));
    const right = ['baseline old', 'canary fresh', 'undefined fresh'];
    expect([...answered].filter((each) => !right.includes(each))).toEqual([]);
    expect(await trial()).toMatchObject({
      state: 'PROMOTED',
      step: 3,
      reason: expect.stringMatching(/within the rule/),
      arms: [
        { name: 'canary', share: 1 },
        { name: 'baseline', share: 0 },
      ],
    });
    const { id, text } = await ask('somebody');
    expect([text, await armOfId(id)]).toEqual(['fresh', undefined]);
  });

  it('stays in a step as long as that says', async () => {
    await set({
      steps: [
        { percent: 50, minutes: 0.02 },
        { percent: 100, minutes: 60 },
      ],
      rollBackWhen: { afterRequests: 1, errorRateAbove: 0.5 },
    });
    await askUntilCounted(1);
    await expect.poll(async () => (await trial()).step, { timeout: 10_000 }).toBe(2);
    expect(await trial()).toMatchObject({ state: 'RUNNING', arms: [{ share: 1 }, { share: 0 }] });
  });

  it('that has taken over does so where its route is a part of another one, too', async () => {
    await set({ steps: [{ percent: 100 }] });
    await setTrial(gateway(), { name: `${canaries.name()}-outer`, targets: [{ model: canaries.name() }] });
    const outer = async () => (await askAs(gateway(), `${canaries.name()}-outer`)).text;
    expect(await outer()).toBe('old');
    for (const user of users(5)) await ask(user);
    await expect.poll(state).toBe('PROMOTED');
    expect(await outer()).toBe('fresh');
  });
});
