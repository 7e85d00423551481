import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPrompts, type GatewayPrompts } from '../../src/cli/gateway-prompts.ts';
import { diffLines } from '../../src/cli/line-diff.ts';
import { shorten, toYaml } from '../../src/cli/prompt-documents.ts';
import {
  placeOf,
  placeOfPartial,
  readPromptFiles,
  type PromptDocument,
} from '../../src/config/prompt-files.ts';
import { act } from '../prompts/store/support.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const gateway = useGateway();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-prompts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const YAML_SIGNS = [
  '- ',
  '# ',
  ': ',
  '|',
  '>',
  '"',
  "'",
  '---',
  '...',
  '%',
  '&a',
  '*a',
  '!',
  '@',
  '`',
  '?',
  ',',
];
const ENDS = ['\n', '\n', '\n\n', ' ', '  ', '\t', '\r\n', '\r'];
const HARD = ['\u0085', '\u2028', '\ufeff', '\u00a0', '\u007f', '\u001b', '😀', 'true', 'null', '1e3', '012'];

/** Texts that are hard on files. No template tells of a variable by them. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...ENDS),
      fc.constantFrom(...YAML_SIGNS),
      fc.constantFrom(...HARD),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join('').replaceAll(/[{}\0]/g, ''));
const said = text.filter((each) => each !== '');
const schema = fc.record({
  type: fc.constant('object'),
  properties: fc.dictionary(
    fc.stringMatching(/^[a-zA-Z_]{1,8}$/),
    fc.record({ type: fc.constantFrom('string', 'number'), description: text }),
    { noNullPrototype: true },
  ),
});
const variable = fc.record(
  { description: text, required: fc.boolean(), neverLog: fc.boolean(), example: text, default: text },
  { requiredKeys: [] },
);
const message = fc.record({ role: fc.constantFrom('SYSTEM', 'USER', 'ASSISTANT'), template: text });

/** A prompt that names a variable, which may be declared, and renders a partial. */
const prompt = fc
  .record(
    {
      description: said,
      params: fc.record({ temperature: fc.constantFrom(0, 0.1, 1), stop: fc.array(said, { maxLength: 2 }) }),
      variables: fc.array(variable, { maxLength: 1 }),
      messages: fc.array(message, { maxLength: 3 }),
      tools: fc.array(fc.record({ name: fc.constant('look_up'), description: text, parameters: schema }), {
        maxLength: 1,
      }),
      outputSchema: schema,
      cacheSeconds: fc.integer({ min: 1, max: 1000 }),
      entity: fc.record(
        {
          typeName: fc.constant('Ticket'),
          key: fc.constantFrom('id', 'number'),
          keyType: fc.constantFrom('ID!', 'Int!'),
          field: fc.constant('summary'),
          variables: fc.constant([
            { variable: 'topic', field: 'topic' },
            { variable: 'ticket', field: 'parent', type: 'JSON!' },
          ]),
        },
        { requiredKeys: ['typeName', 'field', 'variables'] },
      ),
    },
    { requiredKeys: ['messages'] },
  )
  .chain((rest) => text.map((around) => ({ rest, around })))
  .map(({ rest, around }) => ({
    model: 'demo/echo',
    ...rest,
    ...(rest.variables && {
      variables: rest.variables.map((each) => ({ name: 'topic', type: 'STRING', ...each })),
    }),
    messages: [
      ...rest.messages,
      { role: 'USER', template: `${around}{{ topic }}${around}{% render 'signs' %}{{ ticket.id }}${around}` },
    ],
  })) as fc.Arbitrary<PromptDocument>;

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

async function push(prompts: object[], partials: object[], dryRun = false): Promise<string[]> {
  const { edits, errors } = await act(
    gateway(),
    `mutation ($input: PromptsApplyInput!) {
      promptsApply(input: $input) { edits { slug partial action changes { path before after } } errors { message } }
    }`,
    { input: { prompts, partials, dryRun } },
  );
  expect(errors).toEqual([]);
  const changing = edits.filter(({ action }: { action: string }) => action !== 'UNCHANGED');
  return changing.map((edit: object) => JSON.stringify(edit));
}

