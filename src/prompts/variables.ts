import { imageUrl } from '../domain/ask.ts';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import type { PromptVariable, VariableType } from '../domain/prompt.ts';
import { isTooDeep, MAX_JSON_LEVELS } from '../lib/json-depth.ts';
import { compileSchema } from '../lib/json-schema.ts';
import { show, suggest } from './template/explain.ts';
import { nameFault, TEMPLATE_LIMITS } from './template/limits.ts';

const WANTED: Record<VariableType, string> = {
  STRING: 'a STRING',
  NUMBER: 'a NUMBER',
  BOOLEAN: 'a BOOLEAN',
  LIST: 'a LIST',
  OBJECT: 'an OBJECT',
  IMAGE: 'an IMAGE: a URL that begins with https:// or data:image/',
};

/**
 * The values of the variables of a prompt, with the defaults of those that are not given. Null is as good as not given.
 * @param values by name.
 * @param at where they stand in the caller's own document, for the paths.
 * @throws InvalidInput that names each variable that is unknown, missing or not of its type, up to 20 of them. It tells
 * what types were found, and no value.
 */
export function checkVariables(
  variables: readonly PromptVariable[],
  values: unknown,
  at: string[],
): Record<string, unknown> {
  const given = values ?? {};
  if (!isObject(given)) {
    const message = `${at.join('.')} must be an OBJECT with a member for each variable; found ${foundType(given)}`;
    throw new InvalidInput([{ path: at, message }]);
  }
  const complete = variables.flatMap((variable) => {
    const value = valueOf(given, variable);
    return value === undefined ? [] : [[variable.name, value] as const];
  });
  const issues = [
    ...findUnknown(given, variables),
    ...variables.flatMap((variable) => checkValue(variable, valueOf(given, variable))),
    ...checkTotal(variables, given),
  ];
  if (issues.length === 0) return Object.fromEntries(complete);
  throw new InvalidInput(issues.slice(0, TEMPLATE_LIMITS.faults).map((issue) => placeIssue(issue, at)));
}

/**
 * Everything for which these variables cannot be declared: as arguments of a typed field, and to be checked.
 * @param at where the list stands in the caller's own document, for the paths.
 */
export function validateVariables(variables: readonly PromptVariable[], at: string[]): InputIssue[] {
  const issues = variables.flatMap((variable, index) =>
    checkDeclaration(variable, variables.slice(0, index)).map(({ path, message }) => ({
      path: [String(index), ...path],
      message,
    })),
  );
  if (variables.length > TEMPLATE_LIMITS.variables)
    issues.unshift({
      path: [],
      message: `holds ${variables.length} variables; at most ${TEMPLATE_LIMITS.variables} are taken`,
    });
  return issues.slice(0, TEMPLATE_LIMITS.faults).map((issue) => placeIssue(issue, at));
}

function placeIssue({ path, message }: InputIssue, at: string[]): InputIssue {
  const full = [...at, ...path];
  return { path: full, message: `${full.join('.')} ${message}` };
}

function valueOf(given: Record<string, unknown>, variable: PromptVariable): unknown {
  const value = Object.hasOwn(given, variable.name) ? given[variable.name] : undefined;
  return value ?? variable.default ?? undefined;
}

function findUnknown(given: Record<string, unknown>, variables: readonly PromptVariable[]): InputIssue[] {
  const names = variables.map(({ name }) => name);
  return Object.keys(given)
    .filter((key) => !names.includes(key))
    .slice(0, TEMPLATE_LIMITS.faults)
    .map((key) => {
      const known = names.length === 0 ? 'it has none' : `it has ${names.slice(0, 20).join(', ')}`;
      const short = key.slice(0, TEMPLATE_LIMITS.nameChars);
      return { path: [short], message: `is no variable of this prompt; ${known}${suggest(key, names)}` };
    });
}

function checkValue(variable: PromptVariable, value: unknown): InputIssue[] {
  const { name, type, required, schema, neverLog } = variable;
  if (value === undefined)
    return required ? [{ path: [name], message: `is missing; it must be ${WANTED[type]}` }] : [];
  const fault =
    typeFault(type, value) ?? shapeFault(value) ?? (schema && schemaFault(schema, value, neverLog));
  return fault ? [{ path: [name], message: fault }] : [];
}

