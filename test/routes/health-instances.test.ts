import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { completionOf, create, say, STREAM } from '../completion/support/completions.ts';
import { createPlace, type Place } from '../completion/support/process.ts';
import { subscribe, typeOf } from '../completion/support/streams.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { NO_REDIS, startOwnRedis, type OwnRedis } from '../limits/support/own-redis.ts';
import type { TestGateway } from '../support/gateway.ts';
import { NO_SERVER } from '../support/two-instances.ts';
import { setRoute, versionOf } from './support.ts';

interface HealthData {
  state: string;
  errorRate: number;
  inFlight: number;
  restingMs: number;
}

const HEALTH = '{ state errorRate inFlight restingMs }';

async function healthOf(on: TestGateway, model: string): Promise<HealthData> {
  const { data } = await on.ask(`query ($id: ID!) { node(id: $id) { ... on Model { health ${HEALTH} } } }`, {
    id: await idOf(on, model),
  });
  return data.node.health;
}

async function idOf(on: TestGateway, model: string): Promise<string> {
  const { data } = await on.ask('{ models(first: 100) { nodes { id name } } }');
  return data.models.nodes.find(({ name }: { name: string }) => name === model).id;
}

async function providerHealth(on: TestGateway, name: string): Promise<HealthData> {
  const { data } = await on.ask(`{ providers { name health ${HEALTH} } }`);
  return data.providers.find((each: { name: string }) => each.name === name).health;
}

async function healthChanges(on: TestGateway, variables: { models?: string[]; providers?: string[] }) {
  const query = `subscription ($models: [String!], $providers: [String!]) {
    healthChanged(models: $models, providers: $providers) { model { name } state }
  }`;
  const told: string[] = [];
  const reading = on.socket().iterate<{ healthChanged: { model: { name: string }; state: string } }>({
    query,
    variables,
  });
  void (async () => {
    for await (const { data } of reading)
      if (data) told.push(`${data.healthChanged.model.name} ${data.healthChanged.state}`);
  })();
  return told;
}

const WAYS = ['PostgreSQL', 'Redis'] as const;

describe.skipIf(NO_SERVER).each(WAYS)('two instances that share health over %s', (way) => {
  const isSkipped = way === 'Redis' && NO_REDIS !== undefined;
  let place: Place;
  let redis: OwnRedis | undefined;
  let [one, two]: TestGateway[] = [];
  let vendor: Awaited<ReturnType<typeof startVendor>>;

  beforeAll(async () => {
    if (isSkipped) return;
    redis = way === 'Redis' ? await startOwnRedis() : undefined;
    vendor = await startVendor();
    place = await createPlace();
    const providers = [vendor.config, { ...vendor.config, name: 'deployment' }];
    const boot = () => place.boot({ providers, redisUrl: redis?.url });
    one = await boot();
    two = await boot();
  });
  beforeEach(({ skip }) => skip(isSkipped, NO_REDIS));
  afterAll(async () => {
    await Promise.all([one?.stop(0), two?.stop(0)]);
    await place?.[Symbol.asyncDispose]();
    await Promise.all([vendor?.close(), redis?.[Symbol.asyncDispose]()]);
  });

  const fail = async (on: TestGateway, model: string, times = 5) => {
    Object.assign(vendor, { refusal: 500, complaint: 'oops' });
    for (let call = 0; call < times; call += 1) await create(on, say(model));
    vendor.refusal = undefined;
  };
  const answer = async () => {
    const call = await vendor.nextCall();
    call.say('Hello');
    call.finish();
  };

  it('leave a model alone together once it has failed one of them, and come back together', async () => {
    const told = await healthChanges(two!, { providers: ['vendor'] });
    const targets = [{ model: 'vendor/model' }, { model: 'demo/echo' }];
    const { errors, route } = await setRoute(two!, { name: 'shared', targets });
    expect(errors).toEqual([]);
    await expect.poll(() => versionOf(one!, 'shared')).toBe(route!.version);
    await fail(one!, 'vendor/model');
    await expect.poll(async () => (await healthOf(two!, 'vendor/model')).state).toBe('DOWN');
    expect(await providerHealth(two!, 'vendor')).toMatchObject({ state: 'DOWN', errorRate: 1 });
    const before = vendor.calls;
    expect(completionOf(await create(two!, say('shared'))).model.name).toBe('demo/echo');
    expect(vendor.calls).toBe(before);
    await expect.poll(() => told).toContain('vendor/model DOWN');

    // Its rest is over: a caller of the other instance tries it, and it is open to both.
    await expect.poll(async () => (await healthOf(two!, 'vendor/model')).restingMs).toBe(0);
    const answering = answer();
    expect(completionOf(await create(two!, say('shared'))).model.name).toBe('vendor/model');
    await answering;
    await expect.poll(async () => (await healthOf(one!, 'vendor/model')).state).not.toBe('DOWN');
    const again = answer();
    expect(completionOf(await create(one!, say('shared'))).model.name).toBe('vendor/model');
    await again;
  });

  it('rest together when a vendor asks one of them to wait; another deployment goes on', async () => {
    Object.assign(vendor, { refusal: 429, headers: { 'retry-after': '60' } });
    await create(one!, say('deployment/model'));
    Object.assign(vendor, { refusal: undefined, headers: {} });
    await expect
      .poll(async () => (await providerHealth(two!, 'deployment')).restingMs)
      .toBeGreaterThan(50_000);
    expect((await providerHealth(two!, 'vendor')).restingMs).toBeLessThan(10_000);
  });

  // It takes its time, and how it was heard of makes no difference.
  it.skipIf(way === 'Redis')('forget what a killed one had under way', async () => {
    const child = await place.spawn({});
    const variables = { input: say('demo/slow'), coalesceMs: 0 };
    const stream = await subscribe('SSE', child, { query: STREAM, variables });
    while (typeOf(await stream.next()) !== 'CompletionTextDelta');
    await expect.poll(async () => (await healthOf(one!, 'demo/slow')).inFlight).toBe(1);
    child.kill('SIGKILL');
    await child.ended;
    await expect.poll(async () => (await healthOf(one!, 'demo/slow')).inFlight).toBe(0);
  });

  it('go on each for itself while nothing is passed on, and find each other again', async () => {
    const cut = async () => {
      if (redis) return redis.kill();
      await one!.gateway.database.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE 'LISTEN%' AND datname = current_database()`;
    };
    await cut();
    await fail(one!, 'vendor/lonely');
    expect(one!.gateway.measures.health.view('vendor/lonely').state).toBe('DOWN');
    expect(completionOf(await create(two!, say('demo/echo'))).status).toBe('SUCCEEDED');
    await redis?.start();
    const seen = async () => {
      const model = `vendor/again-${Math.random()}`;
      await fail(one!, model);
      const { health } = two!.gateway.measures;
      await expect.poll(() => health.view(model).state, { timeout: 1_000 }).toBe('DOWN');
      return true;
    };
    await expect.poll(() => seen().catch(() => false), { interval: 200 }).toBe(true);
  });
});
