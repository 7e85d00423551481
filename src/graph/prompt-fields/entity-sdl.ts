import {
  Kind,
  parse,
  print,
  printType,
  visit,
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type GraphQLObjectType,
} from 'graphql';
import type { EntityFacts, EntityFieldFacts } from './entity-types.ts';

/** An entity of another subgraph, with the directives by which a federation composes it. */
export function printEntity(type: GraphQLObjectType): string {
  const { key } = type.extensions['federation'] as EntityFacts;
  const fields = type.getFields();
  const document = visit(parse(printType(type)), {
    ObjectTypeDefinition: (node) => ({ ...node, directives: [directive('key', [key.name])] }),
    FieldDefinition: (node) => ({ ...node, directives: directivesOf(fields[node.name.value]?.extensions) }),
  });
  return print(document);
}

function directivesOf(extensions: GraphQLObjectType['extensions'] = {}): ConstDirectiveNode[] {
  const { isExternal, requires = [] } = (extensions['federation'] ?? {}) as EntityFieldFacts;
  if (isExternal) return [directive('external')];
  return requires.length > 0 ? [directive('requires', requires)] : [];
}

function directive(name: string, fields?: readonly string[]): ConstDirectiveNode {
  const given: ConstArgumentNode[] = fields
    ? [
        {
          kind: Kind.ARGUMENT,
          name: { kind: Kind.NAME, value: 'fields' },
          value: { kind: Kind.STRING, value: fields.join(' ') },
        },
      ]
    : [];
  return { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: name }, arguments: given };
}
