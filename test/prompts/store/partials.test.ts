import { describe, expect, it } from 'vitest';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, createVersion, saying } from '../support.ts';
import { act, auditOf, moveLabel, setPartial } from './support.ts';

const gateway = useGateway();

async function textOf(slug: string, version: number): Promise<string> {
  const { completion } = await act(
    gateway(),
    `mutation ($prompt: PromptRefInput!) { completionCreate(input: { source: { prompt: $prompt } }) {
      completion { text } errors { message }
    } }`,
    { prompt: { slug, version } },
  );
  return completion.text;
}

describe('a partial', () => {
  it('is copied into versions, so that no version ever changes; the next one takes the new text', async () => {
    await setPartial(gateway(), 'name', 'Ada');
    expect(await setPartial(gateway(), 'greeting', "Hello {% render 'name' %}")).toMatchObject({
      partial: { version: 1 },
      errors: [],
    });
    await createPrompt(gateway(), { slug: 'greet', version: saying("{% render 'greeting' %}!") });
    expect((await setPartial(gateway(), 'name', 'Grace')).partial.version).toBe(2);
    expect(await textOf('greet', 1)).toBe('Hello Ada!');
    await createVersion(gateway(), { slug: 'greet', version: saying("{% render 'greeting' %}!") });
    expect(await textOf('greet', 2)).toBe('Hello Grace!');
    expect(await textOf('greet', 1)).toBe('Hello Ada!');
    const { data } = await gateway().ask(`{ prompt(slug: "greet") { versions { nodes {
      number partials { name version template }
    } } } }`);
    const greeting = { name: 'greeting', version: 1, template: "Hello {% render 'name' %}" };
    expect(data.prompt.versions.nodes).toEqual([
      { number: 2, partials: [greeting, { name: 'name', version: 2, template: 'Grace' }] },
      { number: 1, partials: [greeting, { name: 'name', version: 1, template: 'Ada' }] },
    ]);
  });

  it('tells where it is used, and which copies are old', async () => {
    await moveLabel(gateway(), { slug: 'greet', label: 'production', version: 1 });
    const { data } = await gateway().ask(`{ promptPartials { totalCount nodes {
      name version versions { totalCount nodes { number template } }
      usedBy { promptVersion { number prompt { slug } } partialVersion isOutdated }
    } } }`);
    const use = (number: number, partialVersion: number, isOutdated: boolean) => ({
      promptVersion: { number, prompt: { slug: 'greet' } },
      partialVersion,
      isOutdated,
    });
    expect(data.promptPartials.totalCount).toBe(2);
    expect(data.promptPartials.nodes).toMatchObject([
      { name: 'greeting', version: 1, usedBy: [use(2, 1, false), use(1, 1, false)] },
      {
        name: 'name',
        versions: {
          totalCount: 2,
          nodes: [
            { number: 2, template: 'Grace' },
            { number: 1, template: 'Ada' },
          ],
        },
        usedBy: [use(2, 2, false), use(1, 1, true)],
      },
    ]);
  });

  it('with the same text again makes no version', async () => {
    const { partial } = await setPartial(gateway(), 'same', 'text');
    expect((await setPartial(gateway(), 'same', 'text')).partial).toEqual({ ...partial, version: 1 });
    expect(await auditOf(gateway(), partial.id)).toEqual(['prompt.partial']);
  });

  it.each([
    ['a name that cannot be', 'No Name', 'x', 'name', 'input.name is "No Name"'],
    ['a template that does not parse', 'broken', 'one\n{{ x', 'template', 'has a fault at line 2, column 1'],
    ['a partial that there is none of', 'lost', "{% render 'none' %}", 'template', 'no partial "none"'],
    ['itself', 'mirror', "{% render 'mirror' %}", 'template', 'cannot render itself'],
    ['one that is too long', 'long', 'x'.repeat(64_001), 'template', '64,001 characters'],
  ])('is refused for %s', async (_, name, template, member, message) => {
    expect(await setPartial(gateway(), name, template)).toEqual({
      partial: null,
      errors: [{ code: 'INVALID_INPUT', path: ['input', member], message: expect.stringContaining(message) }],
    });
  });

  it('is refused where others would render it in a circle', async () => {
    await setPartial(gateway(), 'one', 'x');
    await setPartial(gateway(), 'two', "{% render 'one' %}");
    expect((await setPartial(gateway(), 'one', "{% render 'two' %}")).errors[0].message).toContain(
      'cannot render itself: one renders two renders one',
    );
  });
});
