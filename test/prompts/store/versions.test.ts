import { describe, expect, it } from 'vitest';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, createVersion, publish, saying } from '../support.ts';
import { act, auditOf, labelled, type Fault } from './support.ts';

const gateway = useGateway();
/** Models write members in this order. */
const ORDERED = {
  type: 'object',
  properties: { reasoning: { type: 'string' }, answer: { type: 'string' }, a: { type: 'number' } },
};

async function faultsOf(version: object, more: object = {}): Promise<Fault[]> {
  const { prompt, errors } = await createPrompt(gateway(), {
    slug: 'faulty',
    version: saying('Hello', version as never),
    ...more,
  });
  expect(prompt).toBeNull();
  return errors;
}

describe('a version', () => {
  it('declares what its templates name beside what was declared', async () => {
    await createPrompt(gateway(), {
      slug: 'merged',
      version: saying('{{ name }} of {{ team }}, {{ age | plus: 1 }}{% if vip %}!{% endif %}', {
        variables: [{ name: 'name', type: 'STRING', description: 'Who', example: 'Ada', neverLog: true }],
        tools: [{ name: 'look', parameters: { type: 'object' } }],
        params: { temperature: 0.5, stop: ['END'] },
        outputSchema: ORDERED,
        cacheSeconds: 60,
        note: 'a start',
      }),
    });
    const { data } = await gateway().ask(`{ prompt(slug: "merged") { version {
      number variables { name type required neverLog example } tools params outputSchema cacheSeconds note model
      createdBy { id } partials { name }
    } } }`);
    const inferred = { required: true, neverLog: false, example: null };
    expect(data.prompt.version).toEqual({
      number: 1,
      variables: [
        { name: 'name', type: 'STRING', required: true, neverLog: true, example: 'Ada' },
        { ...inferred, name: 'team', type: 'STRING' },
        { ...inferred, name: 'age', type: 'NUMBER' },
        { ...inferred, name: 'vip', type: 'BOOLEAN', required: false },
      ],
      tools: [{ name: 'look', parameters: { type: 'object' } }],
      params: { temperature: 0.5, stop: ['END'] },
      outputSchema: ORDERED,
      cacheSeconds: 60,
      note: 'a start',
      model: 'demo/echo',
      createdBy: { id: expect.stringMatching(/^key_/) },
      partials: [],
    });
    expect(JSON.stringify(data.prompt.version.outputSchema)).toBe(JSON.stringify(ORDERED));
  });

  it('is refused with every fault at once, each with its place', async () => {
    const errors = await faultsOf(
      {
        messages: [
          { role: 'SYSTEM', template: 'Fine' },
          { role: 'USER', template: 'One\n  {{ two | }} {% if %}' },
        ],
        variables: [{ name: 'run', type: 'STRING' }],
        model: 'demo/ecko',
        params: { temperature: 3 },
        tools: [
          { name: 'a', parameters: { type: 'object' } },
          { name: 'a', parameters: { type: 'nothing' } },
        ],
        outputSchema: { type: 7 },
        cacheSeconds: 0,
        note: 'x'.repeat(1_001),
      },
      { slug: 'Not A Slug', folder: '../x', description: 'x'.repeat(1_001) },
    );
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['INVALID_INPUT']));
    const places = new Map(errors.map(({ path, message }) => [path!.slice(1).join('.'), message]));
    expect([...places.keys()].toSorted()).toEqual([
      'description',
      'folder',
      'slug',
      'version.cacheSeconds',
      'version.messages.1.template',
      'version.model',
      'version.note',
      'version.outputSchema',
      'version.params.temperature',
      'version.tools.1.name',
      'version.tools.1.parameters',
      'version.variables.0.name',
    ]);
    expect(places.get('version.messages.1.template')).toMatch(
      /^input\.version\.messages\.1\.template has a fault at line 2, column \d+: /,
    );
    expect(places.get('version.model')).toBe(
      'input.version.model cannot answer: provider "demo" has no model "demo/ecko"; nearest: "demo/echo"',
    );
  });

  it.each<[string, object, string, string]>([
    ['no message', { messages: [] }, 'messages', 'is empty'],
    [
      'too many messages',
      { messages: Array.from({ length: 101 }, () => ({ role: 'USER', template: 'x' })) },
      'messages',
      'holds 101; at most 100 are taken',
    ],
    ['a long template', saying('x'.repeat(64_001)), 'messages.0.template', '64,001 characters'],
    [
      'a variable that no template uses',
      { variables: [{ name: 'idle', type: 'STRING' }] },
      'variables.0.name',
      'no template uses "idle"',
    ],
    [
      'a default of another type',
      { ...saying('{{ n }}'), variables: [{ name: 'n', type: 'NUMBER', default: 'many' }] },
      'variables.0.default',
      'must be a NUMBER; found STRING',
    ],
    [
      'one name twice',
      {
        ...saying('{{ n }}'),
        variables: [
          { name: 'n', type: 'STRING' },
          { name: 'n', type: 'NUMBER' },
        ],
      },
      'variables.1.name',
      'repeats the variable',
    ],
    [
      'a partial that there is none of',
      saying("{% render 'none' %}"),
      'messages.0.template',
      'no partial "none"',
    ],
    ['no such route', { model: 'fast' }, 'model', 'no route called "fast"'],
    ['a model of another kind', { model: 'demo/embedder' }, 'model', 'cannot answer'],
    ['a cache for longer than a day', { cacheSeconds: 86_401 }, 'cacheSeconds', 'from 1 to 86400'],
    [
      'too much of everything',
      { outputSchema: { type: 'object', description: 'x'.repeat(512_000) } },
      '',
      'at most 512,000 fit',
    ],
  ])('is refused for %s', async (_, version, path, message) => {
    const errors = await faultsOf(version);
    expect(errors).toContainEqual({
      code: 'INVALID_INPUT',
      path: ['input', 'version', ...path.split('.').filter(Boolean)],
      message: expect.stringContaining(message),
    });
  });

  it('may name an alias or a route that there is', async () => {
    await gateway().ask(`mutation {
      modelAliasSet(input: { alias: "demo/usual", model: "demo/echo" }) { errors { message } }
      routeSet(input: { name: "fast", strategy: PRIORITY, targets: [{ model: "demo/echo" }] }) { errors { message } }
    }`);
    for (const model of ['demo/usual', 'fast'])
      expect(
        (await createPrompt(gateway(), { slug: `by-${model.length}`, version: saying('x', { model }) }))
          .errors,
      ).toEqual([]);
  });

  it('never changes, and is counted from 1 on', async () => {
    await createPrompt(gateway(), { slug: 'counted', version: saying('1') });
    const versions = await Promise.all(
      [2, 3, 4, 5].map((text) =>
        createVersion(gateway(), { slug: 'counted', version: saying(String(text)) }),
      ),
    );
    expect(new Set(versions.map(({ promptVersion }) => promptVersion!.number))).toEqual(
      new Set([2, 3, 4, 5]),
    );
    const { data } = await gateway().ask(
      '{ prompt(slug: "counted") { id versions(first: 2) { nodes { number } totalCount } } }',
    );
    expect(data.prompt.versions).toEqual({ nodes: [{ number: 5 }, { number: 4 }], totalCount: 5 });
    expect(await auditOf(gateway(), data.prompt.id)).toEqual([
      'prompt.create',
      ...Array.from({ length: 4 }, () => 'prompt.version'),
    ]);
  });

  it('is no prompt’s whose field another prompt has', async () => {
    await createPrompt(gateway(), { slug: 'sum-up', version: saying('x') });
    const taken = async (slug: string) =>
      (await createPrompt(gateway(), { slug, version: saying('x') })).errors;
    expect(await taken('sum-up')).toMatchObject([
      { code: 'CONFLICT', message: 'there is a prompt sum-up already' },
    ]);
    expect(await taken('sumup')).toMatchObject([
      { code: 'CONFLICT', message: expect.stringContaining('the prompt sum-up gives the field sumUp') },
    ]);
  });
});

