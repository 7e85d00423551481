import { describe, expect, it } from 'vitest';
import { useShadows } from './shadow-support.ts';
import { restoreRoute, setRoute } from './support.ts';

const { gateway, shadowed } = await useShadows();

describe('a shadow that no route can have', () => {
  const WRONG: [string, object, string][] = [
    ['the route itself', { model: 'chat' }, 'input.shadow.model is "chat", the route itself'],
    [
      'a model that is not there',
      { model: 'no/model' },
      'input.shadow.model is "no/model"; no configured provider has such a model',
    ],
    [
      'a route that is not there',
      { model: 'nowhere' },
      'input.shadow.model is "nowhere"; there is no such route',
    ],
    [
      'a route that leads back',
      { model: 'above' },
      'input.shadow.model goes in a circle: chat → above → chat',
    ],
    ['nothing of all', { percent: 0 }, 'input.shadow.percent is 0; it must be more than 0 and at most 100'],
    [
      'less than nothing',
      { percent: -1 },
      'input.shadow.percent is -1; it must be more than 0 and at most 100',
    ],
    [
      'more than all',
      { percent: 100.1 },
      'input.shadow.percent is 100.1; it must be more than 0 and at most 100',
    ],
    ['none at a time', { maxConcurrent: 0 }, 'input.shadow.maxConcurrent is 0; it must be from 1 to 100'],
    [
      'too many at a time',
      { maxConcurrent: 101 },
      'input.shadow.maxConcurrent is 101; it must be from 1 to 100',
    ],
  ];
  it.each(WRONG)('%s', async (_, shadow, message) => {
    await setRoute(gateway(), { name: 'chat', targets: [{ model: 'main/model' }] });
    await setRoute(gateway(), { name: 'above', targets: [{ model: 'chat' }] });
    const { errors } = await setRoute(gateway(), {
      name: 'chat',
      targets: [{ model: 'main/model' }],
      shadow: { model: 'other/model', percent: 5, ...shadow },
    });
    expect(errors.map((error) => error.message)).toEqual([message]);
  });

  it('one where requests of the organisation may not go', async () => {
    const stay = (regions: string[]) =>
      gateway().ask(
        'mutation ($regions: [String!]!) { organisationUpdate(input: { regions: $regions }) { errors { message } } }',
        { regions },
      );
    await setRoute(gateway(), { name: 'chat', targets: [{ model: 'main/model' }] });
    for (const name of ['above', 'next-chat'])
      await gateway().ask('mutation ($name: String!) { routeDelete(name: $name) { deletedId } }', { name });
    expect((await stay(['eu'])).data?.organisationUpdate.errors).toEqual([]);
    const { errors } = await setRoute(gateway(), {
      name: 'chat',
      targets: [{ model: 'main/model' }],
      shadow: { model: 'other/model', percent: 5 },
    });
    expect(errors.map(({ message }) => message)).toEqual([
      'input.shadow.model leads to no model in an allowed region: other/model is in us; allowed: eu',
    ]);
    await stay([]);
  });

  it('nor may a route go that is one', async () => {
    await setRoute(gateway(), { name: 'copied-to', targets: [{ model: 'other/model' }] });
    await shadowed({ model: 'copied-to' }, 'copying');
    const { data } = await gateway().ask(
      'mutation { routeDelete(name: "copied-to") { errors { message } } }',
    );
    expect(data.routeDelete.errors).toEqual([
      { message: 'the route "copied-to" is named by "copying"; change those first' },
    ]);
  });
});

it('a shadow is in the diff of versions, and comes back with one', async () => {
  await shadowed({ percent: 5 }, 'changing');
  await shadowed({ percent: 7, maxConcurrent: 3 }, 'changing');
  const { data } = await gateway().ask(
    '{ routeDiff(name: "changing", from: 1, to: 2) { path before after } }',
  );
  expect(data.routeDiff).toEqual([
    { path: ['shadow', 'percent'], before: 5, after: 7 },
    { path: ['shadow', 'maxConcurrent'], before: 10, after: 3 },
  ]);
  expect((await restoreRoute(gateway(), { name: 'changing', version: 1 })).errors).toEqual([]);
  const restored = await gateway().ask(
    '{ route(name: "changing") { shadow { name percent maxConcurrent } } }',
  );
  expect(restored.data?.route.shadow).toEqual({ name: 'other/model', percent: 5, maxConcurrent: 10 });
});
