import { Liquid } from 'liquidjs';
import type { AskMessage } from '../../domain/ask.ts';
import type { JsonSchema, PromptMessage, PromptVariable } from '../../domain/prompt.ts';

export interface InferredVariable {
  name: string;
  type: 'STRING' | 'NUMBER' | 'BOOLEAN' | 'LIST' | 'OBJECT' | 'ANY';
  schema?: JsonSchema;
  optional: boolean;
}

export interface CompiledPrompt {
  readonly variables: readonly InferredVariable[];
  render(values: Record<string, unknown>): AskMessage[];
}

export interface TemplateFault {
  path: string[];
  line: number;
  column: number;
  message: string;
}

export class TemplateFaults extends Error {
  override name = 'TemplateFaults';
  readonly faults: TemplateFault[];
  constructor(faults: TemplateFault[]) {
    super(faults.map(({ message }) => message).join('; '));
    this.faults = faults;
  }
}

export function compilePrompt(source: {
  messages: PromptMessage[];
  partials: Record<string, { template: string }>;
  variables?: PromptVariable[];
}): CompiledPrompt {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    templates: Object.fromEntries(
      Object.entries(source.partials).map(([name, { template }]) => [name, template]),
    ),
  });
  const faults: TemplateFault[] = [];
  const names = new Set<string>();
  const parsed = source.messages.map(({ role, template }, index) => {
    try {
      const tree = engine.parse(template);
      for (const name of engine.globalVariablesSync(tree)) names.add(name);
      return { role, tree };
    } catch (error) {
      const [, line, column] = /line:(\d+), col:(\d+)/.exec((error as Error).message) ?? [];
      const path = ['messages', String(index), 'template'];
      faults.push({ path, line: Number(line), column: Number(column), message: (error as Error).message });
      return { role, tree: [] };
    }
  });
  if (faults.length > 0) throw new TemplateFaults(faults);
  return {
    variables: [...names].map((name) => ({ name, type: 'STRING', optional: false })),
    render: (values) =>
      parsed.map(({ role, tree }) => ({
        role,
        parts: [{ type: 'text', text: engine.renderSync(tree, values) as string }],
      })),
  };
}

export function listPartials(template: string): string[] {
  return [...template.matchAll(/\{%-?\s*render\s+['"]([^'"]+)['"]/g)].map(([, name]) => name!);
}
