import { describe, expect, it } from 'vitest';
import { addOrganisation, HASHING_SECRET } from '../access/support/organisation.ts';
import { makeKey } from '../access/support/keys.ts';
import { say } from '../completion/support/completions.ts';
import { setRoute } from '../routes/support.ts';
import { useGateway } from '../support/gateway.ts';
import { dayOf, inDays, MODEL, setLifecycle, type LifecycleInput } from './support.ts';

const SUNSET = new Date(Date.now() + 40 * 86_400_000);
const gateway = useGateway({
  variables: { SLUICE_SECRET: HASHING_SECRET },
  config: {
    models: {
      aliases: {},
      lifecycles: {
        'demo/unpriced': {
          deprecatedAt: undefined,
          sunsetAt: SUNSET,
          replacement: 'demo/echo',
          afterSunset: 'PASS',
        },
      },
      warnDays: [30],
    },
  },
});

async function ask(model: string, key?: string) {
  const { data, extensions } = await gateway().ask(
    `mutation ($input: CompletionInput!) {
      completionCreate(input: $input) {
        completion { model { name } warnings route { candidates { name skippedBecause } } }
        errors { code message }
      }
    }`,
    { input: say(model, 'hi') },
    key === undefined ? {} : { key },
  );
  return { ...data.completionCreate, told: extensions?.['warnings'] };
}

/** While a test runs; what the others see is as it was. */
async function withLifecycle<T>(
  model: string,
  lifecycle: LifecycleInput,
  work: () => Promise<T>,
): Promise<T> {
  expect((await setLifecycle(gateway(), model, lifecycle)).errors).toEqual([]);
  try {
    return await work();
  } finally {
    await setLifecycle(gateway(), model);
  }
}

describe('a model that is deprecated', () => {
  it('answers with a warning, in the answer and on the completion', async () => {
    const sunsetAt = inDays(20);
    const lifecycle = { deprecatedAt: inDays(-1), sunsetAt, replacement: 'demo/assistant' };
    const message = `demo/echo is deprecated; ends on ${dayOf(sunsetAt)}; demo/assistant takes its place`;
    await withLifecycle('demo/echo', lifecycle, async () => {
      expect(await ask('demo/echo')).toEqual({
        completion: { model: { name: 'demo/echo' }, warnings: [message], route: null },
        errors: [],
        told: [
          { message, code: 'MODEL_DEPRECATED', model: 'demo/echo', sunsetAt, replacement: 'demo/assistant' },
        ],
      });
    });
    expect(await ask('demo/echo')).toMatchObject({ completion: { warnings: [] }, told: undefined });
  });

  it('says so at the end of a stream', async () => {
    const input = say('demo/unpriced', 'hi');
    const results = gateway()
      .socket()
      .iterate({
        query: `subscription ($input: CompletionInput!) {
        completionStream(input: $input) { __typename ... on CompletionFinished { completion { warnings } } }
      }`,
        variables: { input },
      });
    const events: unknown[] = [];
    for await (const { data } of results) events.push(data?.['completionStream']);
    expect(events.at(-1)).toEqual({
      __typename: 'CompletionFinished',
      completion: {
        warnings: [
          `demo/unpriced is deprecated; ends on ${dayOf(SUNSET.toISOString())}; demo/echo takes its place`,
        ],
      },
    });
  });

  it('is not so yet before the day', async () => {
    await withLifecycle('demo/echo', { deprecatedAt: inDays(1), sunsetAt: inDays(2) }, async () => {
      expect(await ask('demo/echo')).toMatchObject({ completion: { warnings: [] }, told: undefined });
    });
  });

  it('is told by the model, the configuration’s beside the organisation’s own', async () => {
    const { data } = await gateway().ask(`query { model(name: "demo/unpriced") { ${MODEL} } }`);
    expect(data.model).toEqual({
      name: 'demo/unpriced',
      deprecated: true,
      deprecatedAt: null,
      sunsetAt: SUNSET.toISOString(),
      replacement: { name: 'demo/echo' },
      afterSunset: 'PASS',
      aliases: [],
    });
    const own = await setLifecycle(gateway(), 'demo/unpriced', { deprecatedAt: inDays(3) });
    expect(own.model).toMatchObject({ deprecated: false, sunsetAt: null, replacement: null });
    expect((await setLifecycle(gateway(), 'demo/unpriced')).model).toMatchObject({ deprecated: true });
  });

  it('can be a target of a route, which says so', async () => {
    await withLifecycle('demo/slow', { deprecatedAt: inDays(-1) }, async () => {
      const { errors } = await setRoute(gateway(), {
        name: 'old',
        targets: [{ model: 'demo/echo' }, { model: 'demo/slow' }],
      });
      expect(errors).toEqual([]);
      const { data } = await gateway().ask('{ route(name: "old") { targets { name warnings } } }');
      expect(data.route.targets).toEqual([
        { name: 'demo/echo', warnings: [] },
        { name: 'demo/slow', warnings: ['demo/slow is deprecated'] },
      ]);
    });
  });

  it('is so for one organisation only', async () => {
    const { admin } = await addOrganisation(gateway(), 'Elsewhere');
    await withLifecycle('demo/echo', { deprecatedAt: inDays(-1) }, async () => {
      expect((await ask('demo/echo', admin.secret)).completion.warnings).toEqual([]);
    });
  });
});

