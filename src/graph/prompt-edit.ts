import { PROMPT_ACTIONS, type Edits, type LabelEdit, type PromptEdit as PromptRow } from '../prompts/edit.ts';
import { builder } from './builder.ts';
import { PromptChange } from './prompt-diff.ts';
import { PromptLabelRequest } from './prompt-label-request.ts';

/** What becomes of one prompt or partial, by its name. */
export interface EditRow extends Pick<PromptRow, 'action' | 'version' | 'changes' | 'move'> {
  slug: string | undefined;
  partial: string | undefined;
  newVersion: number;
}

export function toRows({ partials, prompts }: Edits): EditRow[] {
  return [
    ...partials.map(({ partial, action, version, changes }) => ({
      slug: undefined,
      partial: partial.name,
      action,
      version,
      newVersion: action === 'UNCHANGED' ? version : version + 1,
      changes,
      move: undefined,
    })),
    ...prompts.map(({ prompt, action, version, next, changes, move }) => ({
      slug: prompt.slug,
      partial: undefined,
      action,
      version,
      newVersion: next?.number ?? version,
      changes,
      move,
    })),
  ];
}

const PromptAction = builder.enumType('PromptAction', {
  description: 'CHANGED: it gets a version, or another folder or description.',
  values: PROMPT_ACTIONS,
});

const PromptLabelEdit = builder.objectRef<LabelEdit>('PromptLabelEdit').implement({
  description: 'Where a label goes.',
  fields: (t) => ({
    name: t.string({ resolve: ({ label }) => label }),
    from: t.int({ nullable: true, description: 'Null: it was not there.', resolve: ({ from }) => from }),
    to: t.exposeInt('to'),
    isProtected: t.exposeBoolean('isProtected', {
      description: 'It moves when somebody else agrees, and stays until then.',
    }),
    labelRequest: t.field({
      type: PromptLabelRequest,
      nullable: true,
      description: 'What they are to decide on; null in a dry run.',
      resolve: ({ requestId }, _args, { loaders }) =>
        requestId === undefined ? null : loaders.labelRequest.load(requestId),
    }),
  }),
});

export const PromptEdit = builder.objectRef<EditRow>('PromptEdit').implement({
  description: 'What becomes, or would become, of one prompt or one partial.',
  fields: (t) => ({
    slug: t.string({ nullable: true, description: 'Of a prompt.', resolve: ({ slug }) => slug }),
    partial: t.string({
      nullable: true,
      description: 'The name of a partial.',
      resolve: ({ partial }) => partial,
    }),
    action: t.field({ type: PromptAction, resolve: ({ action }) => action }),
    version: t.exposeInt('version', { description: 'The newest one that there was before; 0 for none.' }),
    newVersion: t.exposeInt('newVersion', {
      description: 'The newest one from then on; the same where none is made.',
    }),
    changes: t.field({
      type: [PromptChange],
      description: 'With ["folder"] and ["description"]; of a partial: ["partials", "tone", "template"].',
      resolve: ({ changes }) => changes,
    }),
    label: t.field({
      type: PromptLabelEdit,
      nullable: true,
      description: 'Null where it stands there already.',
      resolve: ({ move }) => move,
    }),
  }),
});
