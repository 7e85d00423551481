import { afterAll, beforeEach } from 'vitest';
import type { CompletionData } from '../../completion/support/completions.ts';
import { useGateway, type TestGateway } from '../../support/gateway.ts';
import {
  armOf,
  askAs,
  setTrial,
  startAnswering,
  trialOf,
  users,
  type Answering,
  type ArmData,
  type TrialData,
} from './trials.ts';

/** Of one test: its route goes to `old`, and its canary to `fresh`, or whatever the test says. */
export interface Canaries {
  gateway(): TestGateway;
  fresh: Answering;
  /** A hundred times as dear as the others. */
  dear: Answering;
  name(): string;
  /** What the route takes without its canary. */
  target(): { model: string; retries: number };
  /** What a canary says, with a model that nothing is known of. */
  settings(more?: object): object;
  /** Sets the route with a canary. */
  set(more?: object, ofRoute?: object): Promise<void>;
  ask(endUserId?: string): Promise<CompletionData>;
  trial(): Promise<TrialData>;
  state(): Promise<string>;
  arm(of: string): Promise<ArmData>;
  /** Asks until both arms have been given so many requests. */
  askUntilCounted(requests: number): Promise<void>;
}

/** A gateway with vendors that answer, for the canaries of a file of tests. */
export async function useCanaries(): Promise<Canaries> {
  const [old, fresh, dear] = [
    await startAnswering('old'),
    await startAnswering('fresh'),
    await startAnswering('dear', '100'),
  ];
  const vendors = [old, fresh, dear];
  const gateway = useGateway({ config: { providers: vendors.map(({ config }) => config) } });
  let names = 0;
  let target: { model: string; retries: number };
  const name = () => `canary-${names}`;
  beforeEach(() => {
    names += 1;
    target = { model: old.nextModel(), retries: 0 };
    for (const vendor of vendors) Object.assign(vendor, { afterMs: 0, refusal: undefined, calls: 0 });
  });
  afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));
  const trial = () => trialOf(gateway(), name());
  const ask = (endUserId?: string) => askAs(gateway(), name(), endUserId);
  const settings = (more: object = {}) => ({
    model: fresh.nextModel(),
    steps: [{ percent: 50, minutes: 60 }],
    rollBackWhen: { afterRequests: 5, errorRateAbove: 0.2 },
    ...more,
  });
  return {
    gateway,
    fresh,
    dear,
    name,
    target: () => target,
    settings,
    set: (more, ofRoute = {}) =>
      setTrial(gateway(), { name: name(), targets: [target], canary: settings(more), ...ofRoute }),
    ask,
    trial,
    state: async () => (await trial()).state,
    arm: (of) => armOf(gateway(), name(), of),
    async askUntilCounted(requests) {
      const enough = async () => (await trial()).arms.every((each) => each.requests >= requests);
      for (let asked = 0; asked < 200 && !(await enough()); asked += 5)
        await Promise.all(users(5).map(() => ask()));
    },
  };
}
