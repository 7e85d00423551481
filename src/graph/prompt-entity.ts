import type { GraphQLSchema } from 'graphql';
import { InvalidInput } from '../domain/errors.ts';
import type { EntityBinding, EntityVariable } from '../domain/prompt.ts';
import type { WantedEntity } from '../prompts/entity.ts';
import { builder } from './builder.ts';
import type { WithoutNull } from './inputs.ts';

const TYPE = `Type of the field, to the letter as the subgraph that has it says: \`String!\`, \`[ID!]!\`. Scalars and lists of them.
By its variable, unless given: \`String!\` for a STRING that is required, \`String\` for one that is not.`;

const PromptEntityVariableInput = builder.inputType('PromptEntityVariableInput', {
  fields: (t) => ({
    variable: t.string({ required: true }),
    field: t.string({ required: true, description: 'Of the entity.' }),
    type: t.string({ description: TYPE }),
  }),
});

const KEY_TYPE = '`ID!`, `String!` or `Int!`, as the subgraph that has the entity says.';

export const PromptEntityInput = builder.inputType('PromptEntityInput', {
  fields: (t) => ({
    typeName: t.string({ required: true, description: 'Of the entity: `Ticket`.' }),
    key: t.string({ defaultValue: 'id', description: 'The one field of its key.' }),
    keyType: t.string({ defaultValue: 'ID!', description: KEY_TYPE }),
    field: t.string({ required: true, description: 'What the prompt answers: `summary`.' }),
    variables: t.field({
      type: [PromptEntityVariableInput],
      required: true,
      description: 'Whatever is required must be among them; what is not among them is not given.',
    }),
  }),
});

const PromptEntityVariable = builder.objectRef<EntityVariable>('PromptEntityVariable').implement({
  fields: (t) => ({
    variable: t.exposeString('variable'),
    field: t.exposeString('field', { description: 'Of the entity.' }),
    type: t.exposeString('type', { description: 'Of the field.' }),
  }),
});

export const PromptEntity = builder.objectRef<EntityBinding>('PromptEntity').implement({
  description: 'An entity of another subgraph of which a prompt answers a field.',
  fields: (t) => ({
    typeName: t.exposeString('typeName', { description: 'Of the entity: `Ticket`.' }),
    key: t.exposeString('key', { description: 'The one field of its key.' }),
    keyType: t.exposeString('keyType', { description: KEY_TYPE }),
    field: t.exposeString('field', { description: 'What the prompt answers: `summary`.' }),
    variables: t.field({ type: [PromptEntityVariable], resolve: ({ variables }) => variables }),
  }),
});

type GivenEntity = WithoutNull<typeof PromptEntityInput.$inferInput>;

/** What the parts take. */
export function toWantedEntity({ key = 'id', keyType = 'ID!', ...entity }: GivenEntity): WantedEntity {
  const { typeName, field, variables } = entity;
  return {
    typeName,
    key,
    keyType,
    field,
    variables: variables.map((each) => ({ type: undefined, ...each })),
  };
}

/**
 * @param at where the version stands in the input.
 * @throws InvalidInput for a type of our own: its fields are ours to make.
 */
export function ensureForeign(
  own: GraphQLSchema,
  entity: GivenEntity | undefined,
  at = ['input', 'version'],
): void {
  if (!entity || !own.getType(entity.typeName)) return;
  const path = [...at, 'entity', 'typeName'];
  const message = `${path.join('.')} is "${entity.typeName}", a type of this graph itself; name an entity that another subgraph has`;
  throw new InvalidInput([{ path, message }]);
}
