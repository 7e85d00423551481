import { ASK_LIMITS } from '../../domain/ask.ts';

/** What templates may take at most. They are rendered on the event loop, so nothing in them may take long. */
export const TEMPLATE_LIMITS = {
  messages: 100,
  partials: 50,
  /** Of one message or partial. */
  templateChars: 64_000,
  /** Of all messages and partials together. */
  totalChars: 256_000,
  /** Blocks within blocks, counted through partials. */
  blockDepth: 32,
  /** Brackets within brackets in one tag. */
  bracketDepth: 16,
  /** Members of members, of lists too: `ticket.author.name` goes two deep. */
  memberDepth: 20,
  /** Values and operators of one condition. */
  operands: 200,
  /** Tags, outputs and texts of all messages; those of a partial count wherever it is rendered. */
  nodes: 10_000,
  variables: 100,
  nameChars: 64,
  /** Either end of a range such as `(1..10)`, above and below zero. */
  rangeBound: 1_000_000,
  /** Of all messages of a prompt, by the clock. Work ends long runs first, unless the machine is slow. */
  renderMs: 500,
  /** About one for each character or member that is read or written, and some for each tag that runs. */
  work: 10_000_000,
  /** Of the text of all messages that were rendered. */
  outputChars: ASK_LIMITS.promptChars,
  /** Of all values that are no images, as JSON, roughly. */
  valueChars: ASK_LIMITS.promptChars,
  /** Members of one list among the values. */
  listMembers: 10_000,
  /** Told at once. */
  faults: 20,
} as const;

/** The name of a variable, as templates, arguments and JSON say it. */
const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
/** `run` is the argument of every typed field that says how it runs; the others mean something to a template. */
const TAKEN = new Set([
  'run',
  'forloop',
  'continue',
  'constructor',
  'prototype',
  'true',
  'false',
  'nil',
  'null',
]);
for (const word of ['empty', 'blank', 'and', 'or', 'not', 'contains']) TAKEN.add(word);

/** Why a variable cannot be called so; undefined: it can. */
export function nameFault(name: string): string | undefined {
  const shown = JSON.stringify(name.slice(0, TEMPLATE_LIMITS.nameChars));
  if (TAKEN.has(name)) return `${shown} is a word with a meaning of its own; take another name`;
  if (NAME.test(name) && name.length <= TEMPLATE_LIMITS.nameChars) return undefined;
  return `${shown} is no name of a variable; take a letter, and then up to ${TEMPLATE_LIMITS.nameChars - 1} of a-z, A-Z, 0-9 and "_"`;
}

/** What every object of JavaScript has by itself; no template has any use for it. */
export const HIDDEN_MEMBERS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