describe('bad input costs nothing', () => {
  const complete = (prompt: object) =>
    act(
      gateway(),
      `mutation ($prompt: PromptRefInput!) { completionCreate(input: { source: { prompt: $prompt } }) {
        completion { id } errors { code message path }
      } }`,
      { prompt },
    );

  it.each<[string, object, string, string[], string]>([
    [
      'an unknown variable',
      { variables: { name: 'Ada', nam: 'x' } },
      'INVALID_INPUT',
      ['variables', 'nam'],
      'is no variable of this prompt; it has name',
    ],
    ['a missing one', {}, 'INVALID_INPUT', ['variables', 'name'], 'is missing; it must be a STRING'],
    [
      'one of another type',
      { variables: { name: 7 } },
      'INVALID_INPUT',
      ['variables', 'name'],
      'must be a STRING; found NUMBER',
    ],
    ['variables that are a list', { variables: [] }, 'INVALID_INPUT', ['variables'], 'must be an OBJECT'],
    [
      'a label that there is none of',
      { label: 'none' },
      'NOT_FOUND',
      [],
      'no label of the prompt charged "none"',
    ],
    [
      'a version that there is none of',
      { version: 9 },
      'NOT_FOUND',
      [],
      'no version of the prompt charged "9"',
    ],
    ['a prompt that there is none of', { slug: 'none' }, 'NOT_FOUND', [], 'no prompt "none"'],
  ])('such as %s', async (_, prompt, code, path, message) => {
    if ((await labelled(gateway(), 'charged', 'production')) === undefined)
      await publish(gateway(), 'charged', saying('Hello {{ name }}', { model: 'demo/expensive' }));
    const { completion, errors } = await complete({ slug: 'charged', ...prompt });
    expect(completion).toBeNull();
    expect(errors).toEqual([
      {
        code,
        path: path.length > 0 ? ['input', 'source', 'prompt', ...path] : null,
        message: expect.stringContaining(message),
      },
    ]);
    const { sql } = gateway().gateway.database;
    expect([...(await sql`SELECT id FROM completions`)]).toEqual([]);
    expect([...(await sql`SELECT id FROM ledger_entries`)]).toEqual([]);
  });
});
