import type { Ask, AskTool } from '../../domain/ask.ts';
import type { ToolCall } from '../../domain/completion.ts';
import { fillSchema } from './fill-schema.ts';
import { lastUserText } from './read-ask.ts';
import { significantWords } from './summarise.ts';

/** A call of the tool that shares most words with what the user said last; none when no tool shares any. */
export function chooseTool(ask: Ask): ToolCall | undefined {
  const text = lastUserText(ask);
  const said = new Set(significantWords(text).map(stem));
  const [best] = ask.tools
    .map((tool) => ({ tool, shared: describeTool(tool).filter((word) => said.has(word)).length }))
    .filter(({ shared }) => shared > 0)
    .toSorted((left, right) => right.shared - left.shared);
  if (!best) return undefined;
  const { name, parameters } = best.tool;
  return { id: `call_demo_${ask.messages.length}`, name, arguments: fillSchema(parameters, text) };
}

function describeTool({ name, description = '' }: AskTool): string[] {
  const words = name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').replaceAll(/[_-]/g, ' ');
  return [...new Set(significantWords(`${words} ${description}`).map(stem))];
}

/** Enough to let "orders" find "order". */
function stem(word: string): string {
  return word.length > 3 ? word.replace(/(ing|ed|s)$/, '') : word;
}
