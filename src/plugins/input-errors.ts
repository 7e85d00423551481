import {
  BREAK,
  GraphQLError,
  Kind,
  coerceInputValue,
  getOperationAST,
  isInputType,
  isNonNullType,
  typeFromAST,
  validate,
  visit,
} from 'graphql';
import type { ASTNode, DocumentNode, ExecutionArgs, ExecutionResult, VariableDefinitionNode } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { Plugin } from 'graphql-yoga';

/** A hostile input can be wrong in a million places; the first few say enough. */
const MAX_ERRORS = 50;

/**
 * Whatever is wrong with an input value, in the text of the operation or in its variables, is told in one way:
 * code `INVALID_INPUT` and `extensions.path`, for instance `["input", "source"]`.
 */
export function useInputErrors(options: { hideSuggestions: boolean }): Plugin {
  return {
    onValidate({ params, setValidationFn }) {
      if (options.hideSuggestions) setValidationFn(validateWithoutSuggestions);
      return ({ result }) => {
        for (const error of result) markLiteral(error, params.documentAST);
      };
    },
    onExecute({ args }) {
      return {
        onExecuteDone: ({ result, setResult }) => explainInputErrors(args, result, setResult, options),
      };
    },
    onSubscribe({ args }) {
      return {
        onSubscribeResult: ({ result, setResult }) => explainInputErrors(args, result, setResult, options),
      };
    },
  };
}

function validateWithoutSuggestions(...[schema, document, rules]: Parameters<typeof validate>) {
  return validate(schema, document, rules, { hideSuggestions: true });
}

function explainInputErrors(
  args: ExecutionArgs,
  result: unknown,
  setResult: (result: ExecutionResult) => void,
  options: { hideSuggestions: boolean },
): void {
  if (isAsyncIterable(result)) return;
  const { errors } = result as ExecutionResult;
  if (!errors) return;
  if (errors.some((error) => error.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION)) {
    setResult({ errors: findVariableErrors(args, options.hideSuggestions) });
  } else {
    for (const error of errors) markLiteral(error, args.document);
  }
}

/** The executor's own errors hold the place only as prose, so the values are gone through once more. */
function findVariableErrors(args: ExecutionArgs, hideSuggestions: boolean): GraphQLError[] {
  const errors: GraphQLError[] = [];
  for (const node of getOperationAST(args.document, args.operationName)?.variableDefinitions ?? []) {
    const name = node.variable.name.value;
    const type = typeFromAST(args.schema, node.type);
    const value = args.variableValues?.[name];
    if (!isInputType(type)) continue;
    if (value === undefined) {
      if (isNonNullType(type) && !node.defaultValue) errors.push(variableError(node, [], 'is required'));
      continue;
    }
    const report = (path: readonly (string | number)[], _value: unknown, error: GraphQLError) => {
      if (errors.length < MAX_ERRORS) errors.push(variableError(node, path, error.message));
    };
    coerceInputValue(value, type, report, hideSuggestions);
  }
  return errors;
}

function variableError(
  node: VariableDefinitionNode,
  pathInValue: readonly (string | number)[],
  message: string,
): GraphQLError {
  const path = [node.variable.name.value, ...pathInValue].map(String);
  return new GraphQLError(`${path.join('.')}: ${message}`, {
    nodes: node,
    extensions: inputExtensions(path),
  });
}

const INPUT_KINDS: ReadonlySet<Kind> = new Set([
  Kind.VARIABLE,
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
]);

/** graphql-js gives its errors no codes, but an error about an input value always points at that value. */
function markLiteral(error: Error, document: DocumentNode): void {
  if (!(error instanceof GraphQLError)) return;
  const node = error.nodes?.[0];
  if (!node || !INPUT_KINDS.has(node.kind)) return;
  Object.assign(error.extensions, inputExtensions(findInputPath(document, node)));
}

function inputExtensions(path: string[]) {
  // `spec` keeps GraphQL over HTTP: 400, but 200 for a client that only accepts plain application/json.
  return { code: 'INVALID_INPUT', path, http: { spec: true, status: 400 } };
}

/** The names of the argument and the input fields on the way to a value, with the indexes of lists. */
function findInputPath(document: DocumentNode, target: ASTNode): string[] {
  let path: string[] = [];
  visit(document, {
    enter(node, _key, parent, _path, ancestors) {
      if (node !== target) return undefined;
      const chain = [...ancestors, ...(parent ? [parent] : []), node];
      path = chain.flatMap((step, index) => stepName(step, chain[index + 1]));
      return BREAK;
    },
  });
  return path;
}

type Step = ASTNode | readonly ASTNode[];

function stepName(step: Step, next: Step | undefined): string[] {
  if ('kind' in step) {
    return step.kind === Kind.ARGUMENT || step.kind === Kind.OBJECT_FIELD ? [step.name.value] : [];
  }
  const isListItem = next && 'kind' in next && INPUT_KINDS.has(next.kind) && next.kind !== Kind.OBJECT_FIELD;
  return isListItem ? [String(step.indexOf(next))] : [];
}
