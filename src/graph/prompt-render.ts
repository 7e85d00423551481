import { estimate } from '../completion/estimate.ts';
import type { AskMessage, AskPart } from '../domain/ask.ts';
import { parseAsk } from '../domain/ask.ts';
import { PRODUCTION, type PromptRef } from '../domain/prompt.ts';
import type { ReadyVersion } from '../prompts/book.ts';
import { showPrompt, type ShownPrompt } from '../prompts/show.ts';
import { builder } from './builder.ts';
import { MessageRole } from './completion-input.ts';
import type { GraphContext } from './context.ts';
import { isUserError } from './errors.ts';
import { Estimate, ESTIMATE_COST, refusedEstimate } from './estimate.ts';
import { PromptVersion } from './prompt.ts';

const PromptMessagePart = builder.objectRef<AskPart>('PromptMessagePart').implement({
  description: 'One of its members is there.',
  fields: (t) => ({
    text: t.string({ nullable: true, resolve: (part) => (part.type === 'text' ? part.text : null) }),
    imageUrl: t.string({ nullable: true, resolve: (part) => (part.type === 'image' ? part.url : null) }),
  }),
});

const RenderedMessage = builder.objectRef<AskMessage>('RenderedMessage').implement({
  fields: (t) => ({
    role: t.field({ type: MessageRole, resolve: ({ role }) => role }),
    parts: t.field({ type: [PromptMessagePart], resolve: ({ parts }) => parts }),
  }),
});

interface Rendering {
  version: ReadyVersion | undefined;
  shown: ShownPrompt | undefined;
  estimate: Awaited<ReturnType<typeof estimate>>;
}

const PromptRendering = builder.objectRef<Rendering>('PromptRendering').implement({
  description: 'What a prompt would say, and what that would come to. Nothing is called, nothing is held.',
  fields: (t) => ({
    promptVersion: t.field({ type: PromptVersion, nullable: true, resolve: ({ version }) => version }),
    messages: t.field({
      type: [RenderedMessage],
      nullable: true,
      description: `As they would be sent, with stand-ins for the values of variables that are kept nowhere; null where a variable is
unknown, missing or of another type.`,
      resolve: ({ shown }) => shown?.messages,
    }),
    variables: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'With the defaults of those that were not given; like `messages`, without what is kept nowhere.',
      resolve: ({ shown }) => shown?.variables,
    }),
    estimate: t.field({
      type: Estimate,
      description:
        'Its `refusals` say all that would keep it from being answered, wrong variables among them.',
      resolve: (rendering) => rendering.estimate,
    }),
  }),
});

builder.queryField('promptRender', (t) =>
  t.field({
    type: PromptRendering,
    args: {
      slug: t.arg.string({ required: true }),
      label: t.arg.string({ defaultValue: PRODUCTION, description: '`latest` is the newest version.' }),
      version: t.arg.int({ description: 'Its number, instead of a label.' }),
      variables: t.arg({ type: 'JSON', description: 'By name.' }),
      model: t.arg.string({ description: 'Instead of the one that the version names.' }),
    },
    complexity: ESTIMATE_COST,
    resolve: async (_root, { slug, label, version, variables, model }, context) => {
      const ref = { slug, label: label ?? PRODUCTION, version: version ?? undefined, variables };
      const rendering: Partial<Rendering> = {};
      try {
        rendering.version = await context.gateway.prompts.book.ensure(context.who.organisationId, ref);
        rendering.shown = showPrompt(rendering.version, variables ?? {}, ['variables']);
        rendering.estimate = await estimateOf(context, ref, model);
      } catch (error) {
        if (!isUserError(error)) throw error;
        rendering.estimate = refusedEstimate(error);
      }
      return rendering as Rendering;
    },
  }),
);

function estimateOf(
  { gateway, who, ip, region }: GraphContext,
  ref: PromptRef,
  model: string | null | undefined,
): Promise<Rendering['estimate']> {
  const draft = parseAsk({ model, source: { prompt: ref } }, []);
  return estimate(gateway.estimates, { who, ip, region }, draft);
}
