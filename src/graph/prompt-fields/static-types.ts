import {
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  type GraphQLInputFieldConfig,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLScalarType,
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
  const named = <Type extends GraphQLNamedType>(name: string): Type => {
    const type = schema.getType(name);
    if (!type) throw new Error(`the graph has no type ${name}`);
    return type as Type;
  };
  const scalar = (name: string) => named<GraphQLScalarType>(name);
  const run = runFields((name) => named<GraphQLInputType & GraphQLNamedType>(name));
  return {
    schema,
    scalars: { DateTime: scalar('DateTime'), JSON: scalar('JSON'), SafeInt: scalar('SafeInt') },
    completion: named<GraphQLObjectType>('Completion'),
    event: named<GraphQLOutputType & GraphQLNamedType>('CompletionEvent'),
    userError: named<GraphQLOutputType & GraphQLNamedType>('UserError'),
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
