import type { EntityBinding } from '../../domain/prompt.ts';
import type { BoundField } from './prompt-types.ts';
import type { SchemaChange } from './schema-changes.ts';

/** What is another in the entity of another subgraph that a prompt is bound to. */
export function compareBindings(
  before: BoundField | undefined,
  after: BoundField | undefined,
): SchemaChange[] {
  const isSame = coordinateOf(before) === coordinateOf(after);
  const removed = before && !isSame ? [changeOf('BREAKING', coordinateOf(before), 'is removed.')] : [];
  const added = after && !isSame ? [changeOf('SAFE', coordinateOf(after), 'is added.')] : [];
  const types = [before, after].map((bound) => String(bound?.type));
  const retyped =
    isSame && types[0] !== types[1]
      ? [changeOf('BREAKING', coordinateOf(after), `changed type from ${types[0]} to ${types[1]}.`)]
      : [];
  return [...removed, ...retyped, ...listDemands(before?.entity, after?.entity), ...added];
}

/** What the other subgraph must have as it is said here, or no supergraph is composed. */
function listDemands(before: EntityBinding | undefined, after: EntityBinding | undefined): SchemaChange[] {
  const known = before?.typeName === after?.typeName ? demandsOf(before) : new Map<string, string>();
  return [...demandsOf(after)]
    .filter(([path, type]) => known.get(path) !== type)
    .map(([path, type]) => changeOf('DANGEROUS', path, `must be ${type} in the subgraph that has it.`));
}

function demandsOf(entity: EntityBinding | undefined): ReadonlyMap<string, string> {
  if (!entity) return new Map();
  const { typeName, key, keyType, variables } = entity;
  return new Map([
    [`${typeName}.${key}`, keyType],
    ...variables.map(({ field, type }) => [`${typeName}.${field}`, type] as const),
  ]);
}

function coordinateOf(bound: BoundField | undefined): string {
  return bound ? `${bound.entity.typeName}.${bound.entity.field}` : '';
}

/** A change that whoever asks for its place notices. */
export function changeOf(kind: SchemaChange['kind'], path: string, what: string): SchemaChange {
  return { kind, message: `${path} ${what}`, path, noticedBy: path };
}