function typeFault(type: VariableType, value: unknown): string | undefined {
  if (type === 'IMAGE' && typeof value === 'string') {
    const parsed = imageUrl.safeParse(value);
    return parsed.success ? undefined : `must be ${WANTED.IMAGE}; found another STRING, or one too long`;
  }
  if (type === foundType(value)) return undefined;
  return `must be ${WANTED[type]}; found ${foundType(value)}`;
}

function schemaFault(schema: object, value: unknown, neverLog: boolean): string | undefined {
  const fault = compileSchema(schema)(value);
  if (fault === undefined) return undefined;
  // A fault tells names of members, which a caller may have chosen.
  return neverLog ? 'does not fit its JSON Schema' : `does not fit its JSON Schema: ${fault}`;
}

function shapeFault(value: unknown): string | undefined {
  if (isTooDeep(value)) return `is nested deeper than ${MAX_JSON_LEVELS} levels`;
  if (!hasLongList(value)) return undefined;
  const most = TEMPLATE_LIMITS.listMembers.toLocaleString('en');
  return `holds a LIST of more than ${most} members`;
}

function hasLongList(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value) && value.length > TEMPLATE_LIMITS.listMembers) return true;
  return Object.values(value).some(hasLongList);
}

function checkTotal(variables: readonly PromptVariable[], given: Record<string, unknown>): InputIssue[] {
  const counted = variables
    .filter(({ type }) => type !== 'IMAGE')
    .map((variable) => valueOf(given, variable));
  const chars = counted.reduce<number>((sum, value) => sum + charsOf(value, MAX_JSON_LEVELS), 0);
  if (chars <= TEMPLATE_LIMITS.valueChars) return [];
  const most = TEMPLATE_LIMITS.valueChars.toLocaleString('en');
  return [
    { path: [], message: `hold ${chars.toLocaleString('en')} characters together; at most ${most} fit` },
  ];
}

/** As JSON, roughly. What is nested deeper is refused elsewhere. */
function charsOf(value: unknown, levels: number): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || levels === 0) return 1;
  const keys = Array.isArray(value) ? 0 : Object.keys(value).join('').length;
  return Object.values(value).reduce<number>((sum, one) => sum + 1 + charsOf(one, levels - 1), 1 + keys);
}

function checkDeclaration(variable: PromptVariable, earlier: readonly PromptVariable[]): InputIssue[] {
  const { name, type, schema } = variable;
  const issues: InputIssue[] = [];
  const fault = nameFault(name);
  if (fault) issues.push({ path: ['name'], message: `is ${fault}` });
  if (earlier.some((other) => other.name === name))
    issues.push({ path: ['name'], message: `repeats the variable ${show(name)}` });
  const broken = schema && (brokenSchema(type, schema) ?? undefined);
  if (broken) return [...issues, { path: ['schema'], message: broken }];
  for (const key of ['default', 'example'] as const)
    if (variable[key] !== undefined && variable[key] !== null)
      for (const { message } of checkValue(variable, variable[key])) issues.push({ path: [key], message });
  return issues;
}

function brokenSchema(type: VariableType, schema: object): string | undefined {
  if (type !== 'LIST' && type !== 'OBJECT') return `belongs to a LIST or an OBJECT; ${type} has none`;
  if (isTooDeep(schema)) return `is nested deeper than ${MAX_JSON_LEVELS} levels`;
  try {
    compileSchema(schema);
    return undefined;
  } catch (error) {
    return `is no JSON Schema that compiles: ${(error as Error).message}`;
  }
}

/** The type that a value has by itself; an IMAGE is a STRING. */
function foundType(value: unknown): string {
  if (Array.isArray(value)) return 'LIST';
  if (typeof value === 'number') return Number.isFinite(value) ? 'NUMBER' : 'a number that is not finite';
  const types: Record<string, string> = { string: 'STRING', boolean: 'BOOLEAN', object: 'OBJECT' };
  return types[typeof value] ?? 'nothing that JSON knows';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
