import { describe, expect, it } from 'vitest';
import { applyRoutes, deleteRoute, setRoute } from '../routes/support.ts';
import { useGateway } from '../support/gateway.ts';

/** Never called. */
const berlin = {
  name: 'berlin',
  type: 'openai-compatible' as const,
  apiKey: 'sk-test',
  headers: {},
  settings: {},
  baseURL: 'http://127.0.0.1:9/v1',
  region: 'eu',
  models: [{ id: 'model' }],
};
const gateway = useGateway({ config: { providers: [berlin] } });

const CANARY = {
  model: 'demo/expensive',
  steps: [{ percent: 10, requests: 5 }],
  rollBackWhen: { afterRequests: 5, errorRateAbove: 0.2 },
};
const EXPERIMENT = {
  name: 'models',
  arms: [
    { name: 'a', model: 'demo/echo' },
    { name: 'b', model: 'demo/expensive' },
  ],
};

/** What is wrong with a route of this name that says so, as `path: message`. */
async function faultsOf(more: object, name = 'tried'): Promise<string[]> {
  const { errors } = await setRoute(gateway(), { name, ...more });
  expect(errors.map(({ code }) => code)).toEqual(errors.map(() => 'INVALID_INPUT'));
  return errors.map(({ message }) => message);
}

const rule = (more: object) => ({ ...CANARY, rollBackWhen: { afterRequests: 5, ...more } });
const steps = (...all: object[]) => ({ ...CANARY, steps: all });

describe('a canary is refused', () => {
  it.each<[object, RegExp]>([
    [{ ...CANARY, model: 'demo/none' }, /^input\.canary\.model is "demo\/none"; no configured provider/],
    [{ ...CANARY, model: 'nowhere' }, /^input\.canary\.model is "nowhere"; there is no such route/],
    [{ ...CANARY, model: 'tried' }, /^input\.canary\.model is "tried", the route itself/],
    [
      { ...CANARY, model: 'demo/echo' },
      /^input\.canary\.model is "demo\/echo", which the route takes anyway/,
    ],
    [steps(), /^input\.canary\.steps holds 0; it must hold from 1 to 20/],
    [steps({ percent: 0 }), /^input\.canary\.steps\.0\.percent is 0; it must be more than 0/],
    [steps({ percent: 101 }), /^input\.canary\.steps\.0\.percent is 101; .* at most 100/],
    [
      steps({ percent: 50 }, { percent: 50 }),
      /^input\.canary\.steps\.1\.percent is 50; .* the one before, 50/,
    ],
    [
      steps({ percent: 5, minutes: -1 }),
      /^input\.canary\.steps\.0\.minutes is -1; it must be from 0 to 525600/,
    ],
    [steps({ percent: 5, requests: -1 }), /^input\.canary\.steps\.0\.requests is -1; it must be from 0/],
    [rule({}), /^input\.canary\.rollBackWhen says nothing to judge by; give one of errorRateAbove/],
    [
      rule({ afterRequests: 0, errorRateAbove: 0 }),
      /^input\.canary\.rollBackWhen\.afterRequests is 0; it must be from 1/,
    ],
    [
      rule({ errorRateAbove: 1.5 }),
      /^input\.canary\.rollBackWhen\.errorRateAbove is 1\.5; it must be from 0 to 1/,
    ],
    [
      rule({ latencyRatioAbove: 0 }),
      /^input\.canary\.rollBackWhen\.latencyRatioAbove is 0; it must be from 0\.01/,
    ],
    [rule({ costRatioAbove: -1 }), /^input\.canary\.rollBackWhen\.costRatioAbove is -1/],
    [rule({ feedbackBelow: 2 }), /^input\.canary\.rollBackWhen\.feedbackBelow is 2/],
    [rule({ feedbackBelow: 0.5, afterRatings: 0 }), /^input\.canary\.rollBackWhen\.afterRatings is 0/],
  ])('that says %j', async (canary, message) => {
    expect(await faultsOf({ canary })).toEqual([expect.stringMatching(message)]);
  });

  it('beside an experiment', async () => {
    const faults = await faultsOf({ canary: CANARY, experiment: EXPERIMENT });
    expect(faults).toEqual(['input.experiment stands beside a canary; a route has one or the other']);
  });

  it('that leads back to its route', async () => {
    await setRoute(gateway(), { name: 'below' });
    await setRoute(gateway(), { name: 'tried', targets: [{ model: 'below' }] });
    expect(await faultsOf({ canary: { ...CANARY, model: 'tried' } }, 'below')).toEqual([
      'input.canary.model goes in a circle: below → tried → below',
    ]);
    expect(await faultsOf({ canary: { ...CANARY, model: 'below' } })).toEqual([]);
    expect(await faultsOf({ targets: [{ model: 'tried' }] }, 'below')).toEqual([
      expect.stringMatching(/circle: below → tried → below/),
    ]);
    // What it names is not deleted under it.
    expect((await deleteRoute(gateway(), 'below')).errors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringMatching(/"below" is named by "tried"/) },
    ]);
  });

  it('that residency leaves no model', async () => {
    const setRegions = async (regions: string[]) => {
      const { data } = await gateway().ask(
        'mutation ($regions: [String!]!) { organisationUpdate(input: { regions: $regions }) { errors { message } } }',
        { regions },
      );
      return data.organisationUpdate.errors;
    };
    await deleteRoute(gateway(), 'tried');
    await deleteRoute(gateway(), 'below');
    expect(await setRegions(['eu'])).toEqual([]);
    const faults = await faultsOf({ targets: [{ model: 'berlin/model' }], canary: CANARY });
    await setRegions([]);
    expect(faults).toEqual([
      expect.stringMatching(
        /^input\.canary\.model leads to no model in an allowed region: demo\/expensive has no region/,
      ),
    ]);
  });
});

