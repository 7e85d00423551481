import { complexityFromQuery } from '@pothos/plugin-complexity';
import { BREAK, GraphQLError, Kind, TypeInfo, getOperationAST, visit, visitWithTypeInfo } from 'graphql';
import type {
  DocumentNode,
  ExecutionArgs,
  ExecutionResult,
  FieldNode,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

interface StartOfOperation {
  args: ExecutionArgs;
  setResultAndStopExecution(result: ExecutionResult): void;
}

/**
 * Refuses an operation that costs more points than `maxCost`; the points are those of the schema's `complexity`.
 * Runs when an operation starts, and not as a validation rule: validation is cached by the operation's text, and
 * the same text costs more with a larger `first`.
 */
export function useCostGuard(maxCost: number): Plugin {
  const measure = createMeter();
  function check({ args, setResultAndStopExecution }: StartOfOperation): void {
    const operation = getOperationAST(args.document, args.operationName);
    if (!operation) return;
    try {
      const cost = measure(args, operation);
      // Written so that a cost that is no number is refused as well.
      if (!(cost <= maxCost)) setResultAndStopExecution({ errors: [tooExpensive(cost, maxCost)] });
      // For the limits of its caller.
      else Object.assign(args.contextValue as object, { operationCost: cost });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      setResultAndStopExecution({ errors: [error] });
    }
  }
  return { onExecute: check, onSubscribe: check };
}

function tooExpensive(cost: number, maxCost: number): GraphQLError {
  return new GraphQLError(
    `the operation costs ${cost} points and at most ${maxCost} are allowed; ask for fewer items or fields`,
    { extensions: { code: 'QUERY_TOO_EXPENSIVE', cost, maxCost, http: { spec: true, status: 400 } } },
  );
}

/** Remembers the cost of operations that cost the same whatever their variables are, which most do. */
function createMeter() {
  const fixedCosts = new WeakMap<GraphQLSchema, WeakMap<OperationDefinitionNode, number>>();
  return (args: ExecutionArgs, operation: OperationDefinitionNode): number => {
    const known = fixedCosts.get(args.schema) ?? new WeakMap<OperationDefinitionNode, number>();
    fixedCosts.set(args.schema, known);
    const knownCost = known.get(operation);
    if (knownCost !== undefined) return knownCost;
    const document = documentOf(operation, args.document);
    const { complexity } = complexityFromQuery(document, {
      schema: args.schema,
      ctx: args.contextValue ?? {},
      variables: args.variableValues ?? {},
    });
    // A page of seven counts as seven tenths of one; what limits count, in Redis too, is whole.
    const cost = Math.ceil(complexity);
    if (!dependsOnVariables(document, args.schema)) known.set(operation, cost);
    return cost;
  };
}

/** `complexityFromQuery` measures the first operation of a document, which need not be the one that runs. */
function documentOf(operation: OperationDefinitionNode, document: DocumentNode): DocumentNode {
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return { kind: Kind.DOCUMENT, definitions: [operation, ...fragments] };
}

function dependsOnVariables(document: DocumentNode, schema: GraphQLSchema): boolean {
  const types = new TypeInfo(schema);
  let depends = false;
  visit(
    document,
    visitWithTypeInfo(types, {
      Field(node) {
        if (typeof types.getFieldDef()?.extensions['complexity'] !== 'function') return undefined;
        if (!usesVariable(node)) return undefined;
        depends = true;
        return BREAK;
      },
    }),
  );
  return depends;
}

function usesVariable(field: FieldNode): boolean {
  let uses = false;
  for (const argument of field.arguments ?? []) {
    visit(argument, {
      Variable() {
        uses = true;
        return BREAK;
      },
    });
  }
  return uses;
}
