import { z } from 'zod';
import type { Ask, AskTool } from '../domain/ask.ts';
import { nameInput, paramsInput, schemaInput, toIssues, toolsInput } from '../domain/ask-settings.ts';
import { MAX_AGE_SECONDS } from '../domain/cache-wish.ts';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import {
  PROMPT_ROLES,
  VARIABLE_TYPES,
  type JsonSchema,
  type PromptMessage,
  type PromptSpec,
  type PromptVariable,
} from '../domain/prompt.ts';
import type { Pinned } from './pin-partials.ts';
import { compilePrompt, TemplateFaults, type TemplateFault } from './template/template.ts';
import { checkVariables, mergeVariables } from './variables.ts';

/** A version as it is wished for; what is undefined says nothing. */
export interface WantedSpec {
  messages: PromptMessage[];
  variables: PromptVariable[];
  model: string | undefined;
  params: Ask['params'];
  tools: AskTool[];
  outputSchema: JsonSchema | undefined;
  cacheSeconds: number | undefined;
  entity: PromptSpec['entity'];
}

/** What one version may hold at most. */
const LIMITS = { listed: 100, templateChars: 65_536, specChars: 262_144, noteChars: 1_000 } as const;
/** `run` is an argument of the typed field by itself. */
const VARIABLE_NAME = /^(?!run$)[A-Za-z][A-Za-z0-9_]{0,63}$/;

const textOf = (most: number) =>
  z.string().max(most, { error: ({ input }) => tooLong((input as string).length, most) });
export const templateInput = textOf(LIMITS.templateChars);
export const noteInput = textOf(LIMITS.noteChars);

const variableInput = z
  .object({
    name: z.string().regex(VARIABLE_NAME, {
      error: ({ input }) =>
        `is ${JSON.stringify(String(input).slice(0, 100))}; it must be up to 64 letters, digits and _, with a letter first, and not "run"`,
    }),
    type: z.enum(VARIABLE_TYPES),
    schema: schemaInput.optional(),
    description: noteInput.optional(),
  })
  .superRefine(({ type, schema }, ctx) => {
    if (!schema || type === 'LIST' || type === 'OBJECT') return;
    const message = `means nothing for ${type}, only for LIST and OBJECT`;
    ctx.addIssue({ code: 'custom', path: ['schema'], message });
  });

const specInput = z.object({
  messages: z
    .array(z.object({ role: z.enum(PROMPT_ROLES), template: templateInput }))
    .min(1, 'needs at least one message')
    .max(LIMITS.listed, { error: ({ input }) => tooMany(input) }),
  variables: z
    .array(variableInput)
    .max(LIMITS.listed, { error: ({ input }) => tooMany(input) })
    .superRefine((variables, ctx) => {
      variables.forEach(({ name }, index) => {
        if (variables.findIndex((other) => other.name === name) === index) return;
        const message = `repeats the variable ${JSON.stringify(name)}`;
        ctx.addIssue({ code: 'custom', path: [index, 'name'], message });
      });
    }),
  model: nameInput.optional(),
  params: paramsInput,
  tools: toolsInput,
  outputSchema: schemaInput.optional(),
  cacheSeconds: z
    .int()
    .min(1, `must be from 1 to ${MAX_AGE_SECONDS}`)
    .max(MAX_AGE_SECONDS, `must be from 1 to ${MAX_AGE_SECONDS}`)
    .optional(),
});

/**
 * Checks a version as a whole.
 * @param pinned copies of the partials that its templates use.
 * @param options.at where it stands in the input; `modelFault` is what is wrong with the model that it names.
 * @throws InvalidInput with every fault.
 */
export function toSpec(
  { cacheSeconds, ...wanted }: WantedSpec,
  { partials, missing }: Pinned,
  { at, modelFault }: { at: string[]; modelFault: string | undefined },
): PromptSpec {
  const parsed = specInput.safeParse({ ...wanted, cacheSeconds });
  const issues = parsed.success ? [] : toIssues(parsed.error, at);
  const isWhole = (member: string) => issues.every(({ path }) => path[at.length] !== member);
  const cache = cacheSeconds === undefined ? undefined : { maxAgeSeconds: cacheSeconds };
  const spec: PromptSpec = { ...wanted, partials, cache };
  if (modelFault !== undefined) issues.push(issue([...at, 'model'], modelFault));
  for (const { name, usedIn } of missing) {
    const what = `renders the partial ${JSON.stringify(name)}, and there is none; make it by promptPartialSet`;
    issues.push(issue([...at, ...usedIn], what));
  }
  if (isWhole('variables')) issues.push(...checkValues(spec, at));
  if (isWhole('messages') && isWhole('variables')) issues.push(...mergeInferred(spec, at));
  const chars = JSON.stringify(spec).length;
  if (chars > LIMITS.specChars) issues.push(issue(at, tooLong(chars, LIMITS.specChars)));
  if (issues.length > 0) throw new InvalidInput(issues);
  return spec;
}

/** Declares what the templates name beside the declared variables. @returns what is wrong with the templates. */
function mergeInferred(spec: PromptSpec, at: string[]): InputIssue[] {
  try {
    spec.variables = mergeVariables(spec.variables, compilePrompt(spec).variables);
    return [];
  } catch (error) {
    return toTemplateIssues(error, ({ path }) => [...at, ...path]);
  }
}

/**
 * What is wrong with templates, each with its line and column.
 * @param toPath where a fault stands in the input.
 * @throws whatever else it is.
 */
export function toTemplateIssues(error: unknown, toPath: (fault: TemplateFault) => string[]): InputIssue[] {
  if (!(error instanceof TemplateFaults)) throw error;
  return error.faults.map((fault) =>
    issue(toPath(fault), `does not parse at line ${fault.line}, column ${fault.column}: ${fault.message}`),
  );
}

/** Defaults and examples must be what a caller could give. */
function checkValues({ variables }: PromptSpec, at: string[]): InputIssue[] {
  return variables.flatMap((variable, index) =>
    (['default', 'example'] as const).flatMap((member) => {
      if (variable[member] === undefined) return [];
      const path = [...at, 'variables', String(index), member];
      try {
        checkVariables([{ ...variable, default: undefined }], { [variable.name]: variable[member] }, path);
        return [];
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        return error.issues.map(({ message }) => ({ path, message }));
      }
    }),
  );
}

function issue(path: string[], what: string): InputIssue {
  return { path, message: `${path.join('.')} ${what}` };
}

function tooLong(chars: number, most: number): string {
  return `is ${chars.toLocaleString('en')} characters long; at most ${most.toLocaleString('en')} fit`;
}

function tooMany(list: unknown): string {
  return `holds ${(list as unknown[]).length}; at most ${LIMITS.listed} are taken`;
}
