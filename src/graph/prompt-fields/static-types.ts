import {
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  isInputType,
  isOutputType,
  isScalarType,
  type GraphQLInputFieldConfig,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import type { HouseScalars } from './scalar-types.ts';

/** What the types of prompts are made of: the graph that all organisations share, and what is made of it once. */
export interface StaticTypes {
  schema: GraphQLSchema;
  scalars: HouseScalars;
  completion: GraphQLOutputType;
  event: GraphQLOutputType;
  userError: GraphQLOutputType;
  /** `PromptRunInput` and `PromptStreamInput`. */
  run: GraphQLInputObjectType;
  stream: GraphQLInputObjectType;
}

export function readStaticTypes(schema: GraphQLSchema): StaticTypes {
  const scalar = (name: string) => ensure(name, schema, isScalarType);
  const run = runFields((name) => ensure(name, schema, isInputType));
  return {
    schema,
    scalars: { DateTime: scalar('DateTime'), JSON: scalar('JSON'), SafeInt: scalar('SafeInt') },
    completion: ensure('Completion', schema, isOutputType),
    event: ensure('CompletionEvent', schema, isOutputType),
    userError: ensure('UserError', schema, isOutputType),
    run: new GraphQLInputObjectType({
      name: 'PromptRunInput',
      description: 'How a prompt is run, beside its variables.',
      fields: run,
    }),
    stream: new GraphQLInputObjectType({
      name: 'PromptStreamInput',
      description: 'How a prompt is run and read, beside its variables.',
      fields: { ...run, ...readFields(scalar('Cursor')) },
    }),
  };
}

function ensure<Type>(name: string, schema: GraphQLSchema, isIt: (type: unknown) => type is Type): Type {
  const type: unknown = schema.getType(name);
  if (!isIt(type)) throw new Error(`the graph has no such type ${name}`);
  return type;
}

type Fields = Record<string, GraphQLInputFieldConfig>;

function runFields(named: (name: string) => GraphQLInputType): Fields {
  return {
    model: {
      type: GraphQLString,
      description:
        '`provider/model`, an alias of one, or the name of a route, instead of the one of the prompt.',
    },
    params: { type: named('ModelParams'), description: 'They go before those of the prompt.' },
    tags: {
      type: new GraphQLList(new GraphQLNonNull(named('TagInput'))),
      description: 'Free labels for the ledger and for dashboards.',
    },
    endUserId: { type: GraphQLString, description: 'Whom the answer is for, in the caller’s own terms.' },
    priority: { type: named('CompletionPriority'), defaultValue: 'INTERACTIVE' },
    idempotencyKey: {
      type: GraphQLString,
      description: 'The same key with the same input is the same completion: one call, one charge.',
    },
  };
}

function readFields(cursor: GraphQLInputType): Fields {
  return {
    after: {
      type: cursor,
      description:
        'Goes on from there; give the same `idempotencyKey`. Nothing is lost, repeated or charged twice.',
    },
    coalesceMs: {
      type: GraphQLInt,
      defaultValue: 30,
      description: 'Merge deltas into at most one frame in this time; 0 sends each as it comes.',
    },
  };
}
