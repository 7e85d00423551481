import { TokenKind, TypeGuards, evalToken, type Context, type Token } from 'liquidjs';
import { HIDDEN_MEMBERS, TEMPLATE_LIMITS } from './limits.ts';
import { show } from './explain.ts';
import { createShape, type ScalarType, type Shape } from './shape.ts';
import { findShape, markUse, type Spot, type Walk } from './walk.ts';
import { Refusal } from './work.ts';

/** How a value is read: whether it may be missing there, and what for. PASSED says nothing of it yet. */
export interface Reading {
  mayMiss: boolean;
  purpose: 'SHOWN' | 'TESTED' | 'PASSED';
}

export const NEEDED: Reading = { mayMiss: false, purpose: 'SHOWN' };

/** What an operand stands for, after all that leads to it: `ticket`, then `ticket.title`. Empty: a literal. */
export function readOperand(walk: Walk, spot: Spot, token: Token, reading: Reading): Shape[] {
  if (TypeGuards.isRangeToken(token)) {
    token.lhs = readBound(walk, spot, token.lhs) as typeof token.lhs;
    token.rhs = readBound(walk, spot, token.rhs) as typeof token.rhs;
    return [];
  }
  if (!TypeGuards.isPropertyAccessToken(token)) return [];
  const [root, ...props] = token.props;
  if (token.variable || !root) return [];
  if (!TypeGuards.isWordToken(root) && !TypeGuards.isQuotedToken(root)) {
    walk.faults.add(
      { source: spot.source, begin: token.begin },
      `${show(token.getText())} names no variable`,
    );
    return [];
  }
  const path = [findShape(walk, spot, root.content, token.begin)];
  for (const prop of props) path.push(readMember(walk, spot, path.at(-1)!, prop));
  for (const shape of path) if (!reading.mayMiss && !spot.found.has(shape)) shape.isNeeded = true;
  const leaf = path.at(-1)!;
  leaf.isShown ||= reading.purpose === 'SHOWN';
  leaf.isTested ||= reading.purpose === 'TESTED';
  return path;
}

/** What kind of value a literal is; undefined: it is none, or one such as `nil`. */
export function literalType(token: Token): ScalarType | undefined {
  if (TypeGuards.isQuotedToken(token)) return 'STRING';
  if (TypeGuards.isNumberToken(token)) return 'NUMBER';
  if (TypeGuards.isLiteralToken(token) && typeof token.content === 'boolean') return 'BOOLEAN';
  return undefined;
}

export function isLiteral(token: Token): boolean {
  return (
    TypeGuards.isQuotedToken(token) || TypeGuards.isNumberToken(token) || TypeGuards.isLiteralToken(token)
  );
}

function readMember(walk: Walk, spot: Spot, owner: Shape, prop: Token): Shape {
  if (TypeGuards.isWordToken(prop) || TypeGuards.isQuotedToken(prop)) {
    const name = prop.content;
    if (name === 'size') {
      owner.isShown = true;
      return createShape();
    }
    if (name === 'first' || name === 'last') return itemOf(walk, spot, owner, prop.begin);
    if (/^\d+$/.test(name)) return indexOf(walk, spot, owner, prop.begin);
    return memberOf(walk, spot, owner, name, prop.begin);
  }
  if (TypeGuards.isNumberToken(prop)) return indexOf(walk, spot, owner, prop.begin);
  const key = readOperand(walk, spot, prop, NEEDED).at(-1);
  if (key) markUse(walk, spot, key, 'TEXT', prop.begin);
  markUse(walk, spot, owner, 'LOOP', prop.begin);
  return createShape();
}

function indexOf(walk: Walk, spot: Spot, list: Shape, begin: number): Shape {
  markUse(walk, spot, list, 'LIST', begin);
  return itemsOf(walk, spot, list, begin);
}

/** What stands for each member of what is gone through. */
export function itemOf(walk: Walk, spot: Spot, list: Shape, begin: number): Shape {
  markUse(walk, spot, list, 'LOOP', begin);
  return itemsOf(walk, spot, list, begin);
}

/** As `itemOf`, for what is known to be a list. */
export function itemsOf(walk: Walk, spot: Spot, list: Shape, begin: number): Shape {
  if (list.items) return list.items;
  const items = createShape(list.depth + 1);
  if (isTooDeep(walk, spot, items, begin)) return items;
  list.items = items;
  return items;
}

/** What is nested without end could not be gone through again, so it is told and then left out. */
function isTooDeep({ faults }: Walk, { source }: Spot, { depth }: Shape, begin: number): boolean {
  const most = TEMPLATE_LIMITS.memberDepth;
  if (depth > most) faults.add({ source, begin }, `leads to members of members more than ${most} deep`);
  return depth > most;
}

export function memberOf(walk: Walk, spot: Spot, owner: Shape, name: string, begin: number): Shape {
  if (HIDDEN_MEMBERS.has(name))
    walk.faults.add({ source: spot.source, begin }, `${show(name)} is no member that a template may read`);
  markUse(walk, spot, owner, 'OBJECT', begin);
  const known = owner.members.get(name);
  if (known) return known;
  const member = createShape(owner.depth + 1);
  if (!isTooDeep(walk, spot, member, begin)) owner.members.set(name, member);
  return member;
}

/**
 * The end of a range, that is checked before the range is made: LiquidJS would count from 9007199254740992 for ever,
 * because adding one to it changes nothing.
 */
class Bound {
  readonly kind = TokenKind.FilteredValue;
  readonly filters = [];
  readonly end: Token;
  constructor(end: Token) {
    this.end = end;
  }
  get initial(): this {
    return this;
  }
  /** @throws Refusal for what is no whole number, or too far from zero. */
  *evaluate(ctx: Context): Generator<unknown, number, unknown> {
    const value = Number(yield evalToken(this.end, ctx));
    if (Number.isInteger(value) && Math.abs(value) <= TEMPLATE_LIMITS.rangeBound) return value;
    const bound = TEMPLATE_LIMITS.rangeBound.toLocaleString('en');
    throw new Refusal(
      `a range goes from one whole number to another, neither further from zero than ${bound}`,
    );
  }
}

function readBound(walk: Walk, spot: Spot, end: Token | Bound): Token | Bound {
  const token = end instanceof Bound ? end.end : end;
  const shape = readOperand(walk, spot, token, NEEDED).at(-1);
  if (shape) markUse(walk, spot, shape, 'NUMBER', token.begin);
  return end instanceof Bound ? end : new Bound(token);
}
