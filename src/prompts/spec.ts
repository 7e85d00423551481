import type { PromptSpec, PromptVariable, PromptMessage, JsonSchema } from '../domain/prompt.ts';
import type { Ask, AskTool } from '../domain/ask.ts';
import { compilePrompt } from './template/template.ts';

/** A version as it is wished for; what is undefined says nothing. */
export interface WantedSpec {
  messages: PromptMessage[];
  variables: PromptVariable[];
  model: string | undefined;
  params: Ask['params'];
  tools: AskTool[];
  outputSchema: JsonSchema | undefined;
  cache: { maxAgeSeconds: number } | undefined;
  entity: PromptSpec['entity'];
}

/**
 * Checks a version as a whole.
 * @param at where it stands in the input.
 * @throws InvalidInput with every fault.
 */
export function toSpec(wanted: WantedSpec, at: string[]): PromptSpec {
  const spec: PromptSpec = { ...wanted, partials: {} };
  compilePrompt(spec);
  void at;
  return spec;
}
