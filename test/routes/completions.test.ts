import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { grant } from '../access-requests/support.ts';
import { makeKey } from '../access/support/keys.ts';
import { completionOf, create, say } from '../completion/support/completions.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import { setRoute, type RouteInput } from './support.ts';

const vendor = await startVendor('vendor');
afterAll(() => vendor.close());
const gateway = useGateway({ config: { providers: [vendor.config] } });

const DECISION =
  'name version strategy candidates { name path score { name value } skippedBecause } chosen { name }';
const ROUTED = `mutation ($input: CompletionInput!) {
  completionCreate(input: $input) {
    completion { text requestedModel model { name } route { ${DECISION} } attempts { model status } }
    errors { code message }
  }
}`;
const EXPLAIN = `query ($input: CompletionInput!) { explainRoute(input: $input) { ${DECISION} } }`;

let names = 0;
/** A route that nobody has asked for. */
async function route(input: Omit<RouteInput, 'name'>): Promise<string> {
  const name = `route-${(names += 1)}`;
  expect((await setRoute(gateway(), { name, ...input })).errors).toEqual([]);
  return name;
}

async function ask(model: string, more: object = {}, key?: string) {
  const input = { ...say(model, 'hi'), ...more };
  const { data } = await gateway().ask(ROUTED, { input }, key === undefined ? {} : { key });
  return data.completionCreate as {
    completion: { model: { name: string }; [field: string]: unknown } | null;
    errors: { code: string; message: string }[];
  };
}

async function explain(model: string, more: object = {}) {
  const { data } = await gateway().ask(EXPLAIN, { input: { ...say(model, 'hi'), ...more } });
  return data.explainRoute;
}

const answeredBy = async (...args: Parameters<typeof ask>) => (await ask(...args)).completion?.model.name;

