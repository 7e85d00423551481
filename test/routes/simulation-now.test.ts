import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { inDays, setLifecycle } from '../models/support.ts';
import { useGateway } from '../support/gateway.ts';
import { setTrial, trialOf } from '../trials/support/trials.ts';
import { setRoute } from './support.ts';
import { record, simulate, startPromptVendor } from './support-simulation.ts';

const vendor = await startPromptVendor();
afterAll(() => vendor.close());
const gateway = useGateway({ config: { providers: [vendor.config] } });

const [DEAR, CHEAP, PLAIN] = ['prompt/dear', 'prompt/cheap', 'prompt/plain'];

describe('a draft with the canary that has taken over', () => {
  const canary = {
    model: CHEAP,
    steps: [{ percent: 100 }],
    rollBackWhen: { afterRequests: 2, errorRateAbove: 0.5 },
  };
  const now = { name: 'promoted', targets: [{ model: DEAR }], canary };

  it('goes on with it, also below another route; a draft with another one begins with none', async () => {
    await setTrial(gateway(), now);
    await record(gateway(), now.name, 4);
    await expect.poll(async () => (await trialOf(gateway(), now.name)).state).toBe('PROMOTED');
    const same = await simulate(gateway(), { draft: now });
    expect(same.draft.shares).toMatchObject([{ name: CHEAP, requests: 4 }]);
    expect(same.notes.join()).not.toContain('left out');

    const above = { name: 'above', targets: [{ model: now.name }] };
    const nested = await simulate(gateway(), { draft: above, of: [now.name] });
    expect(nested.draft).toMatchObject({ untimed: 0, shares: [{ name: CHEAP, requests: 4 }] });

    const another = { ...now, canary: { ...canary, model: PLAIN } };
    const anew = await simulate(gateway(), { draft: another });
    expect(anew.draft.shares).toMatchObject([{ name: DEAR, requests: 4 }]);
    expect(anew.notes).toContainEqual(expect.stringContaining('that have not taken over, are left out'));
  });
});

describe('a draft with a model that has ended', () => {
  const draft = { name: 'ending', targets: [{ model: DEAR }, { model: PLAIN }] };
  afterEach(() => setLifecycle(gateway(), DEAR));

  it('goes to what takes its place, or to the next one, as requests do', async () => {
    await setRoute(gateway(), { name: draft.name, targets: [{ model: CHEAP }] });
    await record(gateway(), draft.name, 3);
    await setLifecycle(gateway(), DEAR, { sunsetAt: inDays(-1), afterSunset: 'REPLACE', replacement: CHEAP });
    const replaced = await simulate(gateway(), { draft });
    expect(replaced.draft).toMatchObject({ untimed: 0, shares: [{ name: CHEAP, requests: 3 }] });
    await setLifecycle(gateway(), DEAR, { sunsetAt: inDays(-1), afterSunset: 'REFUSE' });
    const refused = await simulate(gateway(), { draft });
    expect(refused.draft.shares).toMatchObject([{ name: PLAIN, requests: 3 }]);
    const alone = await simulate(gateway(), { draft: { ...draft, targets: [{ model: DEAR }] } });
    expect(alone).toMatchObject({ draft: { refusals: 3 }, refusalReasons: [{ code: 'SUNSET', name: DEAR }] });
  });
});
