import fc from 'fast-check';

/** A schema as it is made here, from which values of it and their form in the graph are made too. */
export type Node =
  | { kind: 'scalar'; type: keyof typeof SCALARS }
  | { kind: 'text'; only: string }
  | { kind: 'enum'; values: string[]; isOneOf: boolean }
  | { kind: 'list'; item: Node }
  | { kind: 'object'; members: MemberNode[]; isJoined: boolean }
  | { kind: 'union'; options: { value: string; members: MemberNode[] }[] }
  | { kind: 'nullable'; node: Node }
  | { kind: 'ref'; to: string };

export interface MemberNode {
  property: string;
  node: Node;
  required: boolean;
}

export interface World {
  root: Node;
  defs: Record<string, Node>;
}

type Json = Record<string, unknown>;

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const SCALARS = {
  string: { schema: { type: 'string' }, values: fc.string({ unit: 'grapheme' }) },
  email: { schema: { type: 'string', format: 'email' }, values: fc.constantFrom('a@b.ch', 'c.d@e.org') },
  instant: {
    schema: { type: 'string', format: 'date-time' },
    values: fc.constantFrom('2026-01-31T10:00:00Z', '2026-06-30t23:59:60.5z', '2026-01-01 02:00:00.25+02'),
  },
  integer: { schema: { type: 'integer' }, values: fc.maxSafeInteger() },
  short: {
    schema: { type: 'integer', minimum: -(2 ** 31), exclusiveMaximum: 2 ** 31 },
    values: fc.integer(),
  },
  number: {
    schema: { type: 'number' },
    values: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  },
  boolean: { schema: { type: 'boolean' }, values: fc.boolean() },
  level: { schema: { enum: [1, 2, 3] }, values: fc.constantFrom(1, 2, 3) },
  anything: { schema: {}, values: fc.jsonValue({ maxDepth: 2 }).map(plain) },
  map: {
    schema: { type: 'object', additionalProperties: { type: 'integer' } },
    values: fc.dictionary(fc.string(), fc.integer()).map(plain),
  },
} as const;

const PROPERTIES = ['title', 'first-name', 'line_items', '2fa', '$ref', 'état', '__proto__', 'isOpen', 'a b'];
const VALUES = ['low', 'very-high', 'inProgress', '3', 'true'];
const KINDS = ['circle', 'big-square', '3d'];

const scalar: fc.Arbitrary<Node> = fc.oneof(
  fc.constantFrom(...(Object.keys(SCALARS) as (keyof typeof SCALARS)[])).map((type) => ({
    kind: 'scalar' as const,
    type,
  })),
  fc.record({
    kind: fc.constant('enum' as const),
    values: fc.subarray(VALUES, { minLength: 2 }),
    isOneOf: fc.boolean(),
  }),
  fc.constant({ kind: 'text' as const, only: 'fixed' }),
);

function membersOf(node: fc.Arbitrary<Node>, minLength: number): fc.Arbitrary<MemberNode[]> {
  const names = fc.subarray(PROPERTIES, { minLength, maxLength: 4 });
  return names.chain((properties) =>
    fc.tuple(
      ...properties.map((property) =>
        fc.record({ property: fc.constant(property), node, required: fc.boolean() }).map((member) =>
          // What needs another of its kind is never complete.
          member.node.kind === 'ref' ? { ...member, required: false } : member,
        ),
      ),
    ),
  );
}

function nodeOf(depth: number): fc.Arbitrary<Node> {
  if (depth === 0) return scalar;
  const inner = nodeOf(depth - 1);
  const options = fc
    .subarray(KINDS, { minLength: 2 })
    .chain((values) =>
      fc.tuple(
        ...values.map((value) => fc.record({ value: fc.constant(value), members: membersOf(inner, 0) })),
      ),
    );
  return fc.oneof(
    scalar,
    objectOf(inner),
    inner.map((item) => ({ kind: 'list' as const, item })),
    options.map((each) => ({ kind: 'union' as const, options: each })),
    inner.filter(({ kind }) => kind !== 'nullable').map((node) => ({ kind: 'nullable' as const, node })),
    fc.constantFrom('Author', 'line-item').map((to) => ({ kind: 'ref' as const, to })),
  );
}

function objectOf(inner: fc.Arbitrary<Node>): fc.Arbitrary<Node> {
  return fc
    .record({ members: membersOf(inner, 1), isJoined: fc.boolean() })
    .map((object) => ({ kind: 'object' as const, ...object }));
}

