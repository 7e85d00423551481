import type { Completion as CompletionRow } from '../domain/completion.ts';
import type { PromptVersion as VersionRow } from '../domain/prompt.ts';
import { improvePrompt } from '../evaluations/improve.ts';
import { NANOS } from '../lib/money.ts';
import { builder } from './builder.ts';
import { Completion } from './completion.ts';
import { COMPLETION_COST } from '../domain/operation.ts';
import type { GraphContext } from './context.ts';
import { failureErrors, payload, toUserErrors, UserError, type Payload } from './errors.ts';
import { PromptVersion } from './prompt.ts';
import { originOf } from './route-set.ts';

const DEFAULT_MAX_COST = NANOS;

const PromptImproveInput = builder.inputType('PromptImproveInput', {
  fields: (t) => ({
    evaluation: t.id({
      description: 'Its prompt is improved by the cases that did not pass. This or `prompt`.',
    }),
    prompt: t.string({ description: 'The slug of one that is improved by the instructions alone.' }),
    version: t.int({ description: 'Of `prompt`; the newest, unless given.' }),
    model: t.string({ required: true, description: 'Which model or route writes.' }),
    instructions: t.string({ description: 'What is to be better.' }),
    maxCost: t.field({
      type: 'Decimal',
      description: 'The most that it may come to in USD; "1" unless given. It is never passed.',
    }),
  }),
});

interface Improved {
  promptVersion: VersionRow | undefined;
  explanation: string | undefined;
  completion: CompletionRow | undefined;
}

const PromptImprovePayload = builder.objectRef<Payload<Improved>>('PromptImprovePayload').implement({
  fields: (t) => ({
    promptVersion: t.field({
      type: PromptVersion,
      nullable: true,
      description: 'A draft that no label stands for; null where what was written cannot be a version.',
      resolve: ({ promptVersion }) => promptVersion,
    }),
    explanation: t.string({
      nullable: true,
      description: 'What the model says of its changes.',
      resolve: ({ explanation }) => explanation,
    }),
    completion: t.field({
      type: Completion,
      nullable: true,
      description: 'What it took.',
      resolve: ({ completion }) => completion,
    }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationField('promptImprove', (t) =>
  t.field({
    type: PromptImprovePayload,
    description: `Has a model write the messages of a prompt anew, and keeps what it wrote as the next version of the prompt: a draft, which
nothing publishes by itself. Of variables that are never logged it is shown no values.`,
    args: { input: t.arg({ type: PromptImproveInput, required: true }) },
    complexity: COMPLETION_COST,
    resolve: async (_root, { input }, context) => {
      const asked = await payload(() => improve(input, context));
      const { completion, refusal } = asked;
      const failures = completion ? failureErrors(completion) : [];
      return { ...asked, errors: [...asked.errors, ...failures, ...(refusal ? toUserErrors(refusal) : [])] };
    },
  }),
);

function improve(input: typeof PromptImproveInput.$inferInput, context: GraphContext) {
  const { gateway, who, signal, requestId, traceId, ip, region, onLimits } = context;
  const { evaluation, prompt, version, model, instructions, maxCost } = input;
  const wanted = {
    evaluationId: evaluation ?? undefined,
    slug: prompt ?? undefined,
    version: version ?? undefined,
    model,
    instructions: instructions ?? undefined,
    maxCostNanos: maxCost ?? DEFAULT_MAX_COST,
  };
  const deps = { sql: gateway.database.sql, prompts: gateway.prompts, runs: gateway.runs };
  const options = { requestId, traceId, ip, region, onLimits };
  return improvePrompt(deps, who, wanted, { options, by: originOf(context) }, signal);
}
