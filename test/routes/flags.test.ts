import { afterAll, describe, expect, it } from 'vitest';
import { say as prompt } from '../completion/support/completions.ts';
import { useGateway, type TestGateway } from '../support/gateway.ts';
import { say, startFlagService, type FlagAnswer } from './support-flags.ts';
import { setRoute } from './support.ts';

const service = await startFlagService();
afterAll(() => service.close());
const ofrep = { url: service.url, headers: { 'x-api-key': 'hunter2' } };
const remote = useGateway({ config: { flags: { ofrep, timeoutMs: 1_500, cacheMs: 200 } } });
const fixed = useGateway({
  config: { flags: { static: { beta: true, 'new-model': false }, timeoutMs: 100, cacheMs: 100 } },
});
const none = useGateway();
const gone = useGateway({
  config: {
    flags: { ofrep: { url: 'http://127.0.0.1:1/', headers: {} }, timeoutMs: 1_500, cacheMs: 100 },
  },
});

let routes = 0;
async function routeFor(gateway: TestGateway, condition: string): Promise<string> {
  const name = `flagged-${(routes += 1)}`;
  const targets = [{ model: 'demo/assistant', condition }, { model: 'demo/echo' }];
  expect((await setRoute(gateway, { name, targets })).errors).toEqual([]);
  return name;
}

async function explain(gateway: TestGateway, route: string, more: object = {}) {
  const { data } = await gateway.ask(
    `query ($input: CompletionInput!) {
      explainRoute(input: $input) { candidates { name skippedBecause } chosen { name } }
    }`,
    { input: { ...prompt(route, 'hi'), ...more } },
  );
  const { candidates, chosen } = data.explainRoute as {
    candidates: { name: string; skippedBecause: string | null }[];
    chosen: { name: string };
  };
  return {
    chosen: chosen.name,
    why: candidates.find(({ skippedBecause }) => skippedBecause)?.skippedBecause,
  };
}

const complete = async (gateway: TestGateway, route: string, more: object = {}) => {
  const { data } = await gateway.ask(
    'query ($input: CompletionInput!) { complete(input: $input) { completion { model { name } } } }',
    { input: { ...prompt(route, 'hi'), ...more } },
  );
  return data.complete.completion.model.name as string;
};

let flags = 0;
function flagThatAnswers(answer?: FlagAnswer): string {
  const name = `flag-${(flags += 1)}`;
  if (answer !== undefined) service.answers.set(name, answer);
  return name;
}

describe('a flag of a flag service, in a condition', () => {
  it.each([
    ['flags["NAME"]', true, 'demo/assistant'],
    ['flags["NAME"]', false, 'demo/echo'],
    ['!flags["NAME"]', false, 'demo/assistant'],
    ['flags["NAME"] && team != ""', true, 'demo/assistant'],
  ])('%s is %s: %s answers', async (condition, value, model) => {
    const flag = flagThatAnswers(value);
    const route = await routeFor(remote(), condition.replace('NAME', flag));
    expect(await complete(remote(), route)).toBe(model);
    expect((await explain(remote(), route)).chosen).toBe(model);
  });

  it('is asked for with whoever asks, and with the headers of the configuration', async () => {
    const flag = flagThatAnswers(true);
    const route = await routeFor(remote(), `flags["${flag}"]`);
    await complete(remote(), route, { endUserId: 'anna', tags: [{ key: 'env', value: 'prod' }] });
    expect(service.asked(flag)).toEqual([
      {
        flag,
        context: {
          targetingKey: 'anna',
          organisation: 'org_default',
          team: 'team_default',
          tags: { env: 'prod' },
        },
        headers: expect.objectContaining({ 'x-api-key': 'hunter2' }),
      },
    ]);
    await complete(remote(), route);
    expect(service.asked(flag)[1]?.context['targetingKey']).toMatch(/^key_/);
  });

  it('is kept for a while for the same caller, and then asked for anew', async () => {
    const flag = flagThatAnswers(false);
    const route = await routeFor(remote(), `flags["${flag}"]`);
    await Promise.all(Array.from({ length: 5 }, () => explain(remote(), route)));
    const asked = service.asked(flag).length;
    expect(asked).toBeLessThan(5);
    service.answers.set(flag, true);
    await expect.poll(async () => (await explain(remote(), route)).chosen).toBe('demo/assistant');
  });

  it('is found in routes that stand in a route, and asked for by no other', async () => {
    const flag = flagThatAnswers(true);
    const inner = await routeFor(remote(), `flags["${flag}"]`);
    await complete(remote(), await routeFor(remote(), 'team == "nobody"'));
    await complete(remote(), 'demo/echo');
    expect(service.asked(flag)).toEqual([]);
    const outer = `outer-${flag}`;
    await setRoute(remote(), { name: outer, targets: [{ model: inner }] });
    expect(await complete(remote(), outer)).toBe('demo/assistant');
  });

  const wrong = 'the flag service could not tell it';
  it.each<[string, FlagAnswer | undefined, string]>([
    ['does not know it', undefined, 'there is no such flag'],
    ['says nothing in time', () => {}, 'the flag service said nothing within 1500 ms'],
    ['fails', (response) => say(response, 500, { key: 'x', errorCode: 'GENERAL' }), wrong],
    ['fails without words', (response) => say(response, 503, ''), wrong],
    ['wants another key', (response) => say(response, 401, {}), wrong],
    ['answers no JSON', (response) => say(response, 200, '<html>', 'text/html'), wrong],
    ['answers something else', (response) => say(response, 200, [1]), wrong],
    [
      'has a text where a flag is',
      (response) => say(response, 200, { key: 'x', value: 'true' }),
      'it is neither true nor false',
    ],
    ['hangs up', (response) => response.destroy(), wrong],
    [
      'says too much',
      (response) => say(response, 200, { key: 'x', value: true, more: 'x'.repeat(100_000) }),
      wrong,
    ],
    [
      'sends it elsewhere',
      (response) => response.writeHead(307, { location: `${service.url}/ofrep/v1/evaluate/flags/x` }).end(),
      wrong,
    ],
  ])('is false where the service %s, and the decision says so', async (_, answer, why) => {
    const flag = flagThatAnswers(answer);
    const route = await routeFor(remote(), `flags["${flag}"]`);
    const told = `not flags["${flag}"]; the flag "${flag}" counts as false: ${why}`;
    expect(await explain(remote(), route)).toEqual({ chosen: 'demo/echo', why: told });
    expect(await complete(remote(), route)).toBe('demo/echo');
  });

  it('is false where there is no service', async () => {
    const route = await routeFor(gone(), 'flags.beta');
    const why = 'not flags.beta; the flag "beta" counts as false: the flag service could not tell it';
    expect(await explain(gone(), route)).toEqual({ chosen: 'demo/echo', why });
    expect(await complete(gone(), route)).toBe('demo/echo');
  });
});

describe('a flag of the configuration', () => {
  it('is what the configuration says, each gateway having its own', async () => {
    expect(await complete(fixed(), await routeFor(fixed(), 'flags.beta && !flags["new-model"]'))).toBe(
      'demo/assistant',
    );
    expect(await complete(none(), await routeFor(none(), 'flags.beta'))).toBe('demo/echo');
  });

  it('is false where it is not there', async () => {
    const why = 'not flags.gamma; the flag "gamma" counts as false: there is no such flag';
    for (const gateway of [fixed(), none()])
      expect(await explain(gateway, await routeFor(gateway, 'flags.gamma'))).toEqual({
        chosen: 'demo/echo',
        why,
      });
  });
});
