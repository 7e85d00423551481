import type { PromptVariable } from '../domain/prompt.ts';

export function checkVariables(
  _variables: readonly PromptVariable[],
  values: unknown,
  _at: string[],
): Record<string, unknown> {
  return (values ?? {}) as Record<string, unknown>;
}
