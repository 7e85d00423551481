import type { JsonSchema } from '../../domain/prompt.ts';
import { compileSchema, type Validator } from '../../lib/json-schema.ts';
import type { ScalarShape, Shape, Slot } from './shape.ts';

/** Whether a value meets the rule of its place. */
type Rule = (value: unknown) => boolean;

/**
 * How many rules are compiled as one schema. One by one, compiling would keep everybody waiting for as long as so many
 * schemas; all in one, each value would be held against the rules of all others.
 */
const GROUP = 20;

/** @returns what says whether a value, whose type is right, meets the rule of its place too. */
export function createRules(root: Slot): (value: unknown, shape: ScalarShape) => boolean {
  // Listed and compiled when they are first needed: most answers are never watched while they are written.
  let rules: Map<string, Rule> | undefined;
  return (value, { rule }) => {
    if (!rule) return true;
    rules ??= groupRules(listRules(root));
    return rules.get(JSON.stringify(rule))?.(value) ?? true;
  };
}

function groupRules(listed: ReadonlyMap<string, JsonSchema>): Map<string, Rule> {
  const keys = [...listed.keys()];
  const rules = new Map<string, Rule>();
  for (let from = 0; from < keys.length; from += GROUP) {
    const group = keys.slice(from, from + GROUP);
    const properties = Object.fromEntries(group.map((key, index) => [`rule${index}`, listed.get(key)]));
    let validate: Validator | undefined;
    group.forEach((key, index) =>
      rules.set(key, (value) => {
        validate ??= compileSchema({ properties });
        return validate({ [`rule${index}`]: value }) === undefined;
      }),
    );
  }
  return rules;
}

/** By their own text, because most rules are said more than once. */
function listRules(root: Slot): Map<string, JsonSchema> {
  const rules = new Map<string, JsonSchema>();
  const seen = new Set<Shape>();
  const visit = (shape: Shape) => {
    if (seen.has(shape)) return;
    seen.add(shape);
    if (shape.kind === 'list') visit(shape.item.shape);
    if (shape.kind === 'object') for (const { slot } of shape.members) visit(slot.shape);
    if (shape.kind === 'union') for (const option of shape.options.values()) visit(option);
    if (shape.kind === 'scalar' && shape.rule) rules.set(JSON.stringify(shape.rule), shape.rule);
  };
  visit(root.shape);
  return rules;
}
