import { InvalidInput } from '../domain/errors.ts';
import type { PromptVariable } from '../domain/prompt.ts';
import type { InferredVariable } from './template/template.ts';

export function mergeVariables(
  declared: readonly PromptVariable[],
  inferred: readonly InferredVariable[],
): PromptVariable[] {
  const names = new Set(declared.map(({ name }) => name));
  const others = inferred.filter(({ name }) => !names.has(name));
  return [
    ...declared,
    ...others.map(({ name, type, schema, optional }) => ({
      name,
      type: type === 'ANY' ? ('STRING' as const) : type,
      schema,
      description: undefined,
      required: !optional,
      default: undefined,
      example: undefined,
      neverLog: false,
    })),
  ];
}

export function checkVariables(
  variables: readonly PromptVariable[],
  values: unknown,
  at: string[],
): Record<string, unknown> {
  const given = (values ?? {}) as Record<string, unknown>;
  const issues = [];
  for (const name of Object.keys(given))
    if (!variables.some((each) => each.name === name))
      issues.push({ path: [...at, name], message: `${at.join('.')}.${name} is unknown` });
  for (const { name, type, required } of variables) {
    const value = given[name];
    if (value === undefined) {
      if (required)
        issues.push({ path: [...at, name], message: `${at.join('.')}.${name} is missing; ${type}` });
    } else if (type === 'STRING' && typeof value !== 'string')
      issues.push({ path: [...at, name], message: `${at.join('.')}.${name} must be a STRING` });
  }
  if (issues.length > 0) throw new InvalidInput(issues);
  const defaults = variables.filter((each) => each.default !== undefined && given[each.name] === undefined);
  return { ...given, ...Object.fromEntries(defaults.map((each) => [each.name, each.default])) };
}
