import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { useGateway } from '../support/gateway.ts';
import {
  act,
  auditOf,
  decideLabel,
  labelled,
  promptIdOf,
  protect,
  setPartial,
  type Fault,
} from './store/support.ts';
import { createPrompt, createVersion, saying } from './support.ts';

const gateway = useGateway();

interface Edit {
  slug: string | null;
  partial: string | null;
  action: string;
  version: number;
  newVersion: number;
  changes: { kind: string; path: string[]; before: unknown; after: unknown }[];
  label: {
    name: string;
    from: number | null;
    to: number;
    isProtected: boolean;
    labelRequest: object | null;
  } | null;
}

const APPLY = `mutation ($input: PromptsApplyInput!) { promptsApply(input: $input) {
  edits {
    slug partial action version newVersion changes { kind path before after }
    label { name from to isProtected labelRequest { id status note version { number } } }
  }
  errors { code message path }
} }`;

function apply(
  input: object,
  key?: { id: string; secret: string },
): Promise<{ edits: Edit[] | null; errors: Fault[] }> {
  return act(gateway(), APPLY, { input: { prompts: [], ...input }, key });
}

/** What became of each, in short. */
async function applied(input: object): Promise<string[]> {
  const { edits, errors } = await apply(input);
  expect(errors).toEqual([]);
  return edits!.map(
    ({ slug, partial, action, version, newVersion, label }) =>
      `${slug ?? `partial ${partial}`} ${action} ${version}>${newVersion}${label ? ` ${label.name} ${label.from}>${label.to}` : ''}`,
  );
}

async function versionsOf(slug: string): Promise<number | undefined> {
  const { data } = await gateway().ask(
    'query ($slug: String!) { prompt(slug: $slug) { version { number } } }',
    { slug },
  );
  return data.prompt?.version.number;
}

const prompt = (slug: string, template: string, more: object = {}) => ({
  slug,
  version: saying(template),
  ...more,
});

