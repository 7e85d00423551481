import type { Template } from 'liquidjs';
import type { AskMessage } from '../../domain/ask.ts';
import type { PromptMessage, PromptVariable } from '../../domain/prompt.ts';
import { createEngine } from './engine.ts';
import { createFaultList, type FaultList, type Source } from './faults.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { parseTemplate } from './parse.ts';
import { renderMessages, type ParsedMessage } from './render.ts';
import { checkShape, toInferred, type InferredVariable } from './shape.ts';
import { walkTemplates } from './tags.ts';
import { spotOf, type ParsedTemplate, type Walk } from './walk.ts';
import { ImageValue } from './work.ts';

/** The templates of a version, ready to be rendered any number of times. It never changes. */
export interface CompiledPrompt {
  /** What the templates use, in the order in which it first stands there. */
  readonly variables: readonly InferredVariable[];
  /**
   * Writes the messages. Values are text to it, whatever stands in them.
   * @param values as `checkVariables` gives them.
   * @throws InvalidInput for values with which a template cannot be rendered; it names the place, and no value.
   */
  render(values: Record<string, unknown>, signal?: AbortSignal): AskMessage[];
}

export interface TemplateSource {
  messages: readonly PromptMessage[];
  /** By name; those that no message renders are only read. */
  partials: Readonly<Record<string, { template: string }>>;
  /** Where given, each must be used, and used as what it is. Others may be used too; `mergeVariables` adds them. */
  variables?: readonly PromptVariable[];
}

export { listPartials } from './parse.ts';

const PARTIAL_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/**
 * Reads the templates of a prompt.
 *
 * The language is LiquidJS with the tags of engine.ts and the filters of filter-rules.ts, within the limits of
 * limits.ts. A partial sees the variables of the prompt and what `render` gives it. Lists and objects are written as
 * JSON, dates in UTC.
 * @throws TemplateFaults with every fault of all messages and partials.
 */
export function compilePrompt(source: TemplateSource): CompiledPrompt {
  const faults = createFaultList();
  checkSizes(source, faults);
  faults.throwAny();
  const trees = new Map<string, Template[]>();
  const engine = createEngine(trees);
  const partials = new Map<string, ParsedTemplate>();
  for (const [name, { template: text }] of Object.entries(source.partials)) {
    const at = { path: ['partials', name], text };
    const templates = parseTemplate(engine, at, faults);
    partials.set(name, { source: at, templates });
    trees.set(name, templates);
  }
  const messages = source.messages.map(({ role, template: text }, index): ParsedMessage => {
    const at = { path: ['messages', String(index), 'template'], text };
    return { role, source: at, templates: parseTemplate(engine, at, faults) };
  });
  const isRead = faults.isEmpty();
  const variables = inferVariables(messages, { source, partials, faults });
  if (isRead) checkUnused(source.variables ?? [], variables, faults);
  faults.throwAny();
  const sources = [...messages, ...partials.values()].map((parsed) => parsed.source);
  return Object.freeze({
    variables: Object.freeze(variables),
    render: (values: Record<string, unknown>, signal?: AbortSignal) =>
      renderMessages(engine, messages, sources, toScope(values, source.variables ?? [], variables), signal),
  });
}

function checkSizes({ messages, partials }: TemplateSource, faults: FaultList): void {
  const pieces: Source[] = [
    ...messages.map(({ template: text }, index) => ({ path: ['messages', String(index), 'template'], text })),
    ...Object.entries(partials).map(([name, { template: text }]) => ({ path: ['partials', name], text })),
  ];
  if (messages.length === 0) faults.addAt(['messages'], 'is empty; a prompt has at least one message');
  const counts = { messages: messages.length, partials: Object.keys(partials).length };
  for (const key of ['messages', 'partials'] as const)
    if (counts[key] > TEMPLATE_LIMITS[key])
      faults.addAt([key], `holds ${counts[key]}; at most ${TEMPLATE_LIMITS[key]} are taken`);
  for (const name of Object.keys(partials))
    if (!PARTIAL_NAME.test(name))
      faults.addAt(['partials', name.slice(0, 64)], 'is no name of a partial, such as "tone-of-voice"');
  const { templateChars, totalChars } = TEMPLATE_LIMITS;
  for (const { path, text } of pieces)
    if (text.length > templateChars) faults.addAt(path, sayTooLong('is', text.length, templateChars));
  const total = pieces.reduce((sum, { text }) => sum + text.length, 0);
  if (total > totalChars)
    faults.addAt(['messages'], sayTooLong('and partials are together', total, totalChars));
}

function sayTooLong(what: string, chars: number, most: number): string {
  return `${what} ${chars.toLocaleString('en')} characters long; at most ${most.toLocaleString('en')} are taken`;
}

interface World {
  source: TemplateSource;
  partials: ReadonlyMap<string, ParsedTemplate>;
  faults: FaultList;
}

function inferVariables(
  messages: readonly ParsedMessage[],
  { source, partials, faults }: World,
): InferredVariable[] {
  const declared = new Map((source.variables ?? []).map((variable) => [variable.name, variable]));
  const walk: Walk = { partials, declared, faults, variables: new Map(), left: TEMPLATE_LIMITS.nodes };
  for (const message of messages)
    walkTemplates(walk, spotOf(message.source, message.role), message.templates);
  return [...walk.variables].map(([name, shape]) => {
    checkShape(name, shape, declared.get(name), faults);
    return Object.freeze(toInferred(name, shape));
  });
}

/** A caller would have to give what nothing reads. */
function checkUnused(
  declared: readonly PromptVariable[],
  used: readonly InferredVariable[],
  faults: FaultList,
): void {
  const names = new Set(used.map(({ name }) => name));
  for (const [index, { name }] of declared.entries())
    if (!names.has(name))
      faults.addAt(['variables', String(index), 'name'], `no template uses ${JSON.stringify(name)}`);
}

/** What may be missing is nothing then; what must not stays out, and is told where it is used. */
function toScope(
  values: Record<string, unknown>,
  declared: readonly PromptVariable[],
  used: readonly InferredVariable[],
): Record<string, unknown> {
  const known = new Map(declared.map((variable) => [variable.name, variable]));
  const scope = Object.create(null) as Record<string, unknown>;
  for (const { name, optional } of used) {
    const variable = known.get(name);
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const mayMiss = variable ? !variable.required : optional;
    if (value === undefined || value === null) {
      if (mayMiss) scope[name] = null;
    } else scope[name] = variable?.type === 'IMAGE' ? new ImageValue(value as string) : value;
  }
  return scope;
}