export const world: fc.Arbitrary<World> = fc.record({
  root: nodeOf(3).filter(({ kind }) => kind !== 'ref'),
  defs: fc.record({ Author: objectOf(nodeOf(1)), 'line-item': objectOf(nodeOf(1)) }),
});

export function schemaOf({ root, defs }: World): Json {
  const $defs = Object.fromEntries(Object.entries(defs).map(([name, node]) => [name, write(node)]));
  return { ...write(root), $defs };
}

function write(node: Node): Json {
  switch (node.kind) {
    case 'scalar':
      return SCALARS[node.type].schema;
    case 'text':
      return { const: node.only };
    case 'enum':
      return node.isOneOf ? { oneOf: node.values.map((value) => ({ const: value })) } : { enum: node.values };
    case 'list':
      return { type: 'array', items: write(node.item) };
    case 'nullable':
      return { anyOf: [write(node.node), { type: 'null' }] };
    case 'ref':
      return { $ref: `#/$defs/${node.to}` };
    case 'union':
      return {
        oneOf: node.options.map(({ value, members }) => {
          const { properties, required, type } = writeMembers(members);
          const kind = [['kind', { const: value }]] as [string, unknown][];
          return {
            type,
            properties: Object.fromEntries([...kind, ...Object.entries(properties)]),
            required: ['kind', ...required],
          };
        }),
      };
    case 'object':
      return node.isJoined
        ? { allOf: [writeMembers(node.members.slice(0, 1)), writeMembers(node.members.slice(1))] }
        : writeMembers(node.members);
  }
}

function writeMembers(members: MemberNode[]) {
  return {
    type: 'object',
    properties: Object.fromEntries(members.map(({ property, node }) => [property, write(node)])),
    required: members.filter(({ required }) => required).map(({ property }) => property),
  };
}

/** The same with a member more in each object. */
export function grown({ root, defs }: World): World {
  const more = (members: MemberNode[]): MemberNode[] => [
    { property: 'added', node: { kind: 'scalar', type: 'string' }, required: true },
    ...members.map((member) => ({ ...member, node: grow(member.node) })),
  ];
  const grow = (node: Node): Node => {
    if (node.kind === 'list') return { ...node, item: grow(node.item) };
    if (node.kind === 'nullable') return { ...node, node: grow(node.node) };
    if (node.kind === 'object') return { ...node, members: more(node.members) };
    if (node.kind !== 'union') return node;
    const options = node.options.map(({ value, members }) => ({ value, members: more(members) }));
    return { ...node, options };
  };
  const grownDefs = Object.entries(defs).map(([name, node]) => [name, grow(node)] as const);
  return { root: grow(root), defs: Object.fromEntries(grownDefs) };
}

/** Values that meet the schema. */
export function valuesOf({ root, defs }: World): fc.Arbitrary<unknown> {
  const make = (node: Node, depth: number): fc.Arbitrary<unknown> => {
    switch (node.kind) {
      case 'scalar':
        return SCALARS[node.type].values;
      case 'text':
        return fc.constant(node.only);
      case 'enum':
        return fc.constantFrom(...node.values);
      case 'list':
        return fc.array(make(node.item, depth - 1), { maxLength: depth > 0 ? 3 : 0 });
      case 'nullable':
        return depth > 0 ? fc.option(make(node.node, depth), { nil: null }) : fc.constant(null);
      case 'ref':
        return make(defs[node.to]!, depth - 1);
      case 'object':
        return makeMembers(node.members, depth);
      case 'union':
        return fc.oneof(
          ...node.options.map(({ value, members }) =>
            makeMembers(members, depth).map((rest) => ({ kind: value, ...rest })),
          ),
        );
    }
  };
  const makeMembers = (members: MemberNode[], depth: number): fc.Arbitrary<Json> =>
    fc
      .tuple(
        ...members.map(({ node, required }) => {
          if (!required && depth <= 0) return fc.constant([]);
          const value = make(node, depth - 1).map((made) => [made]);
          return required ? value : fc.option(value, { nil: [] });
        }),
      )
      .map((made) =>
        Object.fromEntries(
          members.flatMap(({ property }, index) => made[index]!.map((value: unknown) => [property, value])),
        ),
      );
  return make(root, 4);
}
