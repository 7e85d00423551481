import {
  getArgumentValues,
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type SelectionNode,
} from 'graphql';
import { InvalidInput } from '../../domain/errors.ts';
import type { PromptArgs } from './run-prompt.ts';

/**
 * The one field that a subscription asks for below its root field, since each starts a stream of its own.
 * @throws InvalidInput where there is another number of them.
 */
export function ensureOneField(
  type: GraphQLObjectType,
  info: GraphQLResolveInfo,
): { name: string; args: PromptArgs } {
  const found = new Map<string, FieldNode>();
  for (const { selectionSet } of info.fieldNodes) collect(selectionSet?.selections ?? [], info, found);
  const [field, ...others] = found.values();
  if (!field || others.length > 0) {
    const names = [...found.keys()].join(', ') || 'none';
    const message = `a subscription to ${info.fieldName} asks for exactly one prompt; this one asks for ${names}`;
    throw new InvalidInput([{ path: [info.fieldName], message }]);
  }
  const name = field.name.value;
  const definition = type.getFields()[name]!;
  return { name, args: getArgumentValues(definition, field, info.variableValues) };
}

/** By their names in the answer, as GraphQL merges them. */
function collect(
  selections: readonly SelectionNode[],
  info: GraphQLResolveInfo,
  found: Map<string, FieldNode>,
): void {
  for (const selection of selections) {
    if (!isIncluded(selection, info)) continue;
    if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet.selections, info, found);
    else if (selection.kind === Kind.FRAGMENT_SPREAD)
      collect(info.fragments[selection.name.value]?.selectionSet.selections ?? [], info, found);
    // Clients add this one by themselves.
    else if (selection.name.value !== '__typename')
      found.set(selection.alias?.value ?? selection.name.value, selection);
  }
}

function isIncluded(selection: SelectionNode, { variableValues }: GraphQLResolveInfo): boolean {
  const skip = getDirectiveValues(GraphQLSkipDirective, selection, variableValues);
  const include = getDirectiveValues(GraphQLIncludeDirective, selection, variableValues);
  return skip?.['if'] !== true && include?.['if'] !== false;
}