describe('a completion that asks for a route', () => {
  it('is answered by the first of its models that can, and tells how that was decided', async () => {
    const name = await route({ targets: [{ model: 'demo/error', retries: 0 }, { model: 'demo/echo' }] });
    const { completion, errors } = await ask(name);
    expect(errors).toEqual([]);
    expect(completion).toEqual({
      text: 'hi',
      requestedModel: name,
      model: { name: 'demo/echo' },
      route: {
        name,
        version: 1,
        strategy: 'PRIORITY',
        candidates: ['demo/error', 'demo/echo'].map((model) => ({
          name: model,
          path: [name],
          score: expect.any(Array),
          skippedBecause: null,
        })),
        chosen: { name: 'demo/echo' },
      },
      attempts: [
        { model: 'demo/error', status: 'ERROR' },
        { model: 'demo/echo', status: 'OK' },
      ],
    });
  });

  it('goes through routes in routes', async () => {
    const inner = await route({ targets: [{ model: 'demo/echo' }] });
    const outer = await route({ targets: [{ model: inner }] });
    const { completion } = await ask(outer);
    expect(completion).toMatchObject({
      model: { name: 'demo/echo' },
      route: { name: outer, candidates: [{ name: 'demo/echo', path: [outer, inner] }] },
    });
  });

  it('keeps the version that it began with', async () => {
    const name = await route({ targets: [{ model: 'vendor/a' }] });
    const running = ask(name);
    const call = await vendor.nextCall();
    await setRoute(gateway(), { name, targets: [{ model: 'demo/echo' }] });
    expect((await ask(name)).completion).toMatchObject({
      route: { version: 2 },
      model: { name: 'demo/echo' },
    });
    call.say('late');
    call.finish();
    expect((await running).completion).toMatchObject({ text: 'late', route: { version: 1 } });
  });

  it('takes turns, and a dry run takes none', async () => {
    const name = await route({
      strategy: 'ROUND_ROBIN',
      targets: [{ model: 'demo/echo' }, { model: 'demo/assistant' }],
    });
    const first = await answeredBy(name);
    await explain(name);
    await explain(name);
    const second = await answeredBy(name);
    expect(new Set([first, second])).toEqual(new Set(['demo/assistant', 'demo/echo']));
    expect(await answeredBy(name)).toBe(first);
  });

  it('stays with one model for one end user', async () => {
    const name = await route({
      strategy: 'STICKY',
      targets: [{ model: 'demo/echo' }, { model: 'demo/assistant' }, { model: 'demo/reasoning' }],
    });
    const users = Array.from({ length: 8 }, (_, at) => `user ${at}`);
    const once = await Promise.all(users.map((endUserId) => answeredBy(name, { endUserId })));
    const again = await Promise.all(users.map((endUserId) => answeredBy(name, { endUserId })));
    expect(again).toEqual(once);
    expect(new Set(once).size).toBeGreaterThan(1);
  });

  it('goes where its tags say', async () => {
    const name = await route({
      targets: [
        { model: 'demo/expensive', condition: 'has(tags.tier) && tags.tier == "paid"' },
        { model: 'demo/echo' },
      ],
    });
    expect(await answeredBy(name)).toBe('demo/echo');
    expect(await answeredBy(name, { tags: [{ key: 'tier', value: 'paid' }] })).toBe('demo/expensive');
  });

  it('goes to the cheaper model once a budget is used', async () => {
    const { id, secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    await gateway().ask(
      'mutation ($id: ID!) { budgetSet(input: { subjectId: $id, unit: REQUESTS, limit: "4", window: TOTAL }) { errors { code } } }',
      { id },
    );
    const name = await route({
      targets: [{ model: 'demo/expensive', condition: 'budgetUsed < 0.5' }, { model: 'demo/echo' }],
    });
    const models = [];
    for (let times = 0; times < 4; times += 1) models.push(await answeredBy(name, {}, secret));
    expect(models).toEqual(['demo/expensive', 'demo/expensive', 'demo/echo', 'demo/echo']);
  });

  it('that no model can answer is refused with every reason, and nothing is held', async () => {
    const name = await route({
      targets: [
        { model: 'demo/echo', condition: 'team == "nobody"' },
        { model: 'demo/slow', condition: 'hour > 24' },
      ],
    });
    const { completion, errors } = await ask(name);
    expect(completion).toBeNull();
    expect(errors).toEqual([
      { code: 'MODEL_UNAVAILABLE', message: expect.stringMatching(/not team == "nobody"; not hour > 24/) },
    ]);
  });

  it('of which there is none is told so', async () => {
    expect((await ask('no-such-route')).errors).toMatchObject([{ code: 'MODEL_UNAVAILABLE' }]);
  });
});

describe('rights', () => {
  it('a key for some routes asks for these, and not for the models behind them', async () => {
    const name = await route({ targets: [{ model: 'demo/echo' }] });
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: [name] });
    expect(await answeredBy(name, {}, secret)).toBe('demo/echo');
    expect((await ask('demo/echo', {}, secret)).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    const other = await route({ targets: [{ model: 'demo/echo' }] });
    expect((await ask(other, {}, secret)).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  it('a model that takes an approval is not reached by a detour, but by whoever was granted it', async () => {
    await gateway().ask(
      'mutation { modelAccessSet(input: { name: "demo/reasoning", askFirst: true }) { errors { code } } }',
    );
    const name = await route({ targets: [{ model: 'demo/reasoning' }, { model: 'demo/echo' }] });
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const { completion } = await ask(name, {}, secret);
    expect(completion).toMatchObject({
      model: { name: 'demo/echo' },
      route: {
        candidates: expect.arrayContaining([
          expect.objectContaining({
            name: 'demo/reasoning',
            skippedBecause: 'demo/reasoning takes an approval',
          }),
        ]),
      },
    });
    await grant(gateway(), secret, { kind: 'MODEL', targetId: 'demo/reasoning' });
    expect(await answeredBy(name, {}, secret)).toBe('demo/reasoning');
  });

  it('budgets and limits hold for a route by its name', async () => {
    const name = await route({ targets: [{ model: 'demo/echo' }] });
    const { data } = await gateway().ask(
      `mutation ($id: ID!) {
        limitSet(input: { scope: ROUTE, subjectId: $id, unit: REQUESTS_PER_MINUTE, max: 2 }) { errors { message } }
        budgetSet(input: { scope: ROUTE, subjectId: $id, unit: REQUESTS, limit: "1", window: TOTAL }) { errors { message } }
      }`,
      { id: name },
    );
    expect(data).toEqual({ limitSet: { errors: [] }, budgetSet: { errors: [] } });
    expect((await ask(name)).errors).toEqual([]);
    expect((await ask(name)).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    await gateway().ask(
      'mutation ($id: ID!) { budgetSet(input: { scope: ROUTE, subjectId: $id, unit: REQUESTS, limit: "9", window: TOTAL }) { errors { message } } }',
      { id: name },
    );
    expect((await ask(name)).errors).toEqual([]);
    expect((await ask(name)).errors).toMatchObject([{ code: 'RATE_LIMITED' }]);
  });
});

describe('what is learned', () => {
  let name: string;
  beforeEach(async () => {
    name = await route({ targets: [{ model: 'vendor/sick' }, { model: 'demo/echo' }] });
  });

  it('thinks no worse of a model that refuses what nobody could answer', async () => {
    Object.assign(vendor, { refusal: 400, complaint: 'this makes no sense' });
    for (let times = 0; times < 8; times += 1) await ask('vendor/judged');
    Object.assign(vendor, { refusal: undefined });
    const { data } = await gateway().ask('{ model(name: "vendor/judged") { health { state errorRate } } }');
    expect(data.model.health).toEqual({ state: 'HEALTHY', errorRate: 0 });
  });

  it('keeps a model that fails again and again out of the way, and shows its health', async () => {
    Object.assign(vendor, { refusal: 500, complaint: 'oops' });
    for (let times = 0; times < 6; times += 1) expect(await answeredBy(name)).toBe('demo/echo');
    Object.assign(vendor, { refusal: undefined });
    const { completion } = await ask(name);
    expect(completion).toMatchObject({
      model: { name: 'demo/echo' },
      attempts: [{ model: 'demo/echo' }],
      route: {
        candidates: [
          { name: 'demo/echo' },
          { name: 'vendor/sick', skippedBecause: expect.stringMatching(/rests/) },
        ],
      },
    });
    const { data } = await gateway().ask(
      '{ sick: model(name: "vendor/sick") { health { state errorRate } } fine: model(name: "demo/echo") { health { state errorRate } } }',
    );
    expect(data).toEqual({
      sick: { health: { state: 'DOWN', errorRate: 1 } },
      fine: { health: { state: 'HEALTHY', errorRate: 0 } },
    });
  });
});

it('an estimate of a route is that of the model that would be asked first', async () => {
  const name = await route({ targets: [{ model: 'demo/expensive' }, { model: 'demo/echo' }] });
  const { data } = await gateway().ask(
    'query ($input: CompletionInput!) { estimate(input: $input) { model { name } allowed } }',
    { input: say(name, 'hi') },
  );
  expect(data.estimate).toEqual({ model: { name: 'demo/expensive' }, allowed: true });
});

it('a model that is asked for by its own name has no route', async () => {
  expect(completionOf(await create(gateway(), say('demo/echo', 'hi'))).status).toBe('SUCCEEDED');
  expect((await ask('demo/echo')).completion).toMatchObject({ route: null });
  expect(await explain('demo/echo')).toBeNull();
});
