import { Liquid } from 'liquidjs';
import type { AskMessage } from '../../domain/ask.ts';
import type { PromptMessage } from '../../domain/prompt.ts';

export interface CompiledPrompt {
  render(values: Record<string, unknown>): AskMessage[];
}

export function compilePrompt(source: {
  messages: PromptMessage[];
  partials: Record<string, { template: string }>;
}): CompiledPrompt {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    templates: {},
  });
  const parsed = source.messages.map(({ role, template }) => ({ role, tree: engine.parse(template) }));
  return {
    render: (values) =>
      parsed.map(({ role, tree }) => ({
        role,
        parts: [{ type: 'text', text: engine.renderSync(tree, values) as string }],
      })),
  };
}
