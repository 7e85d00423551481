import { describe, expect, it } from 'vitest';
import { versionOf } from '../routes/support.ts';
import { NO_SERVER, useTwoInstances } from '../support/two-instances.ts';
import { armOf, armOfCompletion, askAs, rate, setTrial, trialOf, users } from './support/trials.ts';

const LONG = { timeout: 10_000 };

describe.skipIf(NO_SERVER)('two instances on one PostgreSQL', () => {
  const { one, two } = useTwoInstances();
  const both = () => [one(), two()];

  it('take a bad canary back together, once, and count each request once', async () => {
    await setTrial(one(), {
      name: 'shared',
      targets: [{ model: 'demo/echo' }],
      canary: {
        model: 'demo/error',
        steps: [{ percent: 100, minutes: 60 }],
        rollBackWhen: { afterRequests: 10, errorRateAbove: 0.2 },
      },
    });
    await expect.poll(() => versionOf(two(), 'shared'), LONG).toBe(1);
    const answered = await Promise.all(
      users(40).map((user, index) => askAs(both()[index % 2]!, 'shared', user)),
    );
    for (const { text } of answered) expect(text).not.toBe('');
    for (const each of both())
      await expect.poll(async () => (await trialOf(each, 'shared')).state, LONG).toBe('ROLLED_BACK');
    const arms = await Promise.all(answered.map(({ id }) => armOfCompletion(one(), id)));
    const given = arms.filter((arm) => arm === 'canary').length;
    expect(given).toBeGreaterThanOrEqual(10);
    // Each of the two has given it what it takes to judge.
    expect(given).toBeLessThanOrEqual(20);
    const { data } = await one().ask('{ alerts(first: 50) { nodes { kind } } }');
    expect(data.alerts.nodes).toEqual([{ kind: 'CANARY_ROLLED_BACK' }]);
    const { sql } = one().gateway.database;
    await expect
      .poll(async () => sql`SELECT FROM completions WHERE trial_id IS NOT NULL AND NOT trial_counted`, LONG)
      .toHaveLength(0);
    expect(await armOf(two(), 'shared', 'canary')).toMatchObject({ requests: given, failures: given });
    for (const each of both()) {
      const { id } = await askAs(each, 'shared', 'late');
      expect(await armOfCompletion(each, id)).toBeUndefined();
    }
  });

  it('give everybody the same arm, and count what is told on either', async () => {
    await setTrial(one(), {
      name: 'compared',
      experiment: {
        name: 'models',
        arms: [
          { name: 'a', model: 'demo/echo' },
          { name: 'b', model: 'demo/expensive' },
        ],
        metric: 'resolved',
        minRequests: 10,
      },
    });
    await expect.poll(() => versionOf(two(), 'compared'), LONG).toBe(1);
    let told = 0;
    for (const user of users(8)) {
      const ids = await Promise.all(both().map(async (each) => (await askAs(each, 'compared', user)).id));
      const [here, there] = await Promise.all(ids.map((id) => armOfCompletion(one(), id)));
      expect(here).toBe(there);
      // The same one tells the same of the same completion on both at once.
      await Promise.all(
        both().map((each) => rate(each, { id: ids[0], metrics: [{ name: 'resolved', value: 1 }] })),
      );
      told += 1;
    }
    const { arms } = await trialOf(two(), 'compared');
    const counts = arms.map(({ metrics }) => metrics.find(({ name }) => name === 'resolved')?.count ?? 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(told);
    const requests = async () =>
      (await trialOf(two(), 'compared')).arms.reduce((sum, arm) => sum + arm.requests, 0);
    await expect.poll(requests, LONG).toBe(16);
  });
});
