import { TypeGuards, type Filter, type Token, type Value } from 'liquidjs';
import { show } from './explain.ts';
import { FILTERS, type FilterRule } from './filter-rules.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import {
  isLiteral,
  itemOf,
  itemsOf,
  literalType,
  memberOf,
  NEEDED,
  readOperand,
  type Reading,
} from './operands.ts';
import { createShape, type Shape, type Use } from './shape.ts';
import { markUse, type Spot, type Walk } from './walk.ts';

/** What an expression stands for, and what is there for sure where it is true. */
interface Read {
  /** Undefined: a literal, or a comparison. */
  shape: Shape | undefined;
  found: readonly Shape[];
}

const NOTHING: Read = { shape: undefined, found: [] };

interface Operand extends Read {
  token: Token | undefined;
}

/** Reads an expression with its filters. */
export function readValue(
  walk: Walk,
  spot: Spot,
  value: Value,
  { at, ...reading }: Reading & { at: number },
): Read {
  const mayMiss = reading.mayMiss || value.filters[0]?.name === 'default';
  const purpose = value.filters.length > 0 ? 'SHOWN' : reading.purpose;
  const read = readExpression(walk, spot, value.initial.postfix, { at, mayMiss, purpose });
  let { shape } = read;
  for (const filter of value.filters) shape = readFilter(walk, spot, filter, shape);
  return value.filters.length === 0 ? read : { shape, found: [] };
}

function readExpression(
  walk: Walk,
  spot: Spot,
  postfix: readonly Token[],
  { at, mayMiss, purpose }: Reading & { at: number },
): Read {
  const stack: Operand[] = [];
  const inTest = postfix.length > 1 && purpose === 'SHOWN' ? 'TESTED' : purpose;
  let isSound = true;
  if (postfix.length > TEMPLATE_LIMITS.operands) {
    const message = `is too long a condition; at most ${TEMPLATE_LIMITS.operands} values and operators are taken`;
    walk.faults.add({ source: spot.source, begin: at }, message);
    return NOTHING;
  }
  for (const token of postfix) {
    if (!TypeGuards.isOperatorToken(token)) {
      const path = readOperand(walk, spot, token, { mayMiss, purpose: inTest });
      stack.push({ token, shape: path.at(-1), found: path });
      continue;
    }
    const right = stack.pop();
    const left = token.operator === 'not' ? right : stack.pop();
    isSound &&= left !== undefined && right !== undefined;
    if (left && right) stack.push({ token: undefined, ...combine(walk, spot, token, { left, right }) });
  }
  const [result, ...others] = stack;
  if (isSound && result && others.length === 0) return result;
  const begin = others[0]?.token?.begin ?? at;
  walk.faults.add({ source: spot.source, begin }, 'this is no expression: an operator or a value is missing');
  return NOTHING;
}

interface Sides {
  left: Operand;
  right: Operand;
}

function combine(walk: Walk, spot: Spot, token: Token & { operator: string }, { left, right }: Sides): Read {
  const both: Read = { shape: undefined, found: [...left.found, ...right.found] };
  if (token.operator === 'and') return both;
  if (token.operator === 'or' || token.operator === 'not') return NOTHING;
  compare(walk, spot, token.operator, left, right);
  if (token.operator !== 'contains') compare(walk, spot, token.operator, right, left);
  const isNothing = [left, right].some(({ token: one }) => one && isLiteral(one) && !literalType(one));
  if (token.operator === '==') return isNothing ? NOTHING : both;
  if (token.operator === '!=') return isNothing ? both : NOTHING;
  return both;
}

/** What comparing a value with another says of it. */
function compare(walk: Walk, spot: Spot, operator: string, { shape, token }: Operand, other: Operand): void {
  if (!shape) return;
  const type = other.token && literalType(other.token);
  const isOrder = operator.startsWith('<') || operator.startsWith('>');
  if (isOrder && type === 'NUMBER') markUse(walk, spot, shape, 'NUMBER', token?.begin ?? 0);
  else if (type && operator !== 'contains') shape.hints.add(type);
  const isPresence = other.token && isLiteral(other.token) && !type;
  shape.isShown ||= !isPresence;
}

const USES: Record<FilterRule['takes'], Use | undefined> = {
  TEXT: 'TEXT',
  NUMBER: 'NUMBER',
  LIST: 'LIST',
  ANY: undefined,
};

/** @returns what comes out of it. */
function readFilter(walk: Walk, spot: Spot, filter: Filter, shape: Shape | undefined): Shape {
  const { begin } = (filter as unknown as { token: Token }).token;
  const rule = FILTERS.get(filter.name)!;
  checkArguments(walk, spot, filter, begin);
  const subject = shape ?? createShape();
  const use = USES[rule.takes];
  if (use) markUse(walk, spot, subject, use, begin);
  else if (subject.isImage)
    walk.faults.add({ source: spot.source, begin }, 'an IMAGE can only be written alone, as in {{ photo }}');
  const property = readArguments(walk, spot, filter, rule, subject);
  if (rule.gives === 'SAME') return subject;
  if (rule.gives === 'ITEM') return itemOf(walk, spot, subject, begin);
  if (filter.name === 'join') itemsOf(walk, spot, subject, begin).isShown = true;
  const given = createShape();
  if (rule.gives === 'MEMBERS') given.items = property;
  return given;
}

/** @returns what is known of the members that an argument names. */
function readArguments(
  walk: Walk,
  spot: Spot,
  filter: Filter,
  rule: FilterRule,
  subject: Shape,
): Shape | undefined {
  let property: Shape | undefined;
  for (const [index, given] of filter.args.entries()) {
    const token = Array.isArray(given) ? given[1] : given;
    const wanted = rule.args[index] ?? 'ANY';
    if (!token) continue;
    const shape = readOperand(walk, spot, token, NEEDED).at(-1);
    const type = literalType(token);
    if (filter.name === 'default' && type && index === 0) subject.hints.add(type);
    if (wanted === 'PROPERTY' && TypeGuards.isQuotedToken(token))
      property = readProperty(walk, spot, subject, token);
    else if (shape && wanted !== 'ANY')
      markUse(walk, spot, shape, wanted === 'PROPERTY' ? 'TEXT' : wanted, token.begin);
    else if (shape?.isImage) markUse(walk, spot, shape, 'TEXT', token.begin);
  }
  return property;
}

/** It may miss: filters pass over members that do not have it. */
function readProperty(walk: Walk, spot: Spot, list: Shape, token: Token & { content: string }): Shape {
  let shape = itemsOf(walk, spot, list, token.begin);
  for (const name of token.content.split('.')) shape = memberOf(walk, spot, shape, name, token.begin);
  shape.isShown = true;
  return shape;
}

function checkArguments({ faults }: Walk, { source }: Spot, { name, args }: Filter, begin: number): void {
  const { args: known, needed } = FILTERS.get(name)!;
  const plain = args.filter((one) => !Array.isArray(one)).length;
  const named = args.flatMap((one) => (Array.isArray(one) ? [one[0] ?? ''] : []));
  const odd = named.find((key) => name !== 'default' || key !== 'allow_false');
  if (odd !== undefined)
    faults.add({ source, begin }, `the filter ${name} has no argument called ${show(odd)}`);
  if (plain >= needed && plain <= known.length) return;
  const count = needed === known.length ? String(needed) : `${needed} to ${known.length}`;
  faults.add(
    { source, begin },
    `the filter ${name} takes ${count} ${count === '1' ? 'argument' : 'arguments'}; ${plain} given`,
  );
}