describe('prompts that are set together', () => {
  it('are made, changed or left, by what the newest version of each says', async () => {
    const one = prompt('set-one', 'One {{ name }}', { folder: 'sets', description: 'First' });
    const two = prompt('set-two', "{% render 'set_tone' %}Two");
    const partials = [{ name: 'set_tone', template: 'Be kind. ' }];
    expect(await applied({ prompts: [one, two], partials })).toEqual([
      'partial set_tone CREATED 0>1',
      'set-one CREATED 0>1',
      'set-two CREATED 0>1',
    ]);
    expect(await applied({ prompts: [one, two], partials })).toEqual([
      'partial set_tone UNCHANGED 1>1',
      'set-one UNCHANGED 1>1',
      'set-two UNCHANGED 1>1',
    ]);
    // Copies of a partial are as new as the partial.
    expect(
      await applied({ prompts: [one, two], partials: [{ name: 'set_tone', template: 'Be brief. ' }] }),
    ).toEqual(['partial set_tone CHANGED 1>2', 'set-one UNCHANGED 1>1', 'set-two CHANGED 1>2']);
    // Where it stands is no part of a version.
    expect(await applied({ prompts: [{ ...one, folder: '', description: '' }] })).toEqual([
      'set-one CHANGED 1>1',
    ]);
    await setPartial(gateway(), 'set_tone', 'Be quick. ');
    expect(await applied({ prompts: [two] })).toEqual(['set-two CHANGED 2>3']);
    expect(await auditOf(gateway(), await promptIdOf(gateway(), 'set-one'))).toEqual([
      'prompt.create',
      'prompt.update',
    ]);
    expect(await auditOf(gateway(), await promptIdOf(gateway(), 'set-two'))).toEqual([
      'prompt.create',
      'prompt.version',
      'prompt.version',
    ]);
  });

  it('tell each difference, also before anything is done', async () => {
    await createPrompt(gateway(), { slug: 'told', folder: 'old', version: saying('One') });
    const input = {
      prompts: [prompt('told', 'Two', { folder: 'new' }), prompt('untold', 'Hi', { description: 'New' })],
      dryRun: true,
    };
    const { edits } = await apply(input);
    expect(edits?.map(({ changes }) => changes)).toEqual([
      [
        { kind: 'SETTING_CHANGED', path: ['folder'], before: 'old', after: 'new' },
        { kind: 'MESSAGE_CHANGED', path: ['messages', '0', 'template'], before: 'One', after: 'Two' },
      ],
      [
        { kind: 'SETTING_CHANGED', path: ['description'], before: null, after: 'New' },
        { kind: 'SETTING_CHANGED', path: ['model'], before: null, after: 'demo/echo' },
        { kind: 'SETTING_CHANGED', path: ['params'], before: null, after: {} },
        {
          kind: 'MESSAGE_ADDED',
          path: ['messages', '0'],
          before: null,
          after: { role: 'USER', template: 'Hi' },
        },
      ],
    ]);
    expect([await versionsOf('told'), await versionsOf('untold')]).toEqual([1, undefined]);
    expect((await apply({ ...input, dryRun: false })).edits).toEqual(edits);
    expect([await versionsOf('told'), await versionsOf('untold')]).toEqual([2, 1]);
  });

  it('are all refused where anything is wrong, and every fault is told with its path', async () => {
    const { edits, errors } = await apply({
      partials: [
        { name: 'faulty', template: 'Fine\n{% if %}' },
        { name: 'fine', template: 'Fine' },
      ],
      prompts: [
        prompt('fault-one', 'Fine'),
        prompt('fault-two', 'Hello\n  {{ name', { folder: 'No Folder' }),
        prompt('fault-three', "{% render 'faulty' %}"),
        prompt('fault-four', "{% render 'missing' %}"),
        { slug: 'Fault', version: saying('Fine', { model: 'demo/none', note: 'x'.repeat(1_001) }) },
        prompt('fault-one', 'Again'),
      ],
    });
    expect(edits).toBeNull();
    const at = (index: number, ...rest: string[]) => ['input', 'prompts', String(index), ...rest];
    // What renders a faulty partial has no fault of its own.
    expect(errors.map(({ path }) => path)).toEqual([
      at(5, 'slug'),
      ['input', 'partials', '0', 'template'],
      at(1, 'folder'),
      at(1, 'version', 'messages', '0', 'template'),
      at(3, 'version', 'messages', '0', 'template'),
      at(4, 'slug'),
      at(4, 'version', 'model'),
      at(4, 'version', 'note'),
    ]);
    expect(errors[0]?.message).toBe('input.prompts.5.slug is "fault-one" a second time');
    expect(errors[1]?.message).toMatch(/^input\.partials\.0\.template has a fault at line 2, column 6: /);
    expect(errors[3]?.message).toMatch(
      /^input\.prompts\.1\.version\.messages\.0\.template has a fault at line 2, column 3: /,
    );
    expect(await versionsOf('fault-one')).toBeUndefined();
    expect(
      (await gateway().ask('{ promptPartials { nodes { name } } }')).data.promptPartials.nodes,
    ).not.toContainEqual({
      name: 'fine',
    });
  });

  it('are refused where two give one field, and where one is archived', async () => {
    const clash = await apply({ prompts: [prompt('one-field', 'One'), prompt('one-f-ield', 'Two')] });
    expect(clash.errors).toMatchObject([{ code: 'CONFLICT', path: ['input', 'prompts', '1', 'slug'] }]);
    await applied({ prompts: [prompt('put-away', 'One')] });
    expect(await applied({ archive: ['put-away'] })).toEqual(['put-away ARCHIVED 1>1']);
    expect(await applied({ archive: ['put-away'] })).toEqual(['put-away UNCHANGED 1>1']);
    expect((await apply({ prompts: [prompt('put-away', 'One')] })).errors).toEqual([
      {
        code: 'CONFLICT',
        message: 'the prompt put-away is archived; bring it back by promptRestore first',
        path: ['input', 'prompts', '0', 'slug'],
      },
    ]);
    expect((await apply({ archive: ['nowhere'] })).errors).toMatchObject([
      { code: 'NOT_FOUND', path: ['input', 'archive', '0'] },
    ]);
  });
});

