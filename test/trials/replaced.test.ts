import { describe, expect, it } from 'vitest';
import { useCanaries } from './support/canaries.ts';
import { setTrial, users } from './support/trials.ts';

const canaries = await useCanaries();
const { gateway, fresh, dear, name, ask, trial, state, set } = canaries;

async function replace(from: string, to: string) {
  const { data } = await gateway().ask(
    `mutation ($input: ModelReplaceInput!) {
      modelReplace(input: $input) { replacement { routes { name } } errors { code message path } }
    }`,
    { input: { from, to, dryRun: false } },
  );
  return data.modelReplace;
}

async function settingsNow() {
  const { data } = await gateway().ask(
    `query ($name: String!) {
      route(name: $name) { targets { name } canary { model } experiment { name } shadow { name } }
    }`,
    { name: name() },
  );
  return data.route;
}

async function end(model: string, steps: object[]) {
  await set({ model, steps, rollBackWhen: { afterRequests: 2, errorRateAbove: 0.2 } });
  await Promise.all(users(6).map(ask));
  await gateway().gateway.trials.look();
}

describe('a model that takes the place of another', () => {
  it('as a canary that has taken over has taken over as well', async () => {
    const [model, other] = [fresh.nextModel(), dear.nextModel()];
    await end(model, [{ percent: 100 }]);
    expect(await state()).toBe('PROMOTED');
    expect(await replace(model, other)).toMatchObject({ errors: [] });
    expect(await settingsNow()).toMatchObject({ canary: { model: other } });
    expect(await trial()).toMatchObject({ state: 'PROMOTED', reason: expect.any(String) });
    expect((await ask()).model.name).toBe(other);
  });

  it('as a canary that was taken back takes nothing', async () => {
    const [model, other] = [fresh.nextModel(), dear.nextModel()];
    fresh.refusal = 500;
    await end(model, [{ percent: 100, minutes: 60 }]);
    expect(await state()).toBe('ROLLED_BACK');
    expect(await replace(model, other)).toMatchObject({ errors: [] });
    expect(await state()).toBe('ROLLED_BACK');
    expect((await ask()).model.name).toBe(canaries.target().model);
  });

  it('as a canary that runs is tried from the beginning', async () => {
    const [model, other] = [fresh.nextModel(), dear.nextModel()];
    await set({ model, steps: [{ percent: 100, minutes: 60 }] });
    await ask();
    await expect.poll(async () => (await trial()).arms[0]!.requests).toBe(1);
    await replace(model, other);
    expect(await trial()).toMatchObject({ state: 'RUNNING', arms: [{ requests: 0 }, {}] });
  });

  it('is no canary any more where it is the only target', async () => {
    const model = fresh.nextModel();
    await set({ model }, { shadow: { model, percent: 1 } });
    expect(await replace(canaries.target().model, model)).toEqual({
      replacement: { routes: [{ name: name() }] },
      errors: [],
    });
    expect(await settingsNow()).toEqual({
      targets: [{ name: model }],
      canary: null,
      experiment: null,
      shadow: { name: model },
    });
    expect(await trial()).toBeNull();
  });

  it('is not compared with itself', async () => {
    const model = fresh.nextModel();
    const arms = [
      { name: 'old', model: canaries.target().model },
      { name: 'fresh', model },
    ];
    await setTrial(gateway(), {
      name: name(),
      targets: [canaries.target()],
      experiment: { name: 'which', arms },
    });
    expect(await replace(canaries.target().model, model)).toMatchObject({ errors: [] });
    expect(await settingsNow()).toMatchObject({ targets: [{ name: model }], experiment: null });
  });

  it('is refused for a route that cannot take it, which is named', async () => {
    await set({}, { targets: [{ model: 'demo/cut' }], onCut: 'CONTINUE' });
    const target = canaries.target().model;
    expect(await replace('demo/cut', target)).toEqual({
      replacement: null,
      errors: [
        {
          code: 'INVALID_INPUT',
          path: ['input', 'to'],
          message: `input.to is "${target}"; with it the route "${name()}": onCut is CONTINUE, but none of its models can go on from the beginning of an answer: ${target}; take FAIL or RESTART, or add a model that can`,
        },
      ],
    });
  });
});
