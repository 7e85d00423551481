import { GraphQLError, Kind, parse, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import {
  countOperations,
  listOperations,
  type RegisteredOperation as OperationRow,
} from '../access/operations/read.ts';
import { registerOperation, removeOperation } from '../access/operations/register.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { OperationPolicy as PolicyRow } from '../domain/operation.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { Tag } from './tag.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { StringFilter, TagInput, withoutNull } from './inputs.ts';

const MODELS = 'The only models that it may ask for; empty: all that its caller may use.';
const TAGS = 'What its completions are tagged with beside `operation=<name>`, for budgets on tags.';
const OUTPUT = 'The most that one completion may write.';
const CACHE =
  'How long the answer of `complete` may be given again to the same caller, where the operation says nothing of it.';

const OperationPolicy = builder.objectRef<PolicyRow>('OperationPolicy').implement({
  description: 'What holds for everybody who runs the operation, beside what holds for them anyway.',
  fields: (t) => ({
    models: t.exposeStringList('models', { description: MODELS }),
    tags: t.field({ type: [Tag], description: TAGS, resolve: ({ tags }) => tags }),
    maxOutputTokens: t.int({
      nullable: true,
      description: OUTPUT,
      resolve: ({ maxOutputTokens }) => maxOutputTokens,
    }),
    cacheTtlSeconds: t.int({
      nullable: true,
      description: CACHE,
      resolve: ({ cacheTtlSeconds }) => cacheTtlSeconds,
    }),
  }),
});

export const Operation = builder.objectRef<OperationRow>('Operation');
builder.node(Operation, {
  description: 'An operation that the organisation trusts.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.operation.load(id))),
  fields: (t) => ({
    name: t.exposeString('name'),
    hash: t.exposeString('hash', { description: 'SHA-256 of the text: what clients send instead of it.' }),
    text: t.exposeString('text'),
    policy: t.field({ type: OperationPolicy, resolve: ({ policy }) => policy }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
  }),
});

const OperationConnection = connectionOf('Operation', Operation);

builder.queryField('operations', (t) =>
  t.field({
    type: OperationConnection,
    description: 'Operations that were registered, newest first.',
    args: { ...pageArgs(t.arg), name: t.arg({ type: StringFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const filter = { name: withoutNull(args.name) ?? undefined };
      return readPage(args, {
        read: (page) => listOperations(db, who, filter, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('op', text),
        count: () => countOperations(db, who, filter),
      });
    },
  }),
);

const OperationPolicyInput = builder.inputType('OperationPolicyInput', {
  fields: (t) => ({
    models: t.stringList({ description: MODELS }),
    tags: t.field({ type: [TagInput], description: TAGS }),
    maxOutputTokens: t.int({ description: OUTPUT }),
    cacheTtlSeconds: t.int({ description: CACHE }),
  }),
});

const OperationRegisterInput = builder.inputType('OperationRegisterInput', {
  fields: (t) => ({
    text: t.string({ required: true, description: 'A document with one operation, exactly as it is sent.' }),
    name: t.string({ description: 'The name of the operation in the text unless said otherwise.' }),
    policy: t.field({ type: OperationPolicyInput }),
  }),
});

const OperationPayload = builder
  .objectRef<Payload<{ operation: OperationRow }>>('OperationPayload')
  .implement({
    fields: (t) => ({
      operation: t.field({ type: Operation, nullable: true, resolve: ({ operation }) => operation }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

const OperationRemovePayload = builder
  .objectRef<Payload<{ removedId: string }>>('OperationRemovePayload')
  .implement({
    fields: (t) => ({
      removedId: t.id({ nullable: true, resolve: ({ removedId }) => removedId }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationFields((t) => ({
  operationRegister: t.field({
    type: OperationPayload,
    description: 'Trusts an operation. The same text again gets the new name and policy.',
    args: { input: t.arg({ type: OperationRegisterInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }, { schema }) =>
      payload(async () => {
        const { text, name, policy = {} } = withoutNull(input);
        const ownName = ensureOperation(schema, text);
        const { models = [], tags = [], ...rest } = policy;
        const operation = { name: name ?? ownName, text, policy: { ...rest, models, tags } };
        return { operation: await registerOperation(gateway.operations, who, operation, { requestId, ip }) };
      }),
  }),
  operationRemove: t.field({
    type: OperationRemovePayload,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, requestId, ip }) =>
      payload(async () => {
        await removeOperation(gateway.operations, who, id, { requestId, ip });
        return { removedId: id };
      }),
  }),
}));

/** An operation is far smaller than this. */
const MAX_TOKENS = 10_000;

/**
 * @returns the name of the one operation in the text.
 * @throws InvalidInput when there is not exactly one, with a name, or when the schema does not know what it asks for.
 */
function ensureOperation(schema: GraphQLSchema, text: string): string {
  const document = parseText(text);
  const [operation, ...others] = document.definitions.filter(
    ({ kind }) => kind === Kind.OPERATION_DEFINITION,
  );
  const name = operation?.kind === Kind.OPERATION_DEFINITION ? operation.name?.value : undefined;
  if (!name || others.length > 0) throw invalid('must hold exactly one operation, with a name');
  const [fault] = validate(schema, document, undefined, { maxErrors: 1 });
  if (fault) throw invalid(`does not fit the schema: ${fault.message}`);
  return name;
}

function parseText(text: string): DocumentNode {
  try {
    return parse(text, { maxTokens: MAX_TOKENS, noLocation: true });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw invalid(`is no GraphQL: ${error.message}`);
  }
}

function invalid(what: string): InvalidInput {
  return new InvalidInput([{ path: ['input', 'text'], message: `input.text ${what}` }]);
}
