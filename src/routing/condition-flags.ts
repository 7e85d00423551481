import type { ASTNode } from '@marcbachmann/cel-js';
import { childrenOf, findFirst } from './condition-nodes.ts';

/** It is put into a URL of the flag service. */
const NAME = /^[A-Za-z0-9][\w.:-]{0,99}$/;
const FLAGS_MAX = 20;

/** The flags that a condition asks for, or why that cannot be said, as the rest of a sentence. */
export function readFlags(ast: ASTNode): { names: readonly string[]; fault: string | undefined } {
  const names = new Set<string>();
  const fault = collect(ast, names);
  if (fault === undefined && names.size > FLAGS_MAX)
    return { names: [], fault: `asks for ${names.size} flags; at most ${FLAGS_MAX} are taken` };
  return { names: fault === undefined ? [...names] : [], fault };
}

/** They are asked for before the condition is looked at, so each has to stand in it by its name. */
function collect(node: ASTNode, names: Set<string>): string | undefined {
  const { op, args } = node;
  if (op === 'id' && args === 'flags') return 'names flags otherwise than as flags.name or flags["name"]';
  const name = readName(op, args);
  if (name === undefined) return findFirst(childrenOf(node), (child) => collect(child, names));
  if (!NAME.test(name)) return `asks for the flag ${JSON.stringify(name)}, which no flag can be called`;
  names.add(name);
  return undefined;
}

function readName(op: string, args: unknown): string | undefined {
  if ((op !== '.' && op !== '[]') || !Array.isArray(args)) return undefined;
  const [whole, key] = args as [Partial<ASTNode> | undefined, unknown];
  if (whole?.op !== 'id' || whole.args !== 'flags') return undefined;
  if (op === '.') return String(key);
  const { op: kind, args: value } = key as Partial<ASTNode>;
  return kind === 'value' && typeof value === 'string' ? value : undefined;
}