const arms = (...all: object[]) => ({ ...EXPERIMENT, arms: all });
const [A, B] = EXPERIMENT.arms;

describe('an experiment is refused', () => {
  it.each<[object, RegExp]>([
    [{ ...EXPERIMENT, name: 'A B' }, /^input\.experiment\.name is "A B"; use up to 64 of a-z/],
    [arms(A!), /^input\.experiment\.arms holds 1; it must hold from 2 to 10/],
    [arms(A!, { ...B, name: 'a' }), /^input\.experiment\.arms\.1\.name repeats arms\.0, "a"/],
    [arms(A!, { ...B, name: '' }), /^input\.experiment\.arms\.1\.name is ""/],
    [
      arms(A!, { ...B, model: 'demo/none' }),
      /^input\.experiment\.arms\.1\.model is "demo\/none"; no configured/,
    ],
    [arms(A!, { ...B, weight: -1 }), /^input\.experiment\.arms\.1\.weight is -1; it must be from 0/],
    [
      arms({ ...A, weight: 0 }, { ...B, weight: 0 }),
      /^input\.experiment\.arms have weights that sum to zero/,
    ],
    [
      arms(A!, { ...B, weight: 0 }),
      /^input\.experiment\.arms leave only one with a share, so that nothing is compared/,
    ],
    [
      { ...EXPERIMENT, metric: 'what ever' },
      /^input\.experiment\.metric is "what ever"; a name begins with a-z/,
    ],
    [
      { ...EXPERIMENT, confidence: 1 },
      /^input\.experiment\.confidence is 1; it must be from 0\.51 to 0\.9999/,
    ],
    [{ ...EXPERIMENT, minRequests: 5 }, /^input\.experiment\.minRequests is 5; it must be from 10/],
  ])('that says %j', async (experiment, message) => {
    expect(await faultsOf({ experiment })).toEqual([expect.stringMatching(message)]);
  });
});

describe('what a route tries out', () => {
  it('is told by what it says, with its defaults', async () => {
    expect(await faultsOf({ experiment: EXPERIMENT }, 'compared')).toEqual([]);
    const { data } = await gateway().ask(`{
      route(name: "compared") {
        canary { model }
        experiment { name arms { name model weight } stickyBy metric goal confidence minRequests }
      }
    }`);
    expect(data.route).toEqual({
      canary: null,
      experiment: {
        name: 'models',
        arms: [
          { name: 'a', model: 'demo/echo', weight: 1 },
          { name: 'b', model: 'demo/expensive', weight: 1 },
        ],
        stickyBy: 'END_USER',
        metric: 'success',
        goal: 'MAXIMISE',
        confidence: 0.95,
        minRequests: 100,
      },
    });
  });

  it('is a part of what changes', async () => {
    const route = { name: 'diffed', canary: CANARY };
    expect(await faultsOf(route, 'diffed')).toEqual([]);
    const again = await applyRoutes(gateway(), { routes: [route], dryRun: true });
    expect(again.edits).toMatchObject([{ action: 'UNCHANGED' }]);
    const [first] = CANARY.steps;
    const other = { ...CANARY, steps: [{ ...first, percent: 20 }] };
    const { edits } = await applyRoutes(gateway(), { routes: [{ name: 'diffed', canary: other }] });
    expect(edits).toMatchObject([
      {
        action: 'CHANGED',
        changes: [
          {
            kind: 'SETTING_CHANGED',
            path: ['canary', 'steps', '0', 'percent'],
            before: 10,
            after: 20,
          },
        ],
      },
    ]);
    const longer = { ...CANARY, steps: [{ ...first, percent: 20 }, { percent: 50 }] };
    const added = await applyRoutes(gateway(), {
      routes: [{ name: 'diffed', canary: longer }],
      dryRun: true,
    });
    expect(added.edits?.[0]?.changes).toEqual([
      {
        kind: 'SETTING_CHANGED',
        path: ['canary', 'steps', '1'],
        before: null,
        after: { percent: 50, minutes: 0, requests: 0 },
      },
    ]);
    const ended = await applyRoutes(gateway(), { routes: [{ name: 'diffed' }], dryRun: true });
    expect(ended.edits?.[0]?.changes).toMatchObject([{ path: ['canary'], after: null }]);
  });
});
