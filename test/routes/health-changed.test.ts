import { afterAll, expect, it } from 'vitest';
import { create, say } from '../completion/support/completions.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import { restShortly } from './support.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const gateway = useGateway({ config: { providers: [vendor.config] } });

interface Told {
  model: { name: string };
  state: string;
  errorRate: number;
}

function watch(models?: string[], providers?: string[]) {
  const query = `subscription ($models: [String!], $providers: [String!]) {
    healthChanged(models: $models, providers: $providers) { model { name } state errorRate }
  }`;
  const variables = { models, providers };
  const told = gateway().socket().iterate<{ healthChanged: Told }>({ query, variables });
  return async (): Promise<Told | undefined> => (await told.next()).value?.data?.healthChanged;
}

/** A subscription tells nobody when it is open, so a model rests again and again until it is told of one. */
async function opened(next: () => Promise<Told | undefined>, model: string): Promise<void> {
  let isOpen = false;
  const first = untilState(next, model, 'DEGRADED').then(() => (isOpen = true));
  while (!isOpen) await restShortly(gateway(), model);
  await first;
}

async function untilState(next: () => Promise<Told | undefined>, model: string, state: string) {
  for (;;) {
    const told = await next();
    if (!told || (told.model.name === model && told.state === state)) return told;
  }
}

it('a model that fails again and again is told as it goes down', async () => {
  const next = watch();
  await opened(next, 'demo/slow');
  Object.assign(vendor, { refusal: 500, complaint: 'oops' });
  const down = untilState(next, 'vendor/model', 'DOWN');
  for (let times = 0; times < 5; times += 1) await create(gateway(), say('vendor/model'));
  expect(await down).toEqual({ model: { name: 'vendor/model' }, state: 'DOWN', errorRate: 1 });
});

it('a rest that is over is told too, though nothing is called', async () => {
  const next = watch(['demo/reasoning']);
  await opened(next, 'demo/reasoning');
  expect(await untilState(next, 'demo/reasoning', 'HEALTHY')).toMatchObject({ state: 'HEALTHY' });
});

it('the same state is told once, and of other models nothing is', async () => {
  const next = watch(['demo/echo', 'demo/assistant']);
  await opened(next, 'demo/assistant');
  for (let times = 0; times < 3; times += 1) await create(gateway(), say('demo/echo'));
  await restShortly(gateway(), 'demo/slow');
  const told: string[] = [];
  const listen = async () => {
    while (told.at(-1) !== 'demo/echo DEGRADED') {
      const { model, state } = (await next()) ?? { model: { name: 'nothing' }, state: 'any more' };
      if (model.name !== 'demo/assistant') told.push(`${model.name} ${state}`);
    }
  };
  let isOver = false;
  const listening = listen().then(() => (isOver = true));
  while (!isOver) await restShortly(gateway(), 'demo/echo');
  await listening;
  expect(told).toEqual(['demo/echo HEALTHY', 'demo/echo DEGRADED']);
});

it('the models of a provider are told together, and it is as well as the worst of them', async () => {
  const next = watch([], ['demo']);
  await opened(next, 'demo/slow');
  Object.assign(vendor, { refusal: 500, complaint: 'oops' });
  await create(gateway(), say('vendor/unwatched'));
  await create(gateway(), say('demo/echo', 'hi'));
  await expect(opened(next, 'demo/reasoning')).resolves.toBeUndefined();

  const readHealth = async () => {
    const { data } = await gateway().ask(
      '{ providers { name health { state errorRate inFlight restingMs p50FirstTokenMs } } }',
    );
    return data.providers.find(({ name }: { name: string }) => name === 'vendor').health;
  };
  gateway().gateway.measures.health.begin('vendor/slow');
  for (let times = 0; times < 5; times += 1) await create(gateway(), say('vendor/worst'));
  expect(await readHealth()).toMatchObject({ state: 'DOWN', errorRate: 1, inFlight: 1 });
  expect((await readHealth()).restingMs).toBeGreaterThan(0);
});
