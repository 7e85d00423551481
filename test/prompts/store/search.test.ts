import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../../access/support/keys.ts';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, createVersion, saying } from '../support.ts';
import { act, auditOf, moveLabel, promptIdOf, setPartial } from './support.ts';

const gateway = useGateway();

beforeAll(async () => {
  await setPartial(gateway(), 'tone', 'Be as kind as a nurse.');
  const prompts = [
    { slug: 'summarize-ticket', folder: 'support/tickets', description: 'Tickets in one line' },
    { slug: 'answer-ticket', folder: 'support/tickets', version: saying("{% render 'tone' %}") },
    { slug: 'greet', folder: 'support' },
    { slug: 'supporter', folder: 'supporters' },
    { slug: 'greet-back', version: saying('Good EVENING_100%') },
  ];
  for (const { version = saying('Hello'), ...prompt } of prompts)
    await createPrompt(gateway(), { ...prompt, version });
  await createVersion(gateway(), { slug: 'greet', version: saying('Hello again') });
  await moveLabel(gateway(), { slug: 'greet', label: 'production', version: 1 });
  await moveLabel(gateway(), { slug: 'answer-ticket', label: 'staging', version: 1 });
});

async function search(filter: object, page: object = {}): Promise<string[]> {
  const { data, errors } = await gateway().ask(
    `query ($filter: PromptFilter, $first: Int, $after: String) {
      prompts(filter: $filter, first: $first, after: $after) { nodes { slug } }
    }`,
    { filter, ...page },
  );
  if (errors) throw new Error(errors[0]!.message);
  return data.prompts.nodes.map(({ slug }: { slug: string }) => slug);
}

async function count(filter: object): Promise<number> {
  const query = 'query ($filter: PromptFilter) { prompts(filter: $filter) { totalCount } }';
  return (await gateway().ask(query, { filter })).data.prompts.totalCount;
}

describe('prompts are found', () => {
  const all = ['answer-ticket', 'greet', 'greet-back', 'summarize-ticket', 'supporter'];

  it.each<[string, object, string[]]>([
    ['all, by slug', {}, all],
    ['by their slug', { slug: { eq: 'greet' } }, ['greet']],
    ['by several', { slug: { in: ['greet', 'supporter', 'none'] } }, ['greet', 'supporter']],
    ['by a part of it', { slug: { contains: 'ticket' } }, ['answer-ticket', 'summarize-ticket']],
    ['by folder, with those inside', { folder: 'support' }, ['answer-ticket', 'greet', 'summarize-ticket']],
    ['by a folder inside', { folder: 'support/tickets' }, ['answer-ticket', 'summarize-ticket']],
    ['in no folder that is not there', { folder: 'support/' }, []],
    ['in all for the empty folder', { folder: '' }, all],
    ['by label', { label: 'production' }, ['greet']],
    ['by what the slug says', { text: 'TICKET' }, ['answer-ticket', 'summarize-ticket']],
    ['by what the description says', { text: 'one line' }, ['summarize-ticket']],
    ['by what a template says, whatever the case', { text: 'good evening_100%' }, ['greet-back']],
    ['by what a partial says', { text: 'a nurse' }, ['answer-ticket']],
    ['by a word of the newest version', { text: 'again' }, ['greet']],
    ['by no pattern', { text: 'g_od' }, []],
    ['by everything at once', { folder: 'support', label: 'staging', text: 'kind' }, ['answer-ticket']],
    ['by no NUL', { text: '\0', folder: '\0', label: '\0' }, []],
    ['not when they are archived', { archived: true }, []],
  ])('%s', async (_, filter, slugs) => {
    expect(await search(filter)).toEqual(slugs);
    expect(await count(filter)).toBe(slugs.length);
  });

  it('page by page', async () => {
    expect(await search({}, { first: 2 })).toEqual(all.slice(0, 2));
    expect(await search({}, { first: 2, after: 'greet' })).toEqual(['greet-back', 'summarize-ticket']);
    expect(await search({ text: 'greet' }, { first: 1, after: 'greet' })).toEqual(['greet-back']);
  });

  it('by folders, which count what is inside', async () => {
    const { data } = await gateway().ask('{ promptFolders { path prompts } }');
    expect(data.promptFolders).toEqual([
      { path: 'support', prompts: 3 },
      { path: 'support/tickets', prompts: 2 },
      { path: 'supporters', prompts: 1 },
    ]);
  });
});