describe('a model that has ended', () => {
  const sunsetAt = inDays(-2);

  it('is passed on to its provider unless said otherwise', async () => {
    await withLifecycle('demo/echo', { sunsetAt }, async () => {
      expect((await ask('demo/echo')).completion).toMatchObject({
        model: { name: 'demo/echo' },
        warnings: [`demo/echo is deprecated; ended on ${dayOf(sunsetAt)}`],
      });
    });
  });

  it('is refused where that is wanted, naming what takes its place', async () => {
    const lifecycle = { sunsetAt, replacement: 'demo/assistant', afterSunset: 'REFUSE' as const };
    await withLifecycle('demo/echo', lifecycle, async () => {
      const refusal = {
        code: 'MODEL_UNAVAILABLE',
        message: `demo/echo is deprecated; ended on ${dayOf(sunsetAt)}; demo/assistant takes its place`,
      };
      expect(await ask('demo/echo')).toEqual({ completion: null, errors: [refusal], told: undefined });
      const targets = [{ model: 'demo/echo' }, { model: 'demo/reasoning' }];
      await setRoute(gateway(), { name: 'over', targets });
      expect((await ask('over')).completion).toMatchObject({
        model: { name: 'demo/reasoning' },
        route: {
          candidates: [
            { name: 'demo/reasoning', skippedBecause: null },
            { name: 'demo/echo', skippedBecause: refusal.message },
          ],
        },
      });
    });
  });

  it('is replaced where that is wanted, also in routes, as often as it takes', async () => {
    const goesTo = (replacement: string) => ({ sunsetAt, replacement, afterSunset: 'REPLACE' as const });
    await withLifecycle('demo/slow', goesTo('demo/expensive'), () =>
      withLifecycle('demo/expensive', goesTo('demo/echo'), async () => {
        const { completion, told } = await ask('demo/slow');
        expect(completion).toMatchObject({
          model: { name: 'demo/echo' },
          warnings: ['demo/slow has ended; demo/echo answers instead'],
        });
        expect(told).toMatchObject([{ model: 'demo/slow', replacement: 'demo/expensive' }]);
        await setRoute(gateway(), { name: 'gone', targets: [{ model: 'demo/slow' }] });
        expect((await ask('gone')).completion.model.name).toBe('demo/echo');
      }),
    );
  });

  it('is not replaced by a model that the key may not use', async () => {
    const lifecycle = { sunsetAt, replacement: 'demo/echo', afterSunset: 'REPLACE' as const };
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/slow'] });
    await withLifecycle('demo/slow', lifecycle, async () => {
      expect((await ask('demo/slow', secret)).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    });
  });
});

describe('the end of a model is refused', () => {
  it.each<[string, string, LifecycleInput, string]>([
    [
      'of an unknown model',
      'demo/nothing',
      { sunsetAt: inDays(1) },
      'no configured provider has such a model',
    ],
    [
      'before its deprecation',
      'demo/echo',
      { deprecatedAt: inDays(2), sunsetAt: inDays(1) },
      'it must not come before deprecatedAt',
    ],
    ['without a day to refuse it from', 'demo/echo', { afterSunset: 'REFUSE' }, 'there is no sunsetAt'],
    [
      'without what takes its place',
      'demo/echo',
      { sunsetAt: inDays(1), afterSunset: 'REPLACE' },
      'there is no replacement',
    ],
    [
      'with itself in its place',
      'demo/echo',
      { sunsetAt: inDays(1), replacement: 'demo/echo' },
      'input.replacement is the model itself',
    ],
    [
      'with an unknown model in its place',
      'demo/echo',
      { sunsetAt: inDays(1), replacement: 'demo/nothing' },
      'input.replacement is "demo/nothing"; no configured provider',
    ],
    [
      'in a circle',
      'demo/echo',
      { sunsetAt: inDays(1), replacement: 'demo/unpriced' },
      'input.replacement leads back to "demo/echo"',
    ],
  ])('%s', async (_, model, lifecycle, message) => {
    expect(await setLifecycle(gateway(), model, lifecycle)).toEqual({
      model: null,
      errors: expect.arrayContaining([
        expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining(message) }),
      ]),
    });
  });
});
