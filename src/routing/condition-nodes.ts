import type { ASTNode } from '@marcbachmann/cel-js';

/** The parts of an expression that stand right below a node, from the left to the right. */
export function childrenOf({ args }: ASTNode): ASTNode[] {
  return nodesIn(args);
}

function nodesIn(value: unknown): ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  return typeof value === 'object' && value !== null && 'op' in value ? [value as ASTNode] : [];
}

/** The first fault that is found in one of them, if any. */
export function findFirst(
  nodes: readonly ASTNode[],
  find: (node: ASTNode) => string | undefined,
): string | undefined {
  for (const node of nodes) {
    const fault = find(node);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
