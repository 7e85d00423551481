import { toEnumName, toFieldName } from '../../../../src/graph/prompt-fields/names.ts';
import type { MemberNode, Node, World } from './schemas.ts';

type Json = Record<string, unknown>;

/** What leads from a value to what GraphQL has of it, and back. */
export function formsOf({ root, defs }: World) {
  const follow = (node: Node): Node => {
    if (node.kind === 'ref') return follow(defs[node.to]!);
    return node.kind === 'nullable' ? follow(node.node) : node;
  };
  const takesNull = (node: Node) =>
    node.kind === 'nullable' || (node.kind === 'scalar' && node.type === 'anything');

  /** A value with instants as GraphQL writes them, and without the nulls that mean the same as nothing. */
  const settle = (value: unknown, at: Node): unknown => {
    const node = follow(at);
    if (value === null) return null;
    if (node.kind === 'scalar' && node.type === 'instant') return toInstant(value as string);
    if (node.kind === 'list') return (value as unknown[]).map((item) => settle(item, node.item));
    const members = listMembers(node, value);
    if (!members) return value;
    const kind = node.kind === 'union' ? [['kind', (value as Json)['kind']]] : [];
    return Object.fromEntries([
      ...kind,
      ...members.flatMap(({ property, node: inner, required }) => {
        const member = Object.hasOwn(value as Json, property) ? (value as Json)[property] : undefined;
        if (member === undefined || (member === null && !required)) return [];
        return [[property, settle(member, inner)]];
      }),
    ]);
  };

  /** The value that an answer of the graph stands for. */
  const read = (answer: unknown, at: Node): unknown => {
    const node = follow(at);
    if (answer === null) return null;
    if (node.kind === 'enum') return node.values.find((value) => toEnumName(value) === answer);
    if (node.kind === 'list') return (answer as unknown[]).map((item) => read(item, node.item));
    if (node.kind !== 'object' && node.kind !== 'union') return answer;
    const { __typename: type, ...fields } = answer as Json;
    const own = Object.entries(fields).map(
      ([alias, value]) => [alias.slice(`${String(type)}__`.length), value] as const,
    );
    const byField = new Map(own);
    const kind = node.kind === 'union' ? { kind: byField.get('kind') } : {};
    const members = listMembers(node, kind) ?? [];
    return Object.fromEntries([
      ...Object.entries(kind),
      ...members.flatMap(({ property, node: inner, required }) => {
        const value = byField.get(toFieldName(property)!);
        if (value === undefined || (value === null && !(required && takesNull(inner)))) return [];
        return [[property, read(value, inner)]];
      }),
    ]);
  };

  /** What a client sends for a value. */
  const send = (value: unknown, at: Node): unknown => {
    const node = follow(at);
    if (value === null) return null;
    if (node.kind === 'enum') return toEnumName(value as string);
    if (node.kind === 'scalar' && node.type === 'instant') return toInstant(value as string);
    if (node.kind === 'list') return (value as unknown[]).map((item) => send(item, node.item));
    const members = listMembers(node, value);
    if (!members) return value;
    const fields = Object.fromEntries(
      members
        .filter(({ property }) => Object.hasOwn(value as Json, property))
        .map(({ property, node: inner }) => [toFieldName(property), send((value as Json)[property], inner)]),
    );
    return node.kind === 'union' ? { [toFieldName((value as Json)['kind'] as string)!]: fields } : fields;
  };

  return {
    settle: (value: unknown) => settle(value, root),
    read: (answer: unknown) => read(answer, root),
    send: (value: unknown) => send(value, root),
  };
}

function listMembers(node: Node, value: unknown): MemberNode[] | undefined {
  if (node.kind === 'object') return node.members;
  if (node.kind !== 'union') return undefined;
  return node.options.find((option) => option.value === (value as Json)['kind'])?.members;
}

function toInstant(text: string): string {
  const plainText = text
    .toUpperCase()
    .replace(' ', 'T')
    .replace(':60', ':59')
    .replace(/([+-]\d\d)$/, '$1:00');
  return new Date(plainText).toISOString();
}
