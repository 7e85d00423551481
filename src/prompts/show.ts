import type { AskMessage } from '../domain/ask.ts';
import type { PromptVariable } from '../domain/prompt.ts';
import type { ReadyVersion } from './book.ts';
import { checkVariables } from './variables.ts';

/** What stands where the value of a variable is kept nowhere. */
const HIDDEN = '[never logged]';
/** One transparent point. */
const HIDDEN_IMAGE = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';

/** What a version makes of variables, for people to look at. */
export interface ShownPrompt {
  messages: AskMessage[];
  /** With the defaults of those that were not given. */
  variables: Record<string, unknown>;
}

/**
 * Renders with stand-ins for the values that are kept nowhere: a condition on one may come out otherwise than it would.
 * @param at where the variables stand in the input.
 * @throws InvalidInput that names each variable that is unknown, missing or of the wrong type.
 */
export function showPrompt({ spec, compiled }: ReadyVersion, values: unknown, at: string[]): ShownPrompt {
  const variables = withoutHidden(spec.variables, checkVariables(spec.variables, values, at));
  return { messages: compiled.render(variables), variables };
}

/** The values of variables as they may be kept and shown. */
function withoutHidden(
  variables: readonly PromptVariable[],
  values: Record<string, unknown>,
): Record<string, unknown> {
  const hidden = new Map(variables.filter(({ neverLog }) => neverLog).map(({ name, type }) => [name, type]));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const type = hidden.get(name);
      return [name, type === undefined ? value : type === 'IMAGE' ? HIDDEN_IMAGE : hide(value)];
    }),
  );
}

/** With its form, so that templates still find their way through it. */
function hide(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hide);
  if (typeof value !== 'object' || value === null) return HIDDEN;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hide(member)]));
}
