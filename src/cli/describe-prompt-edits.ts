import { diffLines } from './line-diff.ts';

/** What the gateway says of one prompt or partial: what becomes of it, or would. */
export interface PromptEdit {
  slug: string | null;
  /** The name of a partial, where there is no slug. */
  partial: string | null;
  action: 'CREATED' | 'CHANGED' | 'ARCHIVED' | 'UNCHANGED';
  /** Before; 0 for none. */
  version: number;
  newVersion: number;
  changes: Change[];
  label: LabelEdit | null;
}

interface Change {
  kind: string;
  path: string[];
  before: unknown;
  after: unknown;
}

interface LabelEdit {
  name: string;
  from: number | null;
  to: number;
  isProtected: boolean;
  labelRequest: { id: string } | null;
}

const SIGNS = { CREATED: '+', CHANGED: '~', ARCHIVED: '-', UNCHANGED: '=' } as const;

export function isChanging({ action, label }: PromptEdit): boolean {
  return action !== 'UNCHANGED' || label !== null;
}

export function nameOf({ slug, partial }: PromptEdit): string {
  return slug ?? `partial ${partial}`;
}

/** A paragraph for each prompt or partial that changes, and a line that counts. */
export function describePromptEdits(edits: readonly PromptEdit[]): string {
  const count = (wanted: PromptEdit['action']) => edits.filter(({ action }) => action === wanted).length;
  const lines = edits
    .filter(isChanging)
    .flatMap((edit) => [
      `${SIGNS[edit.action]} ${nameOf(edit)}${edit.version === 0 ? '' : ` (version ${edit.version})`}`,
      ...edit.changes.flatMap((change) => indent(describeChange(edit, change))),
      ...indent(describeLabel(edit.label)),
    ]);
  const total = `${count('CREATED')} to create, ${count('CHANGED')} to change, ${count('ARCHIVED')} to archive, ${count('UNCHANGED')} as they are`;
  return [...lines.map(withoutControls), total, ''].join('\n');
}

function describeChange({ slug }: PromptEdit, { path, before, after }: Change): string[] {
  const sign = before === null ? '+' : after === null ? '-' : '~';
  const [list, , member] = path;
  if (list !== 'partials') return describeValues(`${sign} ${path.join('.')}`, before, after);
  if (slug === null) return describeValues(`${sign} template`, before, after);
  // What the partial says is told of the partial; here, which version of it the prompt copies.
  return member === 'template'
    ? []
    : describeValues(`${sign} ${path.join('.')}`, versionOf(before), versionOf(after));
}

function versionOf(pinned: unknown): unknown {
  return isObject(pinned) ? pinned['version'] : pinned;
}

function describeValues(head: string, before: unknown, after: unknown): string[] {
  const one = before ?? after;
  if (isMessage(one) && (before === null || after === null)) {
    const [was, is] = [before, after].map((message) => (isMessage(message) ? message.template : null));
    return describeValues(`${head} ${one.role}`, was, is);
  }
  const texts = [before, after].filter((value) => typeof value === 'string');
  if (texts.some((text) => text.includes('\n'))) {
    const [was, is] = [before, after].map((text) => (typeof text === 'string' ? text : ''));
    return [`${head}:`, ...indent(diffLines(was!, is!))];
  }
  const shown = [before, after].filter((value) => value !== null).map((value) => JSON.stringify(value));
  return [`${head}: ${shown.join(' => ')}`];
}

function describeLabel(label: LabelEdit | null): string[] {
  if (!label) return [];
  const { name, from, to, isProtected } = label;
  const was = from === null ? '' : `version ${from} => `;
  return [`label ${name}: ${was}version ${to}${isProtected ? ', when somebody else agrees' : ''}`];
}

function isMessage(value: unknown): value is { role: string; template: string } {
  return isObject(value) && typeof value['role'] === 'string' && typeof value['template'] === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`);
}

/** Others have written these texts, and a terminal would do what stands in them. */
function withoutControls(line: string): string {
  return line.replaceAll(
    /(?!\t)[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu,
    (sign) => `\\u${sign.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
