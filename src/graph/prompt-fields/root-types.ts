import {
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigArgumentMap,
} from 'graphql';
import type { PromptFieldFacts } from '../../domain/prompt.ts';
import { COMPLETION_COST } from '../../domain/operation.ts';
import type { GraphContext } from '../context.ts';
import { guarded } from './guarded.ts';
import { ensureOneField } from './one-field.ts';
import type { PromptTypes } from './prompt-types.ts';
import { answerPrompt, streamPrompt, type PromptArgs } from './run-prompt.ts';
import type { StaticTypes } from './static-types.ts';

/** A prompt that is served, and the label that it is served for. */
export interface ServedPrompt {
  types: PromptTypes;
  label: string;
}

type Config<Source, Args> = GraphQLFieldConfig<Source, GraphContext, Args>;
type Configs<Source, Args> = Record<string, Config<Source, Args>>;

const DESCRIPTION = 'The prompts that are published, each as a field.';

/** `Query.ai`: a field for each prompt, which answers as a whole. */
export function makeQueryField(
  statics: StaticTypes,
  served: readonly ServedPrompt[],
): Config<unknown, object> {
  const fields: Configs<unknown, PromptArgs> = {};
  for (const { types, label } of served) {
    fields[types.fieldName] = guarded('Ai', types.fieldName, {
      ...about(types),
      type: new GraphQLNonNull(types.payload),
      args: argsOf(types, statics.run),
      resolve: (_ai, args, context) => answerPrompt(types, args, context, label),
    });
  }
  const type = new GraphQLNonNull(new GraphQLObjectType({ name: 'Ai', description: DESCRIPTION, fields }));
  return guarded('Query', 'ai', { type, description: DESCRIPTION, resolve: () => ({}) });
}

/** `Subscription.ai`: the same, event by event. */
export function makeSubscriptionField(
  statics: StaticTypes,
  served: readonly ServedPrompt[],
): Config<unknown, object> {
  const fields: Configs<unknown, PromptArgs> = {};
  for (const { types } of served) {
    fields[types.fieldName] = guarded('AiStream', types.fieldName, {
      ...about(types),
      type: new GraphQLNonNull(types.event),
      args: argsOf(types, statics.stream),
      resolve: (sent: unknown) => sent,
    });
  }
  const byField = new Map(served.map((each) => [each.types.fieldName, each]));
  const stream = new GraphQLObjectType({ name: 'AiStream', description: DESCRIPTION, fields });
  return guarded('Subscription', 'ai', {
    type: new GraphQLNonNull(stream),
    description: `${DESCRIPTION} A subscription asks for one of them.`,
    resolve: (sent: unknown) => sent,
    subscribe: (_root, _args, context, info) => {
      const { name, args } = ensureOneField(stream, info);
      const { types, label } = byField.get(name)!;
      return streamPrompt(types, args, context, label);
    },
  });
}

function about({ prompt, version }: PromptTypes) {
  const { id: versionId, spec } = version;
  const facts: PromptFieldFacts = { versionId, cacheSeconds: spec.cache?.maxAgeSeconds ?? 0 };
  return { description: prompt.description, extensions: { complexity: COMPLETION_COST, prompt: facts } };
}

function argsOf({ variables }: PromptTypes, run: StaticTypes['run']): GraphQLFieldConfigArgumentMap {
  return { ...variables.args, run: { type: run } };
}
