import { ensureAllowed } from '../access/rules.ts';
import { InvalidInput } from '../domain/errors.ts';
import { applyPrompts } from '../prompts/apply.ts';
import type { Edits, Expectation, WantedChanges } from '../prompts/edit.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull, type WithoutNull } from './inputs.ts';
import { PromptEdit, toRows, type EditRow } from './prompt-edit.ts';
import { ensureForeign } from './prompt-entity.ts';
import { toWanted } from './prompt-input.ts';
import { PromptPartialSetInput } from './prompt-partial.ts';
import { checking } from './prompt-publish.ts';
import { PromptCreateInput } from './prompt-set.ts';
import { originOf } from './route-set.ts';

const PromptExpectationInput = builder.inputType('PromptExpectationInput', {
  description: 'Of a prompt or of a partial, by one of the two names.',
  fields: (t) => ({
    slug: t.string(),
    partial: t.string({ description: 'Its name.' }),
    version: t.int({
      required: true,
      description: 'The number of its newest version; 0: that there is none.',
    }),
  }),
});

const PromptsApplyInput = builder.inputType('PromptsApplyInput', {
  fields: (t) => ({
    prompts: t.field({
      type: [PromptCreateInput],
      required: true,
      description: 'Whether or not there are any: folder and description become what is given here.',
    }),
    partials: t.field({
      type: [PromptPartialSetInput],
      description: 'The prompts copy them as they are here.',
    }),
    archive: t.stringList({
      description: 'Slugs of prompts that are to be archived; takes `PROMPTS_PUBLISH`.',
    }),
    label: t.string({
      description: `Is to stand for the newest version of each of \`prompts\`, also of those that stay as they are; takes
\`PROMPTS_PUBLISH\`. A protected one moves when somebody else agrees.`,
    }),
    expect: t.field({
      type: [PromptExpectationInput],
      description: 'With another newest version than this nothing is changed (`CONFLICT`).',
    }),
    dryRun: t.boolean({
      defaultValue: false,
      description: 'Tells what would be done, or what is wrong with it, and changes nothing.',
    }),
  }),
});

const PromptsApplyPayload = builder
  .objectRef<Payload<{ edits: EditRow[] }>>('PromptsApplyPayload')
  .implement({
    fields: (t) => ({
      edits: t.field({
        type: [PromptEdit],
        nullable: true,
        description: 'Partials first, then prompts, then what is archived, each in the order of the input.',
        resolve: ({ edits }) => edits,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationField('promptsApply', (t) =>
  t.field({
    type: PromptsApplyPayload,
    description: `Makes prompts and partials what is said here, all or none, checked together. What one says already makes no version;
a copy of a partial that has a newer text does. Prompts that are not named stay as they are.`,
    args: { input: t.arg({ type: PromptsApplyInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { graphs, who } = context;
        const wanted = toChanges(withoutNull(input));
        if (wanted.label !== undefined) ensureAllowed(who, 'PROMPTS_PUBLISH', 'input.label');
        if (wanted.archive.length > 0) ensureAllowed(who, 'PROMPTS_PUBLISH', 'input.archive');
        for (const { version, at } of wanted.prompts)
          ensureForeign(graphs.statics.schema, version.entity ?? undefined, [...at, 'version']);
        const { store } = await checking(context, false);
        const edits: Edits = await applyPrompts(store, who, wanted, originOf(context));
        return { edits: toRows(edits) };
      }),
  }),
);

function toChanges(input: WithoutNull<typeof PromptsApplyInput.$inferInput>): WantedChanges {
  const { prompts, partials = [], archive = [], label, expect = [], dryRun = false } = input;
  return {
    partials: partials.map(({ name, template, note }, index) => ({
      name,
      template,
      note,
      at: ['input', 'partials', String(index)],
    })),
    prompts: prompts.map(({ slug, folder = '', description, version }, index) => ({
      slug,
      place: { folder, description: description === '' ? undefined : description },
      ...toWanted(version),
      at: ['input', 'prompts', String(index)],
      how: 'SAYING',
    })),
    archive,
    label,
    expected: expect.map(toExpectation),
    dryRun,
  };
}

/** @throws InvalidInput. */
function toExpectation(
  { slug, partial, version }: WithoutNull<typeof PromptExpectationInput.$inferInput>,
  index: number,
): Expectation {
  if ((slug === undefined) !== (partial === undefined)) return { slug, partial, version };
  const path = ['input', 'expect', String(index)];
  throw new InvalidInput([{ path, message: `${path.join('.')} must name a slug, or else a partial` }]);
}
