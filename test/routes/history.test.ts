import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { deleteRoute, restoreRoute, setRoute, versionOf } from './support.ts';

const gateway = useGateway();
const ECHO = { model: 'demo/echo' };
const ASSISTANT = { model: 'demo/assistant' };

const diff = async (name: string, from: number, to: number) => {
  const query = `query ($name: String!, $from: Int!, $to: Int!) {
    routeDiff(name: $name, from: $from, to: $to) { kind path before after }
  }`;
  return (await gateway().ask(query, { name, from, to })).data.routeDiff;
};

describe('the versions of a route', () => {
  it('are kept, the last one first, each with who made it and what for', async () => {
    await setRoute(gateway(), { name: 'story', note: 'a start' });
    await setRoute(gateway(), { name: 'story', targets: [ASSISTANT, ECHO], note: 'a better one' });
    await setRoute(gateway(), { name: 'story', targets: [ASSISTANT] });
    const query = `query ($first: Int, $after: String) { route(name: "story") {
      versions(first: $first, after: $after) {
        nodes { number note strategy targets { name } createdBy { __typename } createdAt }
        totalCount pageInfo { endCursor hasNextPage }
      }
    } }`;
    const { data } = await gateway().ask(query, { first: 2 });
    const { nodes, totalCount, pageInfo } = data.route.versions;
    const by = { createdBy: { __typename: 'ApiKey' }, strategy: 'PRIORITY', createdAt: expect.any(String) };
    expect(nodes).toEqual([
      { ...by, number: 3, note: null, targets: [{ name: 'demo/assistant' }] },
      {
        ...by,
        number: 2,
        note: 'a better one',
        targets: [{ name: 'demo/assistant' }, { name: 'demo/echo' }],
      },
    ]);
    expect([totalCount, pageInfo.hasNextPage]).toEqual([3, true]);
    const { data: rest } = await gateway().ask(query, { first: 2, after: pageInfo.endCursor });
    expect(rest.route.versions.nodes).toMatchObject([{ number: 1, note: 'a start' }]);
  });

  it('differ in what was changed', async () => {
    await setRoute(gateway(), {
      name: 'diff',
      targets: [ECHO, ASSISTANT, { model: 'demo/slow', weight: 2 }],
    });
    await setRoute(gateway(), {
      name: 'diff',
      targets: [{ model: 'demo/slow', weight: 2 }, ECHO, ASSISTANT],
      hedgePercentile: 90,
      fallbackOn: ['ERROR'],
    });
    const names = (...models: string[]) => models.map((model) => `demo/${model}`);
    expect(await diff('diff', 1, 2)).toEqual([
      {
        kind: 'SETTING_CHANGED',
        path: ['fallbackOn'],
        before: ['ERROR', 'TIMEOUT', 'RATE_LIMITED', 'CONTEXT_OVERFLOW'],
        after: ['ERROR'],
      },
      { kind: 'SETTING_CHANGED', path: ['hedgePercentile'], before: null, after: 90 },
      {
        kind: 'TARGETS_REORDERED',
        path: ['targets'],
        before: names('echo', 'assistant', 'slow'),
        after: names('slow', 'echo', 'assistant'),
      },
    ]);
    expect(await diff('diff', 2, 2)).toEqual([]);
    expect(await diff('diff', 1, 3)).toBeNull();
    expect(await diff('none', 1, 2)).toBeNull();
  });

  it('that name the same model more than once differ in each of them', async () => {
    const of = (weight: number) => ({ ...ECHO, weight, condition: 'hour < 6' });
    await setRoute(gateway(), { name: 'doubles', targets: [of(1), { ...ECHO, weight: 2 }] });
    await setRoute(gateway(), { name: 'doubles', targets: [of(1), { ...ECHO, weight: 7 }] });
    expect(await diff('doubles', 1, 2)).toEqual([
      { kind: 'TARGET_CHANGED', path: ['targets', '1', 'weight'], before: 2, after: 7 },
    ]);
  });
});

describe('restoring', () => {
  it('makes what a version said a new one', async () => {
    await setRoute(gateway(), { name: 'back', targets: [ASSISTANT] });
    await setRoute(gateway(), { name: 'back', targets: [ECHO] });
    const { route } = await restoreRoute(gateway(), { name: 'back', version: 1, expectedVersion: 2 });
    expect(route).toMatchObject({ version: 3, targets: [{ name: 'demo/assistant' }] });
    expect(await diff('back', 1, 3)).toEqual([]);
    const { data } = await gateway().ask('{ route(name: "back") { versions(first: 1) { nodes { note } } } }');
    expect(data.route.versions.nodes).toEqual([{ note: 'restored from version 1' }]);
  });

  it('brings a route back that was deleted, whose versions go on', async () => {
    const { route } = await setRoute(gateway(), { name: 'gone' });
    expect((await deleteRoute(gateway(), 'gone')).deletedId).toBe(route?.id);
    expect(await versionOf(gateway(), 'gone')).toBeUndefined();
    expect(await restoreRoute(gateway(), { name: 'gone', version: 1, expectedVersion: 0 })).toMatchObject({
      route: { id: route?.id, version: 2 },
    });
  });

  it('is refused where what the version names is gone', async () => {
    await setRoute(gateway(), { name: 'part' });
    await setRoute(gateway(), { name: 'whole', targets: [{ model: 'part' }] });
    await setRoute(gateway(), { name: 'whole' });
    await deleteRoute(gateway(), 'part');
    expect((await restoreRoute(gateway(), { name: 'whole', version: 1 })).errors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['version'], message: expect.stringContaining('"part"') },
    ]);
  });

  it.each([
    ['a version that there is none of', { name: 'back', version: 99 }],
    ['a route that there is none of', { name: 'nothing', version: 1 }],
  ])('is refused of %s', async (_, variables) => {
    expect((await restoreRoute(gateway(), variables)).errors).toMatchObject([
      { code: 'NOT_FOUND', path: ['version'] },
    ]);
  });
});

describe('deleting', () => {
  it('is refused while other routes lead there, and the refusal names them', async () => {
    await setRoute(gateway(), { name: 'base' });
    for (const name of ['one', 'two']) await setRoute(gateway(), { name, targets: [{ model: 'base' }] });
    expect((await deleteRoute(gateway(), 'base')).errors).toMatchObject([
      { code: 'CONFLICT', message: 'the route "base" is named by "one", "two"; change those first' },
    ]);
    for (const name of ['one', 'two']) await deleteRoute(gateway(), name);
    expect((await deleteRoute(gateway(), 'base')).errors).toEqual([]);
    expect((await deleteRoute(gateway(), 'base')).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});
