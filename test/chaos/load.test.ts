import { afterAll, afterEach, expect, it } from 'vitest';
import type { CompletionData } from '../completion/support/completions.ts';
import { setRoute } from '../routes/support.ts';
import { useGateway } from '../support/gateway.ts';
import { ask, type Told } from './support/asking.ts';
import { expectTruth } from './support/judge.ts';
import { ANSWER, INPUT, startTruthfulVendor, WORDS } from './support/truthful-vendor.ts';

const start = (name: string) => startTruthfulVendor(name);
const [red, green, blue, stormy] = await Promise.all([
  start('red'),
  start('green'),
  start('blue'),
  start('stormy'),
]);
const VENDORS = [red, green, blue, stormy];
const gateway = useGateway({ config: { providers: VENDORS.map(({ config }) => config) } });
afterEach(() => VENDORS.forEach((vendor) => (vendor.manner = {})));
afterAll(() => Promise.all(VENDORS.map((vendor) => vendor.close())));

const targetsOf = (...vendors: typeof VENDORS) =>
  vendors.map(({ config }) => ({ model: `${config.name}/model` }));

/** As many streams as answers that come whole. */
function askMany(route: string, count: number): Promise<Told>[] {
  return Array.from({ length: count }, (_, at) =>
    ask(gateway(), at % 2 === 0 ? 'streaming' : 'whole', route),
  );
}

function expectWhole({ completion, errors, heard }: Told): void {
  expect(errors).toEqual([]);
  expect(completion).toMatchObject({ status: 'SUCCEEDED', text: ANSWER, finishReason: 'STOP' });
  expect(heard).toBe(ANSWER);
}

it('one of three vendors dies under load: no request is lost, and nothing is booked twice', async () => {
  const targets = targetsOf(red, green, blue);
  await setRoute(gateway(), { name: 'three', strategy: 'ROUND_ROBIN', targets, onCut: 'RESTART' });
  // Half of those of one vendor have heard three words, and the others nothing yet, when it dies.
  let calls = 0;
  const died = Promise.withResolvers<void>();
  green.manner = {
    pace(word) {
      if (word === 0) calls += 1;
      return (word === 0 && calls % 2 === 0) || word === 3 ? died.promise : Promise.resolve();
    },
  };
  const begun = askMany('three', 60);
  await expect.poll(() => green.log.filter(({ said }) => said === 3).length).toBeGreaterThanOrEqual(8);
  const { health } = gateway().gateway.measures;
  await expect.poll(() => [health.inFlight('red/model'), health.inFlight('blue/model')]).toEqual([0, 0]);
  await green.line.kill();
  await expect.poll(() => green.log.filter(({ end }) => end === 'RUNNING')).toEqual([]);
  died.resolve();
  // Connections are refused from now on.
  const later = askMany('three', 24);
  const answers = await Promise.all([...begun, ...later]);

  answers.forEach(expectWhole);
  const restarted = answers.filter(({ completion }) => completion.attempts.length > 1);
  expect(restarted.length).toBeGreaterThanOrEqual(16);
  // Clients whose stream had not begun have noticed nothing at all.
  const resets = answers.filter(({ events }) =>
    events.some(({ __typename }) => __typename === 'CompletionReset'),
  );
  expect(resets.length).toBeLessThan(restarted.length);
  for (const { completion, asked } of answers)
    await expectTruth(gateway(), completion, VENDORS, asked, undefined);
});

it('a vendor that dies before it has said a word is not noticed by anybody, but for the time', async () => {
  const targets = targetsOf(red, blue);
  await setRoute(gateway(), { name: 'two', strategy: 'LEAST_BUSY', targets });
  blue.line.fault = { resetAfter: 1 };
  const answers = await Promise.all(askMany('two', 30));
  blue.line.fault = {};
  answers.forEach(expectWhole);
  expect(answers.flatMap(({ events }) => events.map(({ __typename }) => __typename))).not.toContain(
    'CompletionReset',
  );
  for (const { completion, asked } of answers)
    await expectTruth(gateway(), completion, [red], asked, undefined);
});

it('2: three in ten calls fail: there are at most 1.2 attempts for each request, and most succeed', async () => {
  const targets = [{ model: 'stormy/model', retries: 3 }];
  await setRoute(gateway(), { name: 'storm', targets });
  const faults = [500, 503, 'TEAR'] as const;
  stormy.manner = { refuse: (call) => faults[call % 10], words: WORDS.slice(0, 2) };
  const requests = 100;
  const answers: CompletionData[] = [];
  for (let asked = 0; asked < requests; asked += 50)
    answers.push(...(await Promise.all(askMany('storm', 50))).map(({ completion }) => completion));
  expect(stormy.log.length).toBeGreaterThan(requests);
  expect(stormy.log.length / requests).toBeLessThanOrEqual(1.2);
  const succeeded = answers.filter(({ status }) => status === 'SUCCEEDED');
  expect(succeeded.length).toBeGreaterThan(requests * 0.75);
  // Each call is one attempt, and those that were refused cost nothing.
  expect(answers.flatMap(({ attempts }) => attempts)).toHaveLength(stormy.log.length);
  for (const { usage } of succeeded) expect(usage).toMatchObject({ input: INPUT, output: 2 });
});
