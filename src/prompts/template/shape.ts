import type { JsonSchema, PromptVariable, VariableType } from '../../domain/prompt.ts';
import type { FaultList, Place } from './faults.ts';

/** How a template uses a value, as far as that says what it must be. */
export type Use = 'TEXT' | 'NUMBER' | 'LOOP' | 'LIST' | 'OBJECT';
export type ScalarType = Extract<VariableType, 'STRING' | 'NUMBER' | 'BOOLEAN'>;
export type InferredType = Exclude<VariableType, 'IMAGE'> | 'ANY';

/** What is known of a value by how the templates use it. */
export interface Shape {
  /** Where each use was seen first. */
  uses: Map<Use, Place>;
  /** Of the literals that it is compared with, or replaced by. */
  hints: Set<ScalarType>;
  members: Map<string, Shape>;
  /** What stands for each member of a list. */
  items: Shape | undefined;
  /** It is used where nothing says that it may be missing. */
  isNeeded: boolean;
  /** It is tested as a condition. */
  isTested: boolean;
  /** It is used otherwise than so. */
  isShown: boolean;
  isImage: boolean;
  /** How far it is from the variable that it belongs to. */
  depth: number;
}

/** What the templates want of a variable. */
export interface InferredVariable {
  name: string;
  /** ANY: it is only written, so that any text, number or boolean does. */
  type: InferredType;
  /** What is known of the members of a LIST or an OBJECT; one of which nothing is known is `{}`. */
  schema: JsonSchema | undefined;
  /** It has a `default`, or is used only where an `if` found it. */
  optional: boolean;
}

const FITTING: Record<VariableType, readonly Use[]> = {
  STRING: ['TEXT'],
  NUMBER: ['TEXT', 'NUMBER'],
  BOOLEAN: ['TEXT'],
  LIST: ['LOOP', 'LIST'],
  OBJECT: ['LOOP', 'OBJECT'],
  IMAGE: [],
};
const WORDS: Record<Use, string> = {
  TEXT: 'as a text',
  NUMBER: 'as a number',
  LOOP: 'in a loop',
  LIST: 'as a list',
  OBJECT: 'as an object with members',
};
const JSON_TYPES: Record<Exclude<VariableType, 'IMAGE'>, string> = {
  STRING: 'string',
  NUMBER: 'number',
  BOOLEAN: 'boolean',
  LIST: 'array',
  OBJECT: 'object',
};
const VARIABLE_TYPES: Record<string, VariableType> = {
  string: 'STRING',
  number: 'NUMBER',
  integer: 'NUMBER',
  boolean: 'BOOLEAN',
  array: 'LIST',
  object: 'OBJECT',
};

export function createShape(depth = 0): Shape {
  return {
    uses: new Map(),
    hints: new Set(),
    members: new Map(),
    items: undefined,
    isNeeded: false,
    isTested: false,
    isShown: false,
    isImage: false,
    depth,
  };
}

export function toInferred(name: string, shape: Shape): InferredVariable {
  const type = typeOf(shape) ?? 'ANY';
  return { name, type, schema: membersSchema(shape, type), optional: !shape.isNeeded };
}

/** Tells each use that no type would fit together with the others, or that the declared type does not. */
export function checkShape(
  name: string,
  shape: Shape,
  declared: Pick<PromptVariable, 'type' | 'schema'> | undefined,
  faults: FaultList,
): void {
  const type = declared?.type ?? typeOf(shape);
  if (type === undefined) {
    const [first, ...others] = [...shape.uses];
    const other = others.find(([use]) => !areTogether([first![0], use])) ?? others.at(-1)!;
    faults.add(other[1], `${name} is used ${WORDS[other[0]]} here, and ${WORDS[first![0]]} elsewhere`);
    return;
  }
  if (type === 'ANY' || type === 'IMAGE') return;
  for (const [use, place] of shape.uses)
    if (!FITTING[type].includes(use))
      faults.add(place, `${name} is a variable of type ${type}, and is used ${WORDS[use]} here`);
  if (type === 'LIST' && shape.items)
    checkShape(`a member of ${name}`, shape.items, readSchema(declared?.schema?.['items']), faults);
  if (type !== 'OBJECT') return;
  for (const [key, member] of shape.members) {
    const known = readMember(declared?.schema, key);
    if (known === 'NONE') tellMissing(`${name}.${key}`, member, shape, faults);
    else checkShape(`${name}.${key}`, member, known, faults);
  }
}

function tellMissing(name: string, member: Shape, owner: Shape, faults: FaultList): void {
  const place = [...member.uses.values()][0] ?? owner.uses.get('OBJECT');
  if (place) faults.add(place, `${name} is no member that the schema of the variable knows`);
}

/** Undefined: the uses contradict each other. */
function typeOf({ uses, hints, isTested, isShown }: Shape): InferredType | undefined {
  const seen = [...uses.keys()];
  const [hint, ...others] = hints;
  const hinted = others.length === 0 ? hint : undefined;
  if (seen.length === 0) return hinted ?? (isTested && !isShown ? 'BOOLEAN' : 'ANY');
  if (hinted !== undefined && isFitting(hinted, seen)) return hinted;
  return (['STRING', 'NUMBER', 'LIST', 'OBJECT'] as const).find((type) => isFitting(type, seen));
}

function areTogether(uses: readonly Use[]): boolean {
  return Object.values(FITTING).some((fitting) => uses.every((use) => fitting.includes(use)));
}

function isFitting(type: VariableType, uses: readonly Use[]): boolean {
  return uses.every((use) => FITTING[type].includes(use));
}

function schemaOf(shape: Shape): JsonSchema {
  const type = typeOf(shape) ?? 'ANY';
  if (type === 'ANY') return {};
  return membersSchema(shape, type) ?? { type: JSON_TYPES[type] };
}

function membersSchema(shape: Shape, type: InferredType): JsonSchema | undefined {
  if (type === 'LIST') return { type: 'array', ...(shape.items && { items: schemaOf(shape.items) }) };
  if (type !== 'OBJECT') return undefined;
  const members = [...shape.members];
  const required = members.filter(([, member]) => member.isNeeded).map(([key]) => key);
  return {
    type: 'object',
    properties: Object.fromEntries(members.map(([key, member]) => [key, schemaOf(member)])),
    ...(required.length > 0 && { required }),
  };
}

/** As far as it says one type outright. */
function readSchema(schema: unknown): Pick<PromptVariable, 'type' | 'schema'> | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { type } = schema as JsonSchema;
  const known = typeof type === 'string' ? VARIABLE_TYPES[type] : undefined;
  return known && { type: known, schema: schema as JsonSchema };
}

/** NONE: the schema lists its members, and this is none of them. */
function readMember(schema: JsonSchema | undefined, key: string): ReturnType<typeof readSchema> | 'NONE' {
  const { properties, ...rest } = schema ?? {};
  if (typeof properties !== 'object' || properties === null) return undefined;
  if (Object.hasOwn(properties, key)) return readSchema((properties as Record<string, unknown>)[key]);
  const isOpen = Object.keys(rest).some((keyword) => !CLOSED_KEYWORDS.has(keyword));
  return isOpen || rest['additionalProperties'] === true ? undefined : 'NONE';
}

/** Beside these, a schema may bring members in by other ways. */
const CLOSED_KEYWORDS = new Set([
  'type',
  'required',
  'title',
  'description',
  'default',
  'examples',
  'additionalProperties',
  '$schema',
  '$id',
]);
