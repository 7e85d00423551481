import { describe, expect, it } from 'vitest';
import type { Trial, TrialSpec } from '../../src/domain/trial.ts';
import { chooseArm } from '../../src/trials/arms.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { users } from './support/trials.ts';

const AT = new Date('2026-03-01T14:30:00Z');

function trialOf(spec: TrialSpec, more: Partial<Trial> = {}): Trial {
  return {
    id: 'trial_1',
    organisationId: 'org_1',
    subjectId: 'route_1',
    subjectName: 'chat',
    spec,
    state: 'RUNNING',
    step: 0,
    stepStartedAt: AT,
    startedAt: AT,
    endedAt: undefined,
    verdict: undefined,
    ...more,
  };
}

const canary = (...percents: number[]): TrialSpec => ({
  kind: 'CANARY',
  canary: {
    model: 'new/x',
    steps: percents.map((percent) => ({ percent, minutes: 0, requests: 0 })),
    rollBackWhen: { afterRequests: 10, errorRateAbove: 0.1, afterRatings: 10 },
    stickyBy: 'END_USER',
  },
});
const experiment = (...weights: number[]): TrialSpec => ({
  kind: 'EXPERIMENT',
  experiment: {
    name: 'models',
    arms: weights.map((weight, index) => ({ name: `arm-${index}`, model: `m/${index}`, weight })),
    stickyBy: 'END_USER',
    metric: 'success',
    goal: 'MAXIMISE',
    confidence: 0.95,
    minRequests: 100,
  },
});

const everybody = users(2_000);
function never(): never {
  throw new Error('drawn');
}
const inArm = (trial: Trial, name: string) =>
  new Set(everybody.filter((user) => chooseArm(trial, user, never).name === name));

describe('the arm of a request', () => {
  it('is the same each time for the same key, and as often as its share says', () => {
    const trial = trialOf(experiment(1, 3, 0));
    const arms = everybody.map((user) => chooseArm(trial, user, never).name);
    expect(everybody.map((user) => chooseArm(trial, user, never).name)).toEqual(arms);
    expect(inArm(trial, 'arm-0').size / everybody.length).toBeCloseTo(0.25, 1);
    expect(inArm(trial, 'arm-2').size).toBe(0);
  });

  it('is another one in another trial', () => {
    const [one, other] = [trialOf(canary(50)), trialOf(canary(50), { id: 'trial_2' })];
    const both = inArm(one, 'canary').intersection(inArm(other, 'canary')).size;
    expect(both / everybody.length).toBeCloseTo(0.25, 1);
  });

  it('stays the canary for whoever is in it while that grows', () => {
    const steps = [0, 1, 2].map((step) => inArm(trialOf(canary(5, 30, 100), { step }), 'canary'));
    expect(steps.map(({ size }) => size / everybody.length)).toEqual([
      expect.closeTo(0.05, 1),
      expect.closeTo(0.3, 1),
      1,
    ]);
    expect(steps[0]!.isSubsetOf(steps[1]!)).toBe(true);
  });

  it('is drawn where nothing stays with one', () => {
    const trial = trialOf(canary(20));
    const random = createSeededRandom(7);
    const drawn = everybody.map(() => chooseArm(trial, undefined, random).name);
    expect(drawn.filter((name) => name === 'canary').length / drawn.length).toBeCloseTo(0.2, 1);
  });

  it.each([
    ['PROMOTED', 'canary'],
    ['ROLLED_BACK', 'baseline'],
  ] as const)('of a canary that is %s is always %s', (state, name) => {
    expect(inArm(trialOf(canary(50), { state }), name).size).toBe(everybody.length);
  });
});
