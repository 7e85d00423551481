import { beforeEach, describe, expect, it } from 'vitest';
import { setRoute } from '../routes/support.ts';
import { useCanaries } from './support/canaries.ts';
import { armOfCompletion, restart, setTrial, users } from './support/trials.ts';

const canaries = await useCanaries();
const { gateway, fresh, ask, trial, state, arm, set } = canaries;
const armOfId = (id: string) => armOfCompletion(gateway(), id);

describe('its state', () => {
  beforeEach(async () => {
    await set({ steps: [{ percent: 100, minutes: 60 }] });
    fresh.refusal = 500;
    await Promise.all(users(8).map(ask));
    await canaries.gateway().gateway.trials.look();
  });

  it('stays when the route changes but for its canary', async () => {
    const { data } = await gateway().ask(
      `{ route(name: "${canaries.name()}") { canary { model steps { percent minutes } rollBackWhen { afterRequests errorRateAbove } } } }`,
    );
    await setTrial(gateway(), {
      name: canaries.name(),
      targets: [canaries.target()],
      repairs: 2,
      canary: data.route.canary,
    });
    expect(await state()).toBe('ROLLED_BACK');
  });

  it('begins anew with another canary, and goes with it', async () => {
    await setTrial(gateway(), {
      name: canaries.name(),
      targets: [canaries.target()],
      canary: canaries.settings({ steps: [{ percent: 10 }] }),
    });
    expect(await trial()).toMatchObject({
      state: 'RUNNING',
      step: 1,
      reason: null,
      arms: [{ requests: 0 }, {}],
    });
    await setTrial(gateway(), { name: canaries.name(), targets: [canaries.target()] });
    expect(await trial()).toBeNull();
  });

  it('begins anew when it is told to, which is audited', async () => {
    expect(await restart(gateway(), canaries.name())).toEqual([]);
    expect(await trial()).toMatchObject({
      state: 'RUNNING',
      step: 1,
      reason: null,
      arms: [{ requests: 0 }, {}],
    });
    const { data } = await gateway().ask('{ auditEvents(first: 1) { nodes { action before after } } }');
    expect(data.auditEvents.nodes).toMatchObject([
      { action: 'route.restart-trial', before: { state: 'ROLLED_BACK' }, after: { state: 'RUNNING' } },
    ]);
  });

  it('is none of a route that tries nothing out', async () => {
    await setRoute(gateway(), { name: `${canaries.name()}-plain` });
    expect(await restart(gateway(), `${canaries.name()}-plain`)).toMatchObject([{ code: 'CONFLICT' }]);
    expect(await restart(gateway(), 'no-such-route')).toMatchObject([{ code: 'NOT_FOUND', path: ['name'] }]);
  });
});

describe('a decision', () => {
  it('says which arm a request belongs to, and how much that takes', async () => {
    await set({ steps: [{ percent: 100 }] });
    const { data } = await gateway().ask(
      `query ($input: CompletionInput!) {
        explainRoute(input: $input) { trial { kind arm share models } candidates { name } chosen { name } }
      }`,
      { input: { model: canaries.name(), source: { text: 'hi' } } },
    );
    const model = expect.stringMatching(/^fresh\//);
    expect(data.explainRoute).toEqual({
      trial: { kind: 'CANARY', arm: 'canary', share: 1, models: [model] },
      candidates: [{ name: model }, { name: canaries.target().model }],
      chosen: { name: model },
    });
    // Looking takes nothing of what the canary may be given.
    for (const user of users(4)) await ask(user);
    expect((await arm('canary')).requests).toBeGreaterThan(0);
  });

  it('leaves out requests that may not go to the canary', async () => {
    await gateway().ask(
      'mutation { modelAccessSet(input: { name: "demo/reasoning", askFirst: true }) { errors { code } } }',
    );
    await set({ model: 'demo/reasoning', steps: [{ percent: 100 }] });
    const { id, text } = await ask('somebody');
    expect([text, await armOfId(id)]).toEqual(['old', undefined]);
  });
});
