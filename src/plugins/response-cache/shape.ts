import { hash } from 'node:crypto';
import { Kind, OperationTypeNode, getOperationAST, print, visit } from 'graphql';
import type {
  ASTNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionSetNode,
  ValueNode,
  VariableDefinitionNode,
} from 'graphql';
import { ROOT_TTLS } from './ttl.ts';

/** What stays the same of a query that may be answered from the cache, whatever its variables are. */
export interface ReadShape {
  kind: 'READ';
  /** Of its text, without what is wished of the cache: with any wish it is the same question. */
  digest: string;
  /** Names of the variables that its answer depends on. */
  variables: string[];
  /** For each `complete` what it says of the cache; undefined where it says nothing. */
  wishes: (ValueNode | undefined)[];
  /** The prompts that it asks for, by the names of their fields. */
  prompts: string[];
  /** Of the variables in these wishes. */
  wishDefinitions: VariableDefinitionNode[];
}

/** CHANGE: a mutation that may change what was kept. NEITHER is all the rest, and has nothing to do with the cache. */
export type Shape = ReadShape | { kind: 'CHANGE' } | { kind: 'NEITHER' };

/** Mutations after which everything that was kept is as true as before. */
const CHANGE_NOTHING = new Set(['completionCancel', 'completionCreate', 'completionRate']);

/** Remembers the shapes of documents that are in use. */
export function createShapes(): (document: DocumentNode, operationName: string | null | undefined) => Shape {
  const known = new WeakMap<DocumentNode, Map<string, Shape>>();
  return (document, operationName) => {
    const ofDocument = known.get(document) ?? new Map<string, Shape>();
    known.set(document, ofDocument);
    // As many names are kept as the document has operations: others have no operation.
    const operation = getOperationAST(document, operationName);
    if (!operation) return { kind: 'NEITHER' };
    const name = operation.name?.value ?? '';
    const shape = ofDocument.get(name) ?? findShape(document, operation);
    ofDocument.set(name, shape);
    return shape;
  };
}

function findShape(document: DocumentNode, operation: OperationDefinitionNode): Shape {
  const fields = listFields(document, operation.selectionSet);
  if (operation.operation === OperationTypeNode.MUTATION) {
    return { kind: fields.every(({ name }) => CHANGE_NOTHING.has(name.value)) ? 'NEITHER' : 'CHANGE' };
  }
  const completes = fields.filter(({ name }) => name.value === 'complete');
  const prompts = fields
    .filter(({ name }) => name.value === 'ai')
    .flatMap(({ selectionSet }) => (selectionSet ? listFields(document, selectionSet) : []))
    .map(({ name }) => name.value)
    .filter((name) => name !== '__typename');
  const wishes = completes.map((field) => findWish(field)?.value);
  // Who wishes something is told that it could not be.
  const isWished = wishes.some((wish) => wish !== undefined);
  if (operation.operation !== OperationTypeNode.QUERY || !(isWished || areAllKept(fields)))
    return { kind: 'NEITHER' };
  return readShape(document, operation, { completes, wishes, prompts });
}

/** The fields at the root; those of fragments too, each of which is gone through once. */
function listFields(
  document: DocumentNode,
  { selections }: SelectionSetNode,
  seen = new Set<string>(),
): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return listFields(document, selection.selectionSet, seen);
    const name = selection.name.value;
    if (seen.has(name)) return [];
    seen.add(name);
    const fragment = document.definitions.find(
      (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
    ) as FragmentDefinitionNode | undefined;
    return fragment ? listFields(document, fragment.selectionSet, seen) : [];
  });
}

function areAllKept(fields: FieldNode[]): boolean {
  const names = fields.map(({ name }) => name.value).filter((name) => name !== '__typename');
  return names.length > 0 && names.every((name) => (ROOT_TTLS[`Query.${name}`] ?? 0) > 0);
}

function findWish(field: FieldNode) {
  return field.arguments?.find(({ name }) => name.value === 'cache');
}

function readShape(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { completes, wishes, prompts }: Pick<ReadShape, 'wishes' | 'prompts'> & { completes: FieldNode[] },
): ReadShape {
  const definitions = operation.variableDefinitions ?? [];
  const question = visit(document, {
    VariableDefinition: () => null,
    Field(node) {
      if (!completes.includes(node)) return undefined;
      const wish = findWish(node);
      return { ...node, arguments: (node.arguments ?? []).filter((argument) => argument !== wish) };
    },
  });
  const using = (nodes: readonly ASTNode[]) => {
    const used = new Set(nodes.flatMap(listVariables));
    return definitions.filter(({ variable }) => used.has(variable.name.value));
  };
  const asked = using([question]);
  const name = operation.name?.value ?? '';
  return {
    kind: 'READ',
    digest: hash('sha256', JSON.stringify([name, print(question), asked.map((each) => print(each))])),
    variables: asked.map(({ variable }) => variable.name.value),
    wishes,
    prompts,
    wishDefinitions: using(wishes.filter((wish) => wish !== undefined)),
  };
}

function listVariables(node: ASTNode): string[] {
  const names: string[] = [];
  visit(node, { Variable: ({ name }) => void names.push(name.value) });
  return names;
}
