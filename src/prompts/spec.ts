import { z } from 'zod';
import type { Ask, AskTool } from '../domain/ask.ts';
import { nameInput, paramsInput, schemaInput, toIssues, toolsInput } from '../domain/ask-settings.ts';
import { MAX_AGE_SECONDS } from '../domain/cache-wish.ts';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import type { JsonSchema, PromptMessage, PromptSpec, PromptVariable } from '../domain/prompt.ts';
import { checkNote } from './check-prompt.ts';
import { checkEntity, type WantedEntity } from './entity.ts';
import { TemplateFaults, type TemplateFault } from './template/faults.ts';
import { mergeVariables } from './template/merge.ts';
import { compilePrompt } from './template/template.ts';
import { validateVariables } from './variables.ts';

/** A version as it is wished for; what is undefined says nothing. */
export interface WantedSpec {
  messages: PromptMessage[];
  variables: PromptVariable[];
  model: string | undefined;
  params: Ask['params'];
  tools: AskTool[];
  outputSchema: JsonSchema | undefined;
  cacheSeconds: number | undefined;
  entity: WantedEntity | undefined;
}

/** Of a whole version as JSON, with the partials that it keeps. */
const SPEC_CHARS_MAX = 512_000;

const cacheFault = `must be from 1 to ${MAX_AGE_SECONDS}`;
const settings = z.object({
  model: nameInput.optional(),
  params: paramsInput,
  tools: toolsInput,
  outputSchema: schemaInput.optional(),
  cacheSeconds: z.int(cacheFault).min(1, cacheFault).max(MAX_AGE_SECONDS, cacheFault).optional(),
});

/**
 * Checks a version as a whole, and declares what its templates name beside the declared variables.
 * @param partials copies of those that its templates use, as far as there are any.
 * @param options.at where it stands in the input; `modelFault` is what is wrong with the model that it names.
 * @throws InvalidInput with every fault.
 */
export function toSpec(
  { cacheSeconds, entity, ...wanted }: WantedSpec,
  partials: PromptSpec['partials'],
  options: { at: string[]; note: string | undefined; modelFault: string | undefined },
): PromptSpec {
  const { at, note, modelFault } = options;
  const parsed = settings.safeParse({ ...wanted, cacheSeconds });
  const cache = cacheSeconds === undefined ? undefined : { maxAgeSeconds: cacheSeconds };
  const spec: PromptSpec = { ...wanted, partials, cache, entity: undefined };
  const issues = [
    ...mergeInferred(spec, at),
    ...(parsed.success ? [] : toIssues(parsed.error, at)),
    ...(modelFault === undefined ? [] : [issue([...at, 'model'], modelFault)]),
    ...checkNote(note, [...at, 'note']),
  ];
  // Only what is right has all the variables that a field can give.
  if (entity && issues.length === 0) {
    const checked = checkEntity(entity, spec.variables, [...at, 'entity']);
    spec.entity = checked.entity;
    issues.push(...checked.issues);
  }
  const chars = JSON.stringify(spec).length;
  if (chars > SPEC_CHARS_MAX) {
    const [found, most] = [chars, SPEC_CHARS_MAX].map((number) => number.toLocaleString('en'));
    issues.push(issue(at, `is ${found} characters long with its partials; at most ${most} fit`));
  }
  if (issues.length > 0) throw new InvalidInput(issues);
  return spec;
}

/** @returns what is wrong with the variables, or else with the templates. */
function mergeInferred(spec: PromptSpec, at: string[]): InputIssue[] {
  const issues = validateVariables(spec.variables, [...at, 'variables']);
  const { messages, partials, variables } = spec;
  try {
    // Templates are told what is wrong with them, whatever is wrong with the variables.
    const compiled = compilePrompt({ messages, partials, ...(issues.length === 0 && { variables }) });
    spec.variables = mergeVariables(compiled.variables, variables);
  } catch (error) {
    issues.push(...toTemplateIssues(error, at));
  }
  return issues;
}

/**
 * What is wrong with templates, each with its line and column.
 * @param at where messages and variables stand in the input.
 * @throws whatever else it is.
 */
function toTemplateIssues(error: unknown, at: string[]): InputIssue[] {
  return faultsOf(error).map((fault) => {
    const [list, name] = fault.path;
    const own = list === 'partials' ? ['messages'] : fault.path;
    const what = list === 'partials' ? `render the partial ${JSON.stringify(name)}, where` : 'has a fault';
    return issue([...at, ...own], sayFault(fault, what));
  });
}

/** @throws whatever else it is. */
export function faultsOf(error: unknown): readonly TemplateFault[] {
  if (error instanceof TemplateFaults) return error.faults;
  throw error;
}

/** @param what stands before the place, where the fault has one. */
export function sayFault({ line, column, message }: TemplateFault, what: string): string {
  return line === 0 ? message : `${what} at line ${line}, column ${column}: ${message}`;
}

function issue(path: string[], what: string): InputIssue {
  return { path, message: `${path.join('.')} ${what}` };
}
