import {
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ArgumentNode,
  type GraphQLArgument,
  type GraphQLInputType,
} from 'graphql';
import { schema } from '../../../src/graph/schema.ts';

const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
const fields = types
  .filter(isObjectType)
  .flatMap((type) =>
    Object.values(type.getFields()).map((field) => ({ ...field, name: `${type.name}.${field.name}` })),
  );
const inputFields = types
  .filter(isInputObjectType)
  .flatMap((type) =>
    Object.values(type.getFields()).map((field) => ({ ...field, name: `${type.name}.${field.name}` })),
  );
const isId = (type: GraphQLInputType) => getNamedType(type).name === 'ID';

/** Every type of object that `node` finds. */
export function listNodeTypes(): string[] {
  const node = schema.getType('Node');
  if (!isInterfaceType(node)) throw new Error('the schema has no nodes');
  return schema.getPossibleTypes(node).map(({ name }) => name);
}

/** Every type of object that `_entities` finds. */
export function listEntityTypes(): string[] {
  const entity = schema.getType('_Entity');
  if (!isUnionType(entity)) throw new Error('the schema has no entities');
  return entity.getTypes().map(({ name }) => name);
}

/** Every list with pages, as `Team.keys`. */
export function listConnectionFields(): string[] {
  return fields.filter(({ type }) => getNamedType(type).name.endsWith('Connection')).map(({ name }) => name);
}

/** What a list with pages tells: `ApiKeyConnection.nodes` and `ApiKeyConnection.totalCount`. */
export function listConnectionParts(): string[] {
  return types
    .filter(({ name }) => name.endsWith('Connection'))
    .flatMap(({ name }) => [`${name}.nodes`, `${name}.totalCount`]);
}

/** Every member of every filter, as `Query.completions(filter.teamId)`. */
export function listFilters(): string[] {
  return fields.flatMap(({ name, args }) =>
    args.filter(isFilter).flatMap(({ type }) => {
      const input = getNamedType(type);
      const members = isInputObjectType(input) ? Object.keys(input.getFields()) : [];
      return members.map((member) => `${name}(filter.${member})`);
    }),
  );
}

/** Every place that takes an id: `Query.node(id)`, `KeyCreateInput.teamId`. */
export function listIdInputs(): string[] {
  const args = fields.flatMap(({ name, args: all }) =>
    all.filter(({ type }) => isId(type)).map((arg) => `${name}(${arg.name})`),
  );
  return [...args, ...inputFields.filter(({ type }) => isId(type)).map(({ name }) => name)];
}

function isFilter({ name }: Pick<GraphQLArgument, 'name'>): boolean {
  return name === 'filter';
}

/** All that these operations ask for and give, in the words of the lists above. Inputs count where they are written out. */
export function listAsked(queries: readonly string[]): Set<string> {
  const asked = new Set<string>();
  const info = new TypeInfo(schema);
  const here = () => `${info.getParentType()?.name}.${info.getFieldDef()?.name}`;
  for (const query of queries) {
    visit(
      parse(query),
      visitWithTypeInfo(info, {
        Field: () => void asked.add(here()),
        Argument(node) {
          asked.add(`${here()}(${node.name.value})`);
          for (const member of membersOf(node)) asked.add(`${here()}(${node.name.value}.${member})`);
        },
        ObjectField(node) {
          const parent = info.getParentInputType();
          if (parent) asked.add(`${getNamedType(parent).name}.${node.name.value}`);
        },
      }),
    );
  }
  return asked;
}

function membersOf({ value }: ArgumentNode): string[] {
  return value.kind === Kind.OBJECT ? value.fields.map(({ name }) => name.value) : [];
}
