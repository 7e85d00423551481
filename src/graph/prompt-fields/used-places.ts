import {
  getNamedType,
  isInputObjectType,
  parse,
  typeFromAST,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type GraphQLInputObjectType,
  type GraphQLSchema,
  type TypeNode,
} from 'graphql';

/**
 * What of a graph an operation depends on, as coordinates: `Ticket.title`, `Ai.summarizeTicket(ticket:)`, and types by
 * their names. Of a variable's type every field counts, for nobody knows which will be sent.
 * @param text an operation that once was found to fit a graph like this; what is not in this one is left out.
 */
export function listUsedPlaces(text: string, schema: GraphQLSchema): ReadonlySet<string> {
  const used = new Set<string>();
  const types = new TypeInfo(schema);
  const addType = (type: unknown) => {
    const named = getNamedType(type as GraphQLInputObjectType | null | undefined);
    if (named) used.add(named.name);
    return named;
  };
  visit(
    parse(text, { noLocation: true }),
    visitWithTypeInfo(types, {
      Field() {
        const [parent, field] = [types.getParentType(), types.getFieldDef()];
        if (parent && field) used.add(`${parent.name}.${field.name}`);
        addType(types.getType());
      },
      Argument({ name }) {
        const [parent, field] = [types.getParentType(), types.getFieldDef()];
        if (parent && field) used.add(`${parent.name}.${field.name}(${name.value}:)`);
      },
      ObjectField({ name }) {
        const parent = addType(types.getParentInputType());
        if (parent) used.add(`${parent.name}.${name.value}`);
      },
      ObjectValue: () => void addType(types.getInputType()),
      EnumValue: () => void addType(types.getInputType()),
      InlineFragment: () => void addType(types.getType()),
      VariableDefinition: ({ type }) => addInput(typeOf(schema, type), used, new Set()),
    }),
  );
  return used;
}

function typeOf(schema: GraphQLSchema, node: TypeNode): unknown {
  // Lists and "not null" make no difference here, but the library has a form of its function for each.
  return typeFromAST(schema, node as Parameters<typeof typeFromAST>[1] & { kind: never });
}

function addInput(type: unknown, used: Set<string>, seen: Set<string>): void {
  const named = getNamedType(type as GraphQLInputObjectType | undefined);
  if (!named || seen.has(named.name)) return;
  seen.add(named.name);
  used.add(named.name);
  if (!isInputObjectType(named)) return;
  for (const field of Object.values(named.getFields())) {
    used.add(`${named.name}.${field.name}`);
    addInput(field.type, used, seen);
  }
}
