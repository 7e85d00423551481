import { beforeAll, describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { applyRoutes, setRoute, versionOf, type RouteInput } from './support.ts';

const model = (id: string, capabilities: ('TEXT' | 'EMBEDDINGS')[]) => ({ id, capabilities });
const house = {
  name: 'house',
  type: 'openai-compatible',
  baseURL: 'http://127.0.0.1:9/v1',
  headers: {},
  settings: {},
  models: [model('talks', ['TEXT']), model('embeds', ['EMBEDDINGS'])],
};
const gateway = useGateway({ config: { providers: [house] } });
const ECHO = { model: 'demo/echo' };
const SLOW = { model: 'demo/slow' };

beforeAll(async () => {
  await setRoute(gateway(), { name: 'known' });
  await setRoute(gateway(), { name: 'above', targets: [{ model: 'known' }, ECHO] });
});

describe('a route is not saved', () => {
  const cases: [what: string, input: Partial<RouteInput>, path: string, says: RegExp][] = [
    ['with a slash in its name', { name: 'a/b' }, 'name', /slash/],
    ['without a name', { name: '' }, 'name', /is ""/],
    ['without targets', { targets: [] }, 'targets', /empty/],
    ['that names no model', { targets: [ECHO, { model: 'demo/none' }] }, 'targets.1.model', /"demo\/none"/],
    ['that names no route', { targets: [{ model: 'none' }] }, 'targets.0.model', /no such route/],
    ['that names itself', { targets: [{ model: 'tried' }] }, 'targets.0.model', /itself/],
    [
      'that another leads back to',
      { name: 'known', targets: [{ model: 'above' }] },
      'targets.0.model',
      /circle: .*above.*known/,
    ],
    [
      'whose model does not answer with text',
      { targets: [{ model: 'house/embeds' }] },
      'targets.0.model',
      /text/,
    ],
    [
      'whose weights sum to zero',
      { strategy: 'WEIGHTED', targets: [{ ...ECHO, weight: 0 }] },
      'targets',
      /sum to zero/,
    ],
    ['with a weight below zero', { targets: [{ ...ECHO, weight: -1 }] }, 'targets.0.weight', /0 or more/],
    [
      'with a target that nothing comes to',
      { targets: [ECHO, SLOW], fallbackOn: [] },
      'targets.1',
      /never reached/,
    ],
    [
      'with a weight of zero that nothing falls back to',
      { strategy: 'WEIGHTED', targets: [ECHO, { ...SLOW, weight: 0 }], fallbackOn: [] },
      'targets.1',
      /never reached/,
    ],
    ['with no CEL', { targets: [{ ...ECHO, condition: 'hour <' }] }, 'targets.0.condition', /CEL/],
    [
      'with CEL of another type',
      { targets: [{ ...ECHO, condition: 'hour + 1' }] },
      'targets.0.condition',
      /bool/,
    ],
    [
      'with CEL about what there is not',
      { targets: [{ ...ECHO, condition: 'weather == "fine"' }] },
      'targets.0.condition',
      /weather/,
    ],
    ['with retries without end', { targets: [{ ...ECHO, retries: 11 }] }, 'targets.0.retries', /0 to 10/],
    ['with no time', { targets: [{ ...ECHO, firstTokenMs: 0 }] }, 'targets.0.firstTokenMs', /from 1/],
    ['with a time below zero', { targets: [{ ...ECHO, timeoutMs: -5 }] }, 'targets.0.timeoutMs', /from 1/],
    ['with a score above 1', { targets: [{ ...ECHO, upTo: 1.5 }] }, 'targets.0.upTo', /0 to 1/],
    ['with repairs below zero', { repairs: -1 }, 'repairs', /0 to 5/],
    ['with a percentile of 100', { hedgePercentile: 100 }, 'hedgePercentile', /99\.99/],
    ['with a note that is a book', { note: 'x'.repeat(1_001) }, 'note', /1000 characters/],
  ];

  it.each(cases)('%s', async (_, input, path, says) => {
    const { route, errors } = await setRoute(gateway(), { name: 'tried', ...input });
    expect(route).toBeNull();
    expect(errors).toMatchObject([
      {
        code: 'INVALID_INPUT',
        path: ['input', ...path.split('.')],
        message: expect.stringMatching(says),
      },
    ]);
    expect(errors[0]?.message).toMatch(new RegExp(`^input\\.${path.replaceAll('.', '\\.')} `));
    expect(await versionOf(gateway(), 'tried')).toBeUndefined();
  });

  it('with any of several faults, which are all told', async () => {
    const targets = [
      { model: 'demo/none', retries: -1 },
      { ...ECHO, condition: 'hour' },
    ];
    const { errors } = await setRoute(gateway(), { name: 'tried', targets });
    expect(errors.map(({ path }) => String(path?.slice(1).join('.'))).toSorted()).toEqual([
      'targets.0.model',
      'targets.0.retries',
      'targets.1.condition',
    ]);
  });
});

describe('what is saved together', () => {
  it('is no circle either', async () => {
    const { errors } = await applyRoutes(gateway(), {
      routes: [
        { name: 'ring-a', targets: [{ model: 'ring-b' }] },
        { name: 'ring-b', targets: [{ model: 'ring-c' }] },
        { name: 'ring-c', targets: [{ model: 'ring-a' }] },
      ],
    });
    expect(errors).toHaveLength(3);
    for (const { message } of errors) expect(message).toMatch(/circle/);
  });

  it('breaks no route that leads there', async () => {
    const levels = [1, 2, 3, 4, 5, 6].map((level) => ({
      name: `level-${level}`,
      targets: [level === 6 ? ECHO : { model: `level-${level + 1}` }],
    }));
    expect((await applyRoutes(gateway(), { routes: levels })).errors).toEqual([]);
    const below = [1, 2, 3].map((level) => ({
      name: `below-${level}`,
      targets: [level === 3 ? ECHO : { model: `below-${level + 1}` }],
    }));
    expect((await applyRoutes(gateway(), { routes: below })).errors).toEqual([]);
    const { errors } = await setRoute(gateway(), { name: 'level-6', targets: [{ model: 'below-1' }] });
    expect(errors[0]).toMatchObject({
      code: 'INVALID_INPUT',
      path: ['input'],
      message: expect.stringMatching(
        /^input breaks the route level-\d: targets\.0\.model .*stand in one another/,
      ),
    });
  });
});

it('a model that goes later breaks no other change of its route, and is told of when it is named again', async () => {
  const { sql, book } = gateway().gateway.routes;
  await setRoute(gateway(), { name: 'orphan' });
  await sql`UPDATE route_versions SET spec = jsonb_set(spec, '{targets,0,model}', '"gone/model"')
    WHERE route_id = (SELECT id FROM routes WHERE name = 'orphan')`;
  await book.reload('org_default');
  const { data } = await gateway().ask('{ route(name: "orphan") { targets { model { name deprecated } } } }');
  expect(data.route.targets).toEqual([{ model: { name: 'gone/model', deprecated: true } }]);
  const over = { name: 'over-orphan', targets: [{ model: 'orphan' }] };
  expect((await setRoute(gateway(), over)).errors).toEqual([]);
  expect(
    (await setRoute(gateway(), { name: 'orphan', targets: [{ model: 'gone/model' }, ECHO] })).errors,
  ).toMatchObject([{ path: ['input', 'targets', '0', 'model'] }]);
});
