import {
  GraphQLObjectType,
  parseType,
  typeFromAST,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  type GraphQLOutputType,
} from 'graphql';
import { COMPLETION_COST } from '../../domain/operation.ts';
import type { GraphContext } from '../context.ts';
import { answerInBatch, type Representation } from './entity-batch.ts';
import { guarded } from './guarded.ts';
import type { AnsweredPrompt, BoundField } from './prompt-types.ts';
import { toFieldError } from './field-error.ts';
import type { ServedPrompt } from './root-types.ts';
import type { StaticTypes } from './static-types.ts';

/** What a federation has to know of an entity type, under the name `federation` of its extensions. */
export interface EntityFacts {
  /** The field of its key, and the type of that. */
  key: { name: string; type: string };
}

/** The same of a field of it: where neither is said, it is of the key. */
export interface EntityFieldFacts {
  isExternal?: boolean;
  /** Names of the fields without which it cannot be answered. */
  requires?: readonly string[];
}

type Field = GraphQLFieldConfig<Representation, GraphContext>;
type Bound = ServedPrompt & { bound: BoundField };

/** The entities of other subgraphs that prompts are bound to, each with all the fields that prompts answer. */
export function makeEntityTypes(
  statics: StaticTypes,
  served: readonly ServedPrompt[],
): readonly GraphQLObjectType[] {
  const all = served.flatMap((each) => (each.types.bound ? [{ ...each, bound: each.types.bound }] : []));
  const groups = Map.groupBy(all, ({ bound }) => bound.entity.typeName);
  return [...groups].map(([name, group]) => makeEntityType(statics, name, group));
}

function makeEntityType({ schema }: StaticTypes, name: string, group: readonly Bound[]): GraphQLObjectType {
  const { key, keyType } = group[0]!.bound.entity;
  const typeOf = (text: string) => typeFromAST(schema, parseType(text) as never) as GraphQLOutputType;
  const fields: GraphQLFieldConfigMap<Representation, GraphContext> = { [key]: { type: typeOf(keyType) } };
  for (const { bound } of group) {
    for (const { field, type } of bound.entity.variables) {
      const facts: EntityFieldFacts = { isExternal: true };
      fields[field] ??= { type: typeOf(type), extensions: { federation: facts } };
    }
  }
  for (const each of group) fields[each.bound.entity.field] = makeBoundField(name, each);
  const facts: EntityFacts = { key: { name: key, type: keyType } };
  return new GraphQLObjectType({ name, fields, extensions: { federation: facts } });
}

function makeBoundField(typeName: string, { types, label, bound }: Bound): Field {
  const { field, key, variables } = bound.entity;
  const required = new Set(variables.map((each) => each.field).filter((name) => name !== key));
  const facts: EntityFieldFacts = { requires: [...required] };
  // The prompt's answer with its errors, of which one here becomes an error of the field.
  const { resolve: answer } = guarded<Representation, object>(
    typeName,
    field,
    {
      type: bound.type,
      resolve: (entity, _args, context) => answerInBatch(types, entity, context, label),
    },
    '_Entity',
  );
  return {
    type: bound.type,
    description: types.prompt.description,
    extensions: { complexity: COMPLETION_COST, federation: facts },
    resolve: async (...args) => {
      const { completion, errors } = (await answer!(...args)) as AnsweredPrompt;
      if (!completion || errors.length > 0)
        throw toFieldError(`${typeName}.${field}`, { completion, errors });
      return bound.toResult(completion);
    },
  };
}
