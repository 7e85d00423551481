import { LABEL_REQUEST_STATUSES, type LabelRequest as RequestRow } from '../domain/prompt.ts';
import { isId } from '../lib/ids.ts';
import { cancelLabelRequest, decideLabelRequest } from '../prompts/approvals.ts';
import { countLabelRequests, readLabelRequests } from '../prompts/request-rows.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { checking, FORCE } from './prompt-publish.ts';
import { Prompt, PromptVersion } from './prompt.ts';
import { originOf } from './route-set.ts';

const PromptLabelRequestStatus = builder.enumType('PromptLabelRequestStatus', {
  description:
    'CANCELLED: it was taken back, something else was asked for the label, or its protection ended. EXPIRED: nobody decided on it in time.',
  values: LABEL_REQUEST_STATUSES,
});

export const PromptLabelRequest = builder.objectRef<RequestRow>('PromptLabelRequest');
builder.node(PromptLabelRequest, {
  description: 'Somebody wants a protected label moved, and somebody else is to agree.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.labelRequest.load(id))),
  fields: (t) => ({
    prompt: t.field({
      type: Prompt,
      nullable: true,
      resolve: ({ promptId }, _args, { loaders }) => loaders.prompt.load(promptId),
    }),
    label: t.exposeString('label'),
    version: t.field({
      type: PromptVersion,
      nullable: true,
      description: 'What the label is to stand for; null: it is to be taken away.',
      resolve: ({ promptId, version: number }, _args, { loaders }) =>
        number === undefined ? null : loaders.promptVersionOf.load({ promptId, number }),
    }),
    note: t.string({ nullable: true, resolve: ({ note }) => note }),
    status: t.field({ type: PromptLabelRequestStatus, resolve: ({ status }) => status }),
    requesterId: t.id({ description: 'Of the key or user.', resolve: ({ requesterId }) => requesterId }),
    requestedBy: t.node({
      description: 'The key or user; null where the viewer may not see it.',
      id: ({ requesterId }) => requesterId,
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    lapsesAt: t.field({
      type: 'DateTime',
      description: 'When it ends undecided.',
      resolve: ({ lapsesAt }) => lapsesAt,
    }),
    deciderId: t.id({
      nullable: true,
      description: 'Of the key or user that decided on it or called it off.',
      resolve: ({ deciderId }) => deciderId,
    }),
    decidedBy: t.node({
      description: 'The key or user; null where the viewer may not see it.',
      id: ({ deciderId }) => deciderId,
    }),
    decidedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ decidedAt }) => decidedAt }),
    decisionNote: t.string({
      nullable: true,
      description: 'What the decider said.',
      resolve: ({ decisionNote }) => decisionNote,
    }),
  }),
});

const PromptLabelRequestConnection = connectionOf('PromptLabelRequest', PromptLabelRequest);

const PromptLabelRequestPayload = builder
  .objectRef<Payload<{ labelRequest: RequestRow | null }>>('PromptLabelRequestPayload')
  .implement({
    fields: (t) => ({
      labelRequest: t.field({
        type: PromptLabelRequest,
        nullable: true,
        resolve: ({ labelRequest }) => labelRequest,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

const PromptLabelDecideInput = builder.inputType('PromptLabelDecideInput', {
  fields: (t) => ({
    id: t.id({ required: true, description: 'Of the request.' }),
    approve: t.boolean({ required: true }),
    note: t.string({ description: 'For whoever asked.' }),
    force: t.boolean(FORCE),
  }),
});

builder.queryField('promptLabelRequests', (t) =>
  t.field({
    type: PromptLabelRequestConnection,
    description: 'Those of the organisation, newest first.',
    args: { ...pageArgs(t.arg), status: t.arg({ type: PromptLabelRequestStatus }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who: { organisationId } }) => {
      const { sql } = gateway.prompts;
      const filter = { status: args.status ?? undefined };
      return readPage(args, {
        read: (page) => readLabelRequests(sql, organisationId, { ...filter, ...page }),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('plr', text),
        count: () => countLabelRequests(sql, organisationId, filter),
      });
    },
  }),
);

builder.mutationFields((t) => ({
  promptLabelDecide: t.field({
    type: PromptLabelRequestPayload,
    description: `Decides whether a protected label moves, and moves it. Nobody decides on what they asked for themselves, nor on what was
asked for under a key whose secret they may know, because they made the key or gave it another secret.`,
    args: { input: t.arg({ type: PromptLabelDecideInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { id, approve, note, force } = withoutNull(input);
        const { store } = await checking(context, force);
        const decision = { id, approve, note };
        await decideLabelRequest(store, context.who, decision, originOf(context));
        return { labelRequest: await context.loaders.labelRequest.load(decision.id) };
      }),
  }),
  promptLabelRequestCancel: t.field({
    type: PromptLabelRequestPayload,
    description: 'Takes back what one has asked for.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, context) =>
      payload(async () => {
        await cancelLabelRequest(context.gateway.prompts, context.who, id, originOf(context));
        return { labelRequest: await context.loaders.labelRequest.load(id) };
      }),
  }),
}));
