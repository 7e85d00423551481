/** What the gateway says of one route: what becomes of it, or would. */
export interface Edit {
  name: string;
  action: 'CREATED' | 'CHANGED' | 'DELETED' | 'UNCHANGED';
  /** Before; 0 for none. */
  version: number;
  changes: Change[];
}

interface Change {
  kind: string;
  path: string[];
  before: unknown;
  after: unknown;
}

const SIGNS = { CREATED: '+', CHANGED: '~', DELETED: '-', UNCHANGED: '=' } as const;

/** A line for each route that changes and each of its changes, and one that counts. */
export function describeEdits(edits: readonly Edit[]): string {
  const changing = edits.filter(({ action }) => action !== 'UNCHANGED');
  const count = (wanted: Edit['action']) => edits.filter(({ action }) => action === wanted).length;
  const lines = changing.flatMap(({ name, action, version, changes }) => [
    `${SIGNS[action]} ${name}${version === 0 ? '' : ` (version ${version})`}`,
    ...changes.map((change) => `    ${describeChange(change)}`),
  ]);
  const [made, changed, deleted] = [count('CREATED'), count('CHANGED'), count('DELETED')];
  const total = `${made} to create, ${changed} to change, ${deleted} to delete, ${count('UNCHANGED')} as they are`;
  return [...lines, total, ''].join('\n');
}

function describeChange({ kind, path, before, after }: Change): string {
  const where = path.join('.');
  if (before === null) return `+ ${where}: ${JSON.stringify(after)}`;
  if (after === null) return `- ${where}: ${JSON.stringify(before)}`;
  const what = kind === 'TARGETS_REORDERED' ? `${where} in another order` : where;
  return `~ ${what}: ${JSON.stringify(before)} => ${JSON.stringify(after)}`;
}
