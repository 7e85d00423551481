import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { create, say } from '../completion/support/completions.ts';
import { useGateway } from '../support/gateway.ts';
import { learnedOf, setRoute } from './support.ts';

const gateway = useGateway();
const LEARNED = `query ($name: String!) {
  route(name: $name) { learned { name pulls success feedback cost { amount } latencyMs } }
}`;
const RESET = `mutation ($name: String!) {
  routeResetLearned(name: $name) { route { id learned { name pulls } } errors { code path } }
}`;

let name: string;
let id: string;
let names = 0;
beforeEach(async () => {
  name = `learning-${(names += 1)}`;
  const targets = ['demo/expensive', 'demo/echo'].map((model) => ({ model }));
  id = (await setRoute(gateway(), { name, targets })).route?.id ?? '';
});

it('what a route has learned is seen by whoever may change it', async () => {
  await create(gateway(), say(name));
  const { data } = await gateway().ask(LEARNED, { name });
  const nothing = { pulls: 0, success: 0.5, feedback: null, cost: null, latencyMs: null };
  expect(data.route.learned).toEqual([
    {
      name: 'demo/expensive',
      pulls: 1,
      success: expect.closeTo(2 / 3, 2),
      feedback: null,
      cost: { amount: expect.stringMatching(/^0\.\d+$/) },
      latencyMs: expect.any(Number),
    },
    { name: 'demo/echo', ...nothing },
  ]);
  const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'USAGE_READ'] });
  const refused = await gateway().ask(LEARNED, { name }, { key: secret });
  expect(refused.errors).toMatchObject([{ message: expect.stringContaining('ROUTES_WRITE') }]);
});

it('a route forgets it when it is told to, and learns anew', async () => {
  await create(gateway(), say(name));
  const heard = Promise.withResolvers<void>();
  onTestFinished(
    gateway().gateway.relay.listen(({ subjectId, kind }) => {
      if (subjectId === id && kind === 'ROUTE_CHANGED') heard.resolve();
    }),
  );
  const { data } = await gateway().ask(RESET, { name });
  expect(data.routeResetLearned).toEqual({
    route: {
      id,
      learned: [
        { name: 'demo/expensive', pulls: 0 },
        { name: 'demo/echo', pulls: 0 },
      ],
    },
    errors: [],
  });
  await create(gateway(), say(name));
  // The instance hears of what it did itself, which undoes nothing.
  await heard.promise;
  expect(await learnedOf(gateway(), name)).toMatchObject([{ pulls: 1 }, { pulls: 0 }]);
});

it('the audit has what was forgotten', async () => {
  await create(gateway(), say(name));
  await gateway().ask(RESET, { name });
  const { data } = await gateway().ask(
    '{ auditEvents(first: 1) { nodes { action targetId before after } } }',
  );
  expect(data.auditEvents.nodes).toEqual([
    {
      action: 'route.reset-learned',
      targetId: id,
      before: {
        learned: [
          { target: 'demo/expensive', pulls: 1, success: expect.closeTo(2 / 3, 2) },
          { target: 'demo/echo', pulls: 0, success: 0.5 },
        ],
      },
      after: { learned: [] },
    },
  ]);
});

it('a route that there is none of has learned nothing', async () => {
  const { data } = await gateway().ask(RESET, { name: 'no-such-route' });
  expect(data.routeResetLearned).toEqual({ route: null, errors: [{ code: 'NOT_FOUND', path: ['name'] }] });
});