describe('what was shown', () => {
  it('is done as it was shown, or not at all', async () => {
    await applied({ prompts: [prompt('shown', 'One')], partials: [{ name: 'shown', template: 'One' }] });
    await createVersion(gateway(), { slug: 'shown', version: saying('Elsewhere') });
    const expecting = async (expect: object[]) =>
      (
        await apply({
          prompts: [prompt('shown', 'Two'), prompt('shown-new', 'Two')],
          partials: [{ name: 'shown', template: 'Two' }],
          expect,
        })
      ).errors;
    const at = (index: number) => ['input', 'expect', String(index)];
    expect(await expecting([{ slug: 'shown', version: 1 }])).toEqual([
      { code: 'CONFLICT', message: 'the prompt shown is at version 2; you expected version 1', path: at(0) },
    ]);
    expect(
      await expecting([
        { slug: 'shown', version: 2 },
        { partial: 'shown', version: 0 },
      ]),
    ).toMatchObject([
      { code: 'CONFLICT', message: 'the partial shown is at version 1; you expected none', path: at(1) },
    ]);
    expect(await expecting([{ slug: 'shown-new', version: 3 }])).toMatchObject([
      { message: 'the prompt shown-new is not there; you expected version 3' },
    ]);
    expect(await expecting([{ version: 3 }])).toMatchObject([{ code: 'INVALID_INPUT', path: at(0) }]);
    expect(await expecting([{ slug: 'other', version: 0 }])).toMatchObject([
      { code: 'INVALID_INPUT', path: at(0) },
    ]);
    expect(await versionsOf('shown')).toBe(2);
    expect(
      await expecting([
        { slug: 'shown', version: 2 },
        { slug: 'shown-new', version: 0 },
        { partial: 'shown', version: 1 },
      ]),
    ).toEqual([]);
    expect(await versionsOf('shown')).toBe(3);
  });
});

describe('a label', () => {
  const one = prompt('labelled-one', 'One');
  const two = prompt('labelled-two', 'Two');
  beforeAll(async () => {
    await applied({ prompts: [one, two] });
  });

  it('goes to the newest version of each, also of those that stay', async () => {
    const input = { prompts: [one, prompt('labelled-two', 'Other')], label: 'staging' };
    expect(await applied({ ...input, dryRun: true })).toEqual([
      'labelled-one UNCHANGED 1>1 staging null>1',
      'labelled-two CHANGED 1>2 staging null>2',
    ]);
    expect(await labelled(gateway(), 'labelled-one', 'staging')).toBeUndefined();
    expect(await applied(input)).toHaveLength(2);
    expect(await labelled(gateway(), 'labelled-one', 'staging')).toBe(1);
    expect(await labelled(gateway(), 'labelled-two', 'staging')).toBe(2);
    expect(await applied(input)).toEqual(['labelled-one UNCHANGED 1>1', 'labelled-two UNCHANGED 2>2']);
    expect((await apply({ ...input, label: 'latest' })).errors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'label'] },
    ]);
  });

  it('that is protected waits for somebody else', async () => {
    await protect(gateway(), 'checked');
    const version = { ...saying('Careful'), note: 'more careful' };
    const input = { prompts: [{ slug: 'labelled-one', version }], label: 'checked' };
    const dry = (await apply({ ...input, dryRun: true })).edits?.[0]?.label;
    expect(dry).toEqual({ name: 'checked', from: null, to: 2, isProtected: true, labelRequest: null });
    const asks = await makeKey(gateway(), { scopes: ['PROMPTS_WRITE', 'PROMPTS_PUBLISH'] });
    const { edits } = await apply(input, asks);
    expect(edits?.[0]?.label).toEqual({
      ...dry,
      labelRequest: {
        id: expect.any(String),
        status: 'PENDING',
        note: 'more careful',
        version: { number: 2 },
      },
    });
    expect(await versionsOf('labelled-one')).toBe(2);
    expect(await labelled(gateway(), 'labelled-one', 'checked')).toBeUndefined();
    const { id } = edits![0]!.label!.labelRequest as { id: string };
    const agrees = await makeKey(gateway(), { scopes: ['PROMPTS_PUBLISH'] });
    expect((await decideLabel(gateway(), { id, approve: true }, agrees)).errors).toEqual([]);
    expect(await labelled(gateway(), 'labelled-one', 'checked')).toBe(2);
    expect((await apply({ archive: ['labelled-one'] })).errors).toMatchObject([
      { code: 'CONFLICT', path: ['input', 'archive', '0'] },
    ]);
  });

  it('and archiving take the scope of publishing', async () => {
    const writer = await makeKey(gateway(), { scopes: ['PROMPTS_WRITE'] });
    expect((await apply({ prompts: [two] }, writer)).errors).toEqual([]);
    for (const [member, value] of [
      ['label', 'staging'],
      ['archive', ['labelled-one']],
    ] as const)
      expect(await apply({ prompts: [two], [member]: value, dryRun: true }, writer)).toEqual({
        edits: null,
        errors: [
          {
            code: 'FORBIDDEN',
            message: `input.${member} needs the scope PROMPTS_PUBLISH, which you do not have`,
            path: null,
          },
        ],
      });
  });
});
