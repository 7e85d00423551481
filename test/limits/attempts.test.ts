import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { HASHING_SECRET } from '../access/support/organisation.ts';
import { answersAfter } from '../completion/support/courses.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import { useLimitedTenant } from './support/limits.ts';

const [first, second] = [await startVendor('first'), await startVendor('second')];
afterAll(() => Promise.all([first.close(), second.close()]));
afterEach(() => Object.assign(first, { refusal: undefined }));
const gateway = useGateway({
  config: { providers: [first.config, second.config] },
  variables: { SLUICE_SECRET: HASHING_SECRET },
});
const tenant = useLimitedTenant(gateway);

async function setRoute(more: object = {}, models = ['first/model', 'second/model']): Promise<void> {
  const targets = models.map((model) => ({ model, retries: 0 }));
  const { data } = await tenant().ask(
    'mutation ($input: RouteSetInput!) { routeSet(input: $input) { errors { message } } }',
    { input: { name: 'both', strategy: 'PRIORITY', targets, ...more } },
  );
  expect(data.routeSet.errors).toEqual([]);
}

const limitOn = (scope: string, subjectId: string, unit: string, max: number) =>
  tenant().set({ scope, subjectId, unit, max });
const ask = () => tenant().complete({ model: 'both' });
const remaining = async ({ id }: { id: string }) => (await tenant().read(id)).remaining;

async function answerSecond(): Promise<void> {
  const call = await second.nextCall();
  call.say('Here you are');
  call.finish();
}

describe('a completion that takes two calls', () => {
  it('is one request of whoever asks, and one call of each model', async () => {
    await setRoute();
    const { organisationId, teamId, admin } = tenant();
    const requests = 'REQUESTS_PER_MINUTE';
    const callers = [
      await limitOn('ORGANISATION', organisationId, requests, 5),
      await limitOn('TEAM', teamId, requests, 5),
      await limitOn('KEY', admin.id, requests, 1),
      await limitOn('ROUTE', 'both', requests, 5),
    ];
    const called = [
      await limitOn('MODEL', 'first/model', requests, 5),
      await limitOn('PROVIDER', 'second', requests, 5),
    ];
    first.refusal = 500;
    const answering = answerSecond();
    expect((await ask()).completion).toMatchObject({ status: 'SUCCEEDED', model: { name: 'second/model' } });
    await answering;
    expect(await Promise.all(callers.map(remaining))).toEqual([4, 4, 0, 4]);
    expect(await Promise.all(called.map(remaining))).toEqual([4, 4]);
  });

  it('uses the tokens of both', async () => {
    await setRoute({ onCut: 'RESTART' });
    const tokens = await limitOn('KEY', tenant().admin.id, 'TOKENS_PER_MINUTE', 100_000);
    const asked = ask();
    const call = await first.nextCall();
    call.say('Here you');
    await new Promise((resolve) => setTimeout(resolve, 50));
    call.breakOff();
    await answerSecond();
    const { completion } = await asked;
    expect(completion!.usage.total).toBeGreaterThan(30);
    expect(await remaining(tokens)).toBe(100_000 - completion!.usage.total);
  });

  it('keeps its place with whoever asks, and has one with the model that is called', async () => {
    await setRoute();
    const { teamId } = tenant();
    const team = await limitOn('TEAM', teamId, 'CONCURRENT', 1);
    const models = [
      await limitOn('MODEL', 'first/model', 'CONCURRENT', 1),
      await limitOn('MODEL', 'second/model', 'CONCURRENT', 1),
    ];
    first.refusal = 500;
    const asked = ask();
    const call = await second.nextCall();
    expect(await remaining(team)).toBe(0);
    expect(await Promise.all(models.map(remaining))).toEqual([1, 0]);
    expect((await ask()).errors).toMatchObject([{ code: 'RATE_LIMITED', scope: 'TEAM' }]);
    call.say('Here you are');
    call.finish();
    expect((await asked).completion!.status).toBe('SUCCEEDED');
    expect(await Promise.all([team, ...models].map(remaining))).toEqual([1, 1, 1]);
  });

  it('beside each other is one for whoever asks, and one for each model', async () => {
    answersAfter(gateway(), 'first/model', 30);
    await setRoute({ hedgePercentile: 50 });
    const key = tenant().admin.id;
    const callers = [
      await limitOn('KEY', key, 'CONCURRENT', 1),
      await limitOn('KEY', key, 'REQUESTS_PER_MINUTE', 1),
    ];
    const models = [
      await limitOn('MODEL', 'first/model', 'CONCURRENT', 1),
      await limitOn('MODEL', 'second/model', 'CONCURRENT', 1),
    ];
    const asked = ask();
    const slow = await first.nextCall();
    const fast = await second.nextCall();
    expect(await Promise.all([...callers, ...models].map(remaining))).toEqual([0, 0, 0, 0]);
    fast.say('Here you are');
    fast.finish();
    await slow.closed;
    expect((await asked).completion).toMatchObject({ model: { name: 'second/model' } });
    expect(await Promise.all([...callers, ...models].map(remaining))).toEqual([1, 0, 1, 1]);
  });

  it('gives nothing back of the request where the second call is refused', async () => {
    await setRoute();
    const requests = await limitOn('KEY', tenant().admin.id, 'REQUESTS_PER_MINUTE', 5);
    const places = await limitOn('KEY', tenant().admin.id, 'CONCURRENT', 5);
    await limitOn('MODEL', 'second/model', 'TOKENS_PER_MINUTE', 1);
    first.refusal = 500;
    expect((await ask()).completion).toMatchObject({ status: 'FAILED', model: { name: 'first/model' } });
    expect(await remaining(requests)).toBe(4);
    expect(await remaining(places)).toBe(5);
  });
});
