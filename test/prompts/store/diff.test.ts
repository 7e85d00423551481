import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PromptSpec } from '../../../src/domain/prompt.ts';
import { diffSpecs } from '../../../src/prompts/diff.ts';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, createVersion, saying } from '../support.ts';

const BASE: PromptSpec = {
  messages: [{ role: 'USER', template: 'Hello' }],
  partials: {},
  variables: [],
  model: 'demo/echo',
  params: {},
  tools: [],
  outputSchema: undefined,
  cache: undefined,
  entity: undefined,
};
const variable = (name: string, more: Partial<PromptSpec['variables'][number]> = {}) => ({
  name,
  type: 'STRING' as const,
  schema: undefined,
  description: undefined,
  required: true,
  default: undefined,
  example: undefined,
  neverLog: false,
  ...more,
});
const diff = (from: Partial<PromptSpec>, to: Partial<PromptSpec>) =>
  diffSpecs({ ...BASE, ...from }, { ...BASE, ...to }).map(({ kind, path, before, after }) => [
    `${kind} ${path.join('.')}`,
    before,
    after,
  ]);
const [hello, bye, why] = ['Hello', 'Bye', 'Why?'].map((template) => ({ role: 'USER' as const, template }));
const system = { role: 'SYSTEM' as const, template: 'Be kind' };

describe('two versions differ', () => {
  it('in nothing', () => expect(diff({}, {})).toEqual([]));

  it('in settings, down to what changed', () =>
    expect(
      diff(
        {
          params: { temperature: 0.5 },
          outputSchema: { type: 'object', properties: { a: { type: 'string' } } },
        },
        {
          model: 'fast',
          params: { temperature: 1, stop: ['x'] },
          cache: { maxAgeSeconds: 60 },
          outputSchema: { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] },
        },
      ),
    ).toEqual([
      ['SETTING_CHANGED model', 'demo/echo', 'fast'],
      ['SETTING_CHANGED params.temperature', 0.5, 1],
      ['SETTING_CHANGED params.stop', undefined, ['x']],
      ['SETTING_CHANGED outputSchema.properties.a.type', 'string', 'number'],
      ['SETTING_CHANGED outputSchema.required', undefined, ['a']],
      ['SETTING_CHANGED cacheSeconds', undefined, 60],
    ]));

  it('in a message before the others, which stand still', () =>
    expect(diff({ messages: [hello!, bye!] }, { messages: [system, hello!, bye!] })).toEqual([
      ['MESSAGE_ADDED messages.0', undefined, system],
    ]));

  it('in the text of a message, and in one that is gone', () =>
    expect(diff({ messages: [system, hello!, bye!] }, { messages: [hello!, why!] })).toEqual([
      ['MESSAGE_REMOVED messages.0', system, undefined],
      ['MESSAGE_CHANGED messages.1.template', 'Bye', 'Why?'],
    ]));

  it('in variables, tools and partials, by their names', () => {
    const tool = { name: 'look', description: undefined, parameters: { type: 'object' } };
    expect(
      diff(
        { variables: [variable('a'), variable('b')], partials: { tone: { version: 1, template: 'x' } } },
        {
          variables: [variable('b', { required: false, default: 1 }), variable('c')],
          tools: [tool],
          partials: { tone: { version: 2, template: 'y' } },
        },
      ),
    ).toEqual([
      ['VARIABLE_REMOVED variables.a', expect.objectContaining({ name: 'a' }), undefined],
      ['VARIABLE_CHANGED variables.b.required', true, false],
      ['VARIABLE_CHANGED variables.b.default', undefined, 1],
      ['VARIABLE_ADDED variables.c', undefined, expect.objectContaining({ name: 'c' })],
      ['TOOL_ADDED tools.look', undefined, { name: 'look', parameters: { type: 'object' } }],
      ['PARTIAL_CHANGED partials.tone.version', 1, 2],
      ['PARTIAL_CHANGED partials.tone.template', 'x', 'y'],
    ]);
  });

  it('in exactly the messages that make one of the other', () => {
    const message = fc.record({
      role: fc.constantFrom('USER' as const, 'ASSISTANT' as const),
      template: fc.constantFrom('a', 'b', 'c').map(String),
    });
    const list = fc.array(message, { maxLength: 8 });
    fc.assert(
      fc.property(list, list, (before, after) => {
        const changes = diffSpecs({ ...BASE, messages: before }, { ...BASE, messages: after });
        const removed = new Set(
          changes.filter(({ kind }) => kind === 'MESSAGE_REMOVED').map(({ path }) => Number(path[1])),
        );
        const rest = before.filter((_, place) => !removed.has(place));
        for (const { kind, path, after: is } of changes.toSorted(
          (a, b) => Number(a.path[1]) - Number(b.path[1]),
        )) {
          const place = Number(path[1]);
          if (kind === 'MESSAGE_ADDED') rest.splice(place, 0, is as never);
          if (kind === 'MESSAGE_CHANGED') rest[place] = { ...rest[place]!, template: is as string };
        }
        expect(rest).toEqual(after);
      }),
    );
  });
});

describe('a schema in another order', () => {
  const inOrder = (...names: string[]) => ({
    properties: Object.fromEntries(names.map((name) => [name, {}])),
  });
  const [one, other] = [inOrder('reason', 'answer'), inOrder('answer', 'reason')];

  it('is another one, as models answer in that order', () => {
    expect(diff({ outputSchema: one }, { outputSchema: other })).toEqual([
      ['SETTING_CHANGED outputSchema', one, other],
    ]);
    const using = (parameters: object) => ({
      tools: [{ name: 'look_up', description: undefined, parameters: { ...parameters } }],
    });
    expect(diff(using(one), using(other))).toEqual([['TOOL_CHANGED tools.look_up.parameters', one, other]]);
    expect(diff({ outputSchema: one, ...using(one) }, { outputSchema: one, ...using(one) })).toEqual([]);
  });
});

describe('through the graph', () => {
  const gateway = useGateway();

  it('versions are compared in both directions, and with none that there is not', async () => {
    await createPrompt(gateway(), { slug: 'greet', version: saying('Hello {{ name }}') });
    await createVersion(gateway(), { slug: 'greet', version: saying('Good day {{ name }}') });
    const between = async (from: number, to: number, slug = 'greet') =>
      (
        await gateway().ask(
          `query ($slug: String!, $from: Int!, $to: Int!) {
            promptDiff(slug: $slug, from: $from, to: $to) { kind path before after }
          }`,
          { slug, from, to },
        )
      ).data.promptDiff;
    const texts = { before: 'Hello {{ name }}', after: 'Good day {{ name }}' };
    const change = { kind: 'MESSAGE_CHANGED', path: ['messages', '0', 'template'] };
    expect(await between(1, 2)).toEqual([{ ...change, ...texts }]);
    expect(await between(2, 1)).toEqual([{ ...change, before: texts.after, after: texts.before }]);
    expect(await between(1, 1)).toEqual([]);
    expect(await between(1, 3)).toBeNull();
    expect(await between(1, 2, 'none')).toBeNull();
  });
});
