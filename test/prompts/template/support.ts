import type { AskMessage } from '../../../src/domain/ask.ts';
import type { PromptVariable } from '../../../src/domain/prompt.ts';
import { TemplateFaults, type TemplateFault } from '../../../src/prompts/template/faults.ts';
import { compilePrompt, type CompiledPrompt } from '../../../src/prompts/template/template.ts';

interface Given {
  values?: Record<string, unknown>;
  partials?: Record<string, string>;
  variables?: PromptVariable[];
  role?: 'SYSTEM' | 'USER' | 'ASSISTANT';
}

/** A prompt of one message. */
export function compile(template: string, { partials = {}, variables, role = 'USER' }: Given = {}) {
  return compilePrompt({
    messages: [{ role, template }],
    partials: Object.fromEntries(Object.entries(partials).map(([name, text]) => [name, { template: text }])),
    ...(variables && { variables }),
  });
}

export function render(template: string, given: Given = {}): AskMessage[] {
  return compile(template, given).render(given.values ?? {});
}

/** The text of a prompt of one message. */
export function write(template: string, values: Record<string, unknown> = {}, given: Given = {}): string {
  const [message] = render(template, { ...given, values });
  return message!.parts.map((part) => (part.type === 'text' ? part.text : `<${part.type}>`)).join('');
}

export function faultsOf(compiling: () => CompiledPrompt): readonly TemplateFault[] {
  try {
    compiling();
  } catch (error) {
    if (error instanceof TemplateFaults) return error.faults;
    throw error;
  }
  return [];
}

export function variable(name: string, more: Partial<PromptVariable> = {}): PromptVariable {
  return {
    name,
    type: 'STRING',
    schema: undefined,
    description: undefined,
    required: true,
    default: undefined,
    example: undefined,
    neverLog: false,
    ...more,
  };
}
