import { isDeepStrictEqual } from 'node:util';
import type { PromptMessage, PromptSpec } from '../domain/prompt.ts';
import { findShared } from '../lib/longest-shared.ts';
import { diffMembers, type Difference } from '../lib/diff-members.ts';

export const PROMPT_CHANGE_KINDS = [
  'SETTING_CHANGED',
  'MESSAGE_ADDED',
  'MESSAGE_REMOVED',
  'MESSAGE_CHANGED',
  'VARIABLE_ADDED',
  'VARIABLE_REMOVED',
  'VARIABLE_CHANGED',
  'TOOL_ADDED',
  'TOOL_REMOVED',
  'TOOL_CHANGED',
  'PARTIAL_ADDED',
  'PARTIAL_REMOVED',
  'PARTIAL_CHANGED',
] as const;

/** One difference between two versions of a prompt. */
export interface PromptChange extends Difference {
  kind: (typeof PROMPT_CHANGE_KINDS)[number];
  /** `['model']`, `['outputSchema', 'properties', 'title', 'type']`, `['messages', '0', 'template']` by the place in the later version; of a removed one, in the earlier. */
  path: string[];
}

const NO_SETTINGS = { model: undefined, params: {} };

/** @param from undefined for a prompt that was not there; then everything of `to` is new. */
export function diffSpecs(from: PromptSpec | undefined, to: PromptSpec): PromptChange[] {
  return [
    ...changed('SETTING_CHANGED', diffMembers([], from ? settingsOf(from) : NO_SETTINGS, settingsOf(to))),
    ...changed('SETTING_CHANGED', diffOrder(['outputSchema'], from?.outputSchema, to.outputSchema)),
    ...diffMessages(from?.messages ?? [], to.messages),
    ...diffNamed('VARIABLE', 'variables', byName(from?.variables ?? []), byName(to.variables)),
    ...diffNamed('TOOL', 'tools', byName(from?.tools ?? []), byName(to.tools)),
    ...to.tools.flatMap(({ name, parameters }) => {
      const before = from?.tools.find((tool) => tool.name === name)?.parameters;
      return changed('TOOL_CHANGED', diffOrder(['tools', name, 'parameters'], before, parameters));
    }),
    ...diffNamed(
      'PARTIAL',
      'partials',
      new Map(Object.entries(from?.partials ?? {})),
      new Map(Object.entries(to.partials)),
    ),
  ];
}

/** Models answer in the order of a schema, so it is another one in another order. */
function diffOrder(path: string[], before: unknown, after: unknown): Difference[] {
  const isReordered = isDeepStrictEqual(before, after) && JSON.stringify(before) !== JSON.stringify(after);
  return isReordered ? [{ path, before, after }] : [];
}

/** By the names of the graph's `PromptVersionInput`. */
function settingsOf({ model, params, outputSchema, cache, entity }: PromptSpec): Record<string, unknown> {
  return plain({ model, params, outputSchema, cacheSeconds: cache?.maxAgeSeconds, entity });
}

function diffNamed(
  what: 'VARIABLE' | 'TOOL' | 'PARTIAL',
  list: string,
  before: ReadonlyMap<string, object>,
  after: ReadonlyMap<string, object>,
): PromptChange[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [from, to] = [before.get(name), after.get(name)];
    const path = [list, name];
    if (!from) return [{ kind: `${what}_ADDED` as const, path, before: undefined, after: plain(to!) }];
    if (!to) return [{ kind: `${what}_REMOVED` as const, path, before: plain(from), after: undefined }];
    return changed(`${what}_CHANGED`, diffMembers(path, plain(from), plain(to)));
  });
}

/** Messages that are the same, in the same order, stand still; between them, one takes the place of another of its role. */
function diffMessages(before: readonly PromptMessage[], after: readonly PromptMessage[]): PromptChange[] {
  const pairs = [...findShared(before, after, isSame), { from: before.length, to: after.length }];
  let [from, to] = [0, 0];
  return pairs.flatMap((same) => {
    const changes = diffGap({ before, from, end: same.from }, { after, to, end: same.to });
    [from, to] = [same.from + 1, same.to + 1];
    return changes;
  });
}

function isSame(one: PromptMessage, other: PromptMessage): boolean {
  return one.role === other.role && one.template === other.template;
}

function diffGap(
  { before, from, end: fromEnd }: { before: readonly PromptMessage[]; from: number; end: number },
  { after, to, end: toEnd }: { after: readonly PromptMessage[]; to: number; end: number },
): PromptChange[] {
  const changes: PromptChange[] = [];
  const add = (kind: PromptChange['kind'], path: string[], was: unknown, is: unknown) =>
    changes.push({ kind, path, before: was, after: is });
  let [old, young] = [from, to];
  while (old < fromEnd || young < toEnd) {
    const [was, is] = [before[old], after[young]];
    if (old < fromEnd && young < toEnd && was!.role === is!.role) {
      add('MESSAGE_CHANGED', ['messages', String(young), 'template'], was!.template, is!.template);
      old += 1;
      young += 1;
    } else if (fromEnd - old >= toEnd - young) {
      add('MESSAGE_REMOVED', ['messages', String(old)], was, undefined);
      old += 1;
    } else {
      add('MESSAGE_ADDED', ['messages', String(young)], undefined, is);
      young += 1;
    }
  }
  return changes;
}

function changed(kind: PromptChange['kind'], differences: readonly Difference[]): PromptChange[] {
  return differences.map((difference) => ({ kind, ...difference }));
}

function byName<T extends { name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((each) => [each.name, each]));
}

/** Without what is undefined: nothing was said. */
function plain(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}