describe('a prompt', () => {
  const UPDATE = `mutation ($input: PromptUpdateInput!) {
    promptUpdate(input: $input) { prompt { folder description } errors { code message path } }
  }`;
  const update = (input: object) => act(gateway(), UPDATE, { input: { slug: 'greet', ...input } });

  it('moves to another folder, and is described anew', async () => {
    expect((await update({ folder: 'hello', description: 'Says hello' })).prompt).toEqual({
      folder: 'hello',
      description: 'Says hello',
    });
    expect((await update({ folder: '' })).prompt).toEqual({ folder: '', description: 'Says hello' });
    expect((await update({ description: '', folder: 'support' })).prompt).toEqual({
      folder: 'support',
      description: null,
    });
    await update({ folder: 'support' });
    const actions = await auditOf(gateway(), await promptIdOf(gateway(), 'greet'));
    expect(actions.filter((action) => action === 'prompt.update').length).toBe(3);
  });

  it.each([
    '/support',
    'support/',
    'a//b',
    '../up',
    'a/./b',
    'Größe',
    'a b',
    'x'.repeat(201),
    'a/b/c/d/e/f/g/h/i',
  ])('stands in no folder %j', async (folder) => {
    expect((await update({ folder })).errors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'folder'] },
    ]);
  });

  it('that is archived answers no more and is shown no more, until it is brought back', async () => {
    const change = (name: string, slug = 'greet') =>
      act(
        gateway(),
        `mutation ($slug: String!) { ${name}(slug: $slug) { prompt { archivedAt } errors { code path } } }`,
        { slug },
      );
    const complete = () =>
      act(
        gateway(),
        `mutation { completionCreate(input: { source: { prompt: { slug: "greet" } } }) {
          completion { text } errors { code }
        } }`,
      );
    expect((await complete()).completion).toEqual({ text: 'Hello' });
    expect(await change('promptArchive')).toEqual({ prompt: { archivedAt: expect.any(String) }, errors: [] });
    expect((await change('promptArchive')).errors).toEqual([]);
    expect((await complete()).errors).toEqual([{ code: 'NOT_FOUND' }]);
    expect(await search({ slug: { contains: 'greet' } })).toEqual(['greet-back']);
    expect(await search({ archived: true })).toEqual(['greet']);
    const { data } = await gateway().ask('{ prompt(slug: "greet") { id } }');
    expect(data.prompt).toBeNull();
    // Its slug stays taken: what was recorded names it.
    expect((await createPrompt(gateway(), { slug: 'greet', version: saying('x') })).errors).toMatchObject([
      { code: 'CONFLICT' },
    ]);
    for (const { errors } of [
      await createVersion(gateway(), { slug: 'greet', version: saying('x') }),
      await moveLabel(gateway(), { slug: 'greet', label: 'staging', version: 1 }),
    ])
      expect(errors).toMatchObject([{ code: 'NOT_FOUND', path: ['input', 'slug'] }]);
    expect(await change('promptRestore')).toEqual({ prompt: { archivedAt: null }, errors: [] });
    expect((await complete()).completion).toEqual({ text: 'Hello' });
    expect((await change('promptArchive', 'none')).errors).toEqual([{ code: 'NOT_FOUND', path: ['slug'] }]);
  });

  it('is used by the registered operations that name it', async () => {
    await gateway().ask(`mutation {
      one: operationRegister(input: { text: "query Literal { complete(input: { source: { prompt: { slug: \\"greet\\" } } }) { completion { id } } }" }) { errors { message } }
      two: operationRegister(input: { text: "query Diff { promptDiff(slug: \\"greet-back\\", from: 1, to: 1) { path } }" }) { errors { message } }
    }`);
    const query = '{ prompts(filter: { text: "greet" }) { nodes { slug usedBy { name } } } }';
    const { data } = await gateway().ask(query);
    expect(data.prompts.nodes).toEqual([
      { slug: 'greet', usedBy: [{ name: 'Literal' }] },
      { slug: 'greet-back', usedBy: [{ name: 'Diff' }] },
    ]);
    const { secret: key } = await makeKey(gateway(), { scopes: ['PROMPTS_WRITE'] });
    expect((await gateway().ask(query, {}, { key })).errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
  });
});