const toInput = (slug: string, at: string, { description, ...version }: PromptDocument) => ({
  slug,
  folder: at,
  description,
  version,
});

describe('any prompts', () => {
  const sample = fc.sample(prompt, { numRuns: 80, seed: 42 });
  const partial = fc.sample(said, { numRuns: 1, seed: 7 })[0]!;
  const slugOf = (index: number) => `prompt-${index}`;
  const folderOf = (index: number) => ['', 'support', 'support/tickets'][index % 3]!;
  let there: GatewayPrompts;

  beforeAll(async () => {
    const inputs = sample.map((each, index) => toInput(slugOf(index), folderOf(index), each));
    await push(inputs, [{ name: 'signs', template: partial }]);
    there = await readPrompts({ url: gateway().url, key: ADMIN_KEY }, undefined);
  });

  it('are, as a gateway tells them, what was said of them', () => {
    expect(there.partials.get('signs')).toBe(partial);
    for (const [index, document] of sample.entries()) {
      const found = there.prompts.find(({ slug }) => slug === slugOf(index))!;
      expect(found.folder).toBe(folderOf(index));
      expect(found.document).toEqual(shorten(document, { signs: { template: partial } }));
      expect(found.document.variables?.map(({ name }) => name) ?? []).not.toContain('ticket');
    }
  });

  it('are the same out of files as they went in, and change nothing where they came from', async () => {
    for (const each of there.prompts) await write(placeOf(each), toYaml(each.document));
    for (const [name, template] of there.partials) await write(placeOfPartial(name), template);
    const files = readPromptFiles(folder);
    expect(files.partials.map(({ name, template }) => [name, template])).toEqual([...there.partials]);
    for (const { slug, folder: at, document } of there.prompts) {
      const file = files.prompts.find((each) => each.slug === slug)!;
      expect(file.folder).toBe(at);
      expect(file.document).toEqual(document);
    }
    const inputs = files.prompts.map((file) => toInput(file.slug, file.folder, file.document));
    const partials = files.partials.map(({ name, template }) => ({ name, template }));
    expect(await push(inputs, partials, true)).toEqual([]);
  });
});

describe('a diff of lines', () => {
  it('holds both texts', () => {
    const line = fc.constantFrom('a', 'b', 'c', '');
    const lines = fc.array(line, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const [was, is] = [before, after].map((each) => `${each.join('\n')}\n`);
        const shown = diffLines(was!, is!);
        // Where lines are left out, those that are shown are not all.
        fc.pre(!shown.includes('…'));
        const without = (sign: string) =>
          shown.filter((each) => !each.startsWith(sign)).map((each) => each.slice(2));
        expect([without('+'), without('-')]).toEqual([before, after]);
      }),
    );
  });

  it('shows what stands around a change, and how a text ends', () => {
    const long = Array.from({ length: 12 }, (_, index) => `line ${index}\n`).join('');
    expect(diffLines(long, long.replace('line 6', 'line six'))).toEqual([
      '…',
      '  line 3',
      '  line 4',
      '  line 5',
      '- line 6',
      '+ line six',
      '  line 7',
      '  line 8',
      '  line 9',
      '…',
    ]);
    expect(diffLines('one\ntwo', 'one\ntwo\n')).toEqual(['  one', '  two', '- \\ no end of the line']);
    expect(diffLines(long, long)).toEqual(['…']);
    expect(diffLines('', 'one\ntwo')).toEqual(['+ one', '+ two']);
    // Too much to compare: one after the other.
    const many = (word: string) =>
      `${Array.from({ length: 2_000 }, (_, index) => word + index).join('\n')}\n`;
    expect(diffLines(many('a'), many('b'))).toHaveLength(4_000);
  });
});
