import type { InputIssue } from '../domain/errors.ts';
import type {
  EntityBinding,
  EntityVariable,
  JsonSchema,
  PromptVariable,
  VariableType,
} from '../domain/prompt.ts';

/** A binding as it is wished for; what is undefined is found out. */
export interface WantedEntity extends Omit<EntityBinding, 'variables'> {
  variables: WantedVariable[];
}
type WantedVariable = Omit<EntityVariable, 'type'> & { type: string | undefined };

/** https://spec.graphql.org/September2025/#Name; names with two underscores before are the language's own. */
const NAME = /^(?!__)[A-Z_a-z]\w{0,99}$/;
const NAME_RULE = 'a name of GraphQL: letters, digits and _, with no digit first, no __ before, 100 at most';

/** A scalar, or a list of scalars. */
const TYPE = /^(?:(\w+)!?|\[(\w+)!?\]!?)$/;
const KEY_TYPES = ['ID!', 'String!', 'Int!'];

/** What may carry the values of a variable. */
const SCALARS: Record<VariableType, readonly string[]> = {
  STRING: ['String', 'ID', 'DateTime'],
  IMAGE: ['String'],
  NUMBER: ['Float', 'Int'],
  BOOLEAN: ['Boolean'],
  LIST: ['JSON'],
  OBJECT: ['JSON'],
};
const ITEMS = ['String', 'ID', 'DateTime', 'Float', 'Int', 'Boolean', 'JSON'];
const ITEM_OF_SCHEMA: Record<string, string> = {
  string: 'String',
  number: 'Float',
  integer: 'Int',
  boolean: 'Boolean',
};

/**
 * Checks a binding, and finds out the types that it leaves open. Which types the other subgraph has is not known here.
 * @param at where it stands in the input.
 */
export function checkEntity(
  { variables: wanted, ...entity }: WantedEntity,
  variables: readonly PromptVariable[],
  at: string[],
): { entity: EntityBinding; issues: InputIssue[] } {
  const { typeName, key, keyType, field } = entity;
  const mapped: EntityVariable[] = [];
  const faults: InputIssue[] = [];
  // Each variable stands there once, so that one more than there are is wrong for sure.
  for (const [index, each] of wanted.slice(0, variables.length + 1).entries()) {
    const around = { entity, before: mapped, variables, at: [...at, 'variables', String(index)] };
    const variable = toMapped(each, around);
    faults.push(...checkMapped(variable, around));
    mapped.push(variable);
  }
  const names = Object.entries({ typeName, key, field }).filter(([, name]) => !NAME.test(name));
  const covered = new Set(wanted.map(({ variable }) => variable));
  const open = variables.filter(({ name, required }) => required && !covered.has(name));
  const issues = [
    ...names.map(([name, value]) => issue([...at, name], `is ${show(value)}; it must be ${NAME_RULE}`)),
    ...(KEY_TYPES.includes(keyType)
      ? []
      : [issue([...at, 'keyType'], `is ${show(keyType)}; it must be one of ${KEY_TYPES.join(', ')}`)]),
    ...(field === key ? [issue([...at, 'field'], `is ${show(field)}, which is the key`)] : []),
    ...open.map(({ name }) =>
      issue(
        [...at, 'variables'],
        `must say which field gives the variable ${show(name)}, which is required, or the variable must have a default`,
      ),
    ),
    ...faults,
  ];
  return { entity: { ...entity, variables: mapped }, issues };
}

interface Around {
  entity: Omit<EntityBinding, 'variables'>;
  /** Those before it in the list. */
  before: readonly EntityVariable[];
  variables: readonly PromptVariable[];
  at: string[];
}

function toMapped({ variable: name, field, type }: WantedVariable, around: Around): EntityVariable {
  const { entity, before, variables } = around;
  const variable = variables.find((each) => each.name === name);
  const known = field === entity.key ? entity.keyType : before.find((each) => each.field === field)?.type;
  const found = known ?? (variable && defaultType(variable));
  return { variable: name, field, type: type ?? found ?? '' };
}

function checkMapped({ variable: name, field, type }: EntityVariable, around: Around): InputIssue[] {
  const { entity, before, variables, at } = around;
  const variable = variables.find((each) => each.name === name);
  const issues: InputIssue[] = [];
  const fault = (member: keyof EntityVariable, what: string) => issues.push(issue([...at, member], what));
  if (!variable)
    fault('variable', `is ${show(name)}; the prompt has ${variables.map((each) => each.name).join(', ')}`);
  else if (before.some((each) => each.variable === name))
    fault('variable', `is ${show(name)}, which has a field already`);
  if (!NAME.test(field)) fault('field', `is ${show(field)}; it must be ${NAME_RULE}`);
  if (field === entity.field) fault('field', `is ${show(field)}, which is what the prompt answers`);
  const earlier = before.find((each) => each.field === field);
  if (field === entity.key && type !== entity.keyType)
    fault('type', `is ${show(type)}, and the key is ${entity.keyType} by keyType`);
  else if (earlier && earlier.type !== type)
    fault('type', `is ${show(type)}, and ${show(field)} is ${earlier.type} elsewhere`);
  const what = variable && explain(variable, type);
  if (what !== undefined) fault('type', what);
  return issues;
}

/** @returns undefined where it has to be said. */
function defaultType({ type, schema, required }: PromptVariable): string | undefined {
  const end = required ? '!' : '';
  if (type === 'OBJECT') return undefined;
  if (type !== 'LIST') return `${SCALARS[type][0]}${end}`;
  const items = schema?.['items'] as JsonSchema | undefined;
  const item = ITEM_OF_SCHEMA[String(items?.['type'])];
  return item && `[${item}!]${end}`;
}

/** @returns why values of the variable cannot come from a field of the type; undefined for nothing. */
function explain({ name, type: kind }: PromptVariable, type: string): string | undefined {
  const [, scalar, item] = TYPE.exec(type) ?? [];
  const fits =
    item === undefined
      ? scalar !== undefined && SCALARS[kind].includes(scalar)
      : kind === 'LIST' && ITEMS.includes(item);
  if (fits) return undefined;
  const scalars = SCALARS[kind].join(' or ');
  const wanted = kind === 'LIST' ? `a list of one of ${ITEMS.join(', ')}, or JSON` : scalars;
  const found = type === '' ? 'must be said' : `is ${show(type)}`;
  return `${found}: the variable ${show(name)} is ${kind}, and the field must be ${wanted}, with or without !. Only scalars and lists of them come from another subgraph`;
}

function show(value: string): string {
  return JSON.stringify(value.slice(0, 100));
}

function issue(path: string[], what: string): InputIssue {
  return { path, message: `${path.join('.')} ${what}` };
}
