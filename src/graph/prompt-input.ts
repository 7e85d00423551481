import type { WantedSpec } from '../prompts/spec.ts';
import { builder } from './builder.ts';
import { ModelParams, ToolInput } from './completion-input.ts';
import type { WithoutNull } from './inputs.ts';
import { PromptEntityInput, toWantedEntity } from './prompt-entity.ts';
import { PromptRole, VariableType } from './prompt.ts';

const PromptMessageInput = builder.inputType('PromptMessageInput', {
  fields: (t) => ({
    role: t.field({ type: PromptRole, required: true }),
    template: t.string({ required: true, description: 'In Liquid: `Summarise {{ text }}`.' }),
  }),
});

const PromptVariableInput = builder.inputType('PromptVariableInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    type: t.field({ type: VariableType, required: true }),
    schema: t.field({ type: 'JSON', description: 'JSON Schema of a LIST or an OBJECT.' }),
    description: t.string(),
    required: t.boolean({ defaultValue: true, description: 'What has a default need never be given.' }),
    default: t.field({ type: 'JSON' }),
    example: t.field({ type: 'JSON' }),
    neverLog: t.boolean({ defaultValue: false, description: 'Its value is kept nowhere.' }),
  }),
});

export const PromptVersionInput = builder.inputType('PromptVersionInput', {
  fields: (t) => ({
    messages: t.field({ type: [PromptMessageInput], required: true }),
    variables: t.field({
      type: [PromptVariableInput],
      description: 'What the templates name beside these is declared by how they use it.',
    }),
    model: t.string({ description: '`provider/model`, an alias, or a route.' }),
    params: t.field({ type: ModelParams }),
    tools: t.field({ type: [ToolInput] }),
    outputSchema: t.field({ type: 'JSON', description: 'JSON Schema that the answer must meet.' }),
    cacheSeconds: t.int({
      description: 'How long an answer may be given again to the same caller for the same variables.',
    }),
    entity: t.field({
      type: PromptEntityInput,
      description: 'Also answers a field of an entity that another subgraph has, once it is published.',
    }),
    note: t.string({ description: 'Why there is this version.' }),
  }),
});

/** What the parts take. */
export function toWanted({ note, ...version }: WithoutNull<typeof PromptVersionInput.$inferInput>): {
  version: WantedSpec;
  note: string | undefined;
} {
  const { messages, variables = [], tools = [], params = {}, ...rest } = version;
  return {
    version: {
      model: rest.model,
      outputSchema: rest.outputSchema as WantedSpec['outputSchema'],
      messages,
      variables: variables.map(toVariable),
      params: params as WantedSpec['params'],
      tools: tools as WantedSpec['tools'],
      cacheSeconds: rest.cacheSeconds,
      entity: rest.entity && toWantedEntity(rest.entity),
    },
    note,
  };
}

function toVariable(
  variable: WithoutNull<typeof PromptVariableInput.$inferInput>,
): WantedSpec['variables'][number] {
  const { required = true, neverLog = false, schema, description, example, ...rest } = variable;
  return {
    ...rest,
    schema: schema as WantedSpec['outputSchema'],
    description,
    required: required && rest.default === undefined,
    default: rest.default,
    example,
    neverLog,
  };
}
