import type { AccessKind } from '../../domain/access.ts';
import type { BudgetUnit } from '../../domain/budget.ts';
import { Conflict, InvalidInput, NotFound } from '../../domain/errors.ts';
import { hasScope, SCOPES, type Principal, type Scope } from '../../domain/principal.ts';
import { NANOS } from '../../lib/money.ts';
import { mayUseModel } from '../authorize.ts';
import type { AccessDesk } from './desk.ts';

/** What can be asked for, and how much of it. */
export interface Target {
  targetId: string;
  amount: bigint | undefined;
  unit: BudgetUnit | undefined;
}

/** What was asked for, as it came. */
export interface Wanted {
  kind: AccessKind;
  targetId: string;
  /** A decimal in billionths. */
  amount: bigint | undefined;
}

/** @throws InvalidInput, NotFound, and Conflict for what the caller has already. */
export async function ensureTarget(desk: AccessDesk, who: Principal, wanted: Wanted): Promise<Target> {
  if (wanted.kind === 'BUDGET_INCREASE') return ensureIncrease(desk, who, wanted);
  if (wanted.amount !== undefined)
    throw invalid('amount', `means nothing for ${wanted.kind}, only for BUDGET_INCREASE`);
  const plain = { amount: undefined, unit: undefined };
  switch (wanted.kind) {
    case 'SCOPE':
      return { ...plain, targetId: ensureScope(who, wanted.targetId) };
    case 'MODEL':
      return { ...plain, targetId: ensureModel(desk, who, wanted.targetId) };
    case 'ROUTE':
      return { ...plain, targetId: ensureRoute(desk, who, wanted.targetId) };
  }
}

function ensureScope(who: Principal, name: string): Scope {
  const scope = SCOPES.find((known) => known === name);
  if (!scope) throw invalid('targetId', `is ${JSON.stringify(name)}; it must be one of ${SCOPES.join(', ')}`);
  if (who.publishable)
    throw invalid(
      'targetId',
      'is a scope; a publishable key has COMPLETIONS_WRITE alone, since everybody can read it',
    );
  if (hasScope(who, scope)) throw new Conflict(`you have the scope ${scope} already`);
  return scope;
}

/** @param id the name of a model, or its global id. */
function ensureModel({ isModel, askFirst }: AccessDesk, who: Principal, id: string): string {
  const name = id.replace(/^mdl_/, '');
  if (!isModel(name)) throw new NotFound('model', id);
  if (mayUseModel(askFirst, who, name)) throw new Conflict(`you may use ${JSON.stringify(name)} already`);
  return name;
}

/** @param id the name of a route, or its id. */
function ensureRoute({ findRoute, askFirst }: AccessDesk, who: Principal, id: string): string {
  const name = findRoute(who.organisationId, id)?.name;
  if (name === undefined) throw new NotFound('route', id);
  if (mayUseModel(askFirst, who, name)) throw new Conflict(`you may use ${JSON.stringify(name)} already`);
  return name;
}

async function ensureIncrease(
  desk: AccessDesk,
  who: Principal,
  { targetId, amount }: Wanted,
): Promise<Target> {
  if (amount === undefined) throw invalid('amount', 'is missing: by how much the limit is to be raised');
  const budget = await desk.budgets.find(who, targetId);
  if (!budget) throw new NotFound('budget', targetId);
  const { unit } = budget;
  if (unit !== 'MONEY' && amount % NANOS !== 0n)
    throw invalid('amount', `must be a whole number of ${unit.toLowerCase()}`);
  const inUnit = unit === 'MONEY' ? amount : amount / NANOS;
  const fault = desk.budgets.findAmountFault(unit, inUnit);
  if (fault) throw invalid('amount', fault);
  return { targetId, amount: inUnit, unit };
}

export function invalid(name: string, what: string): InvalidInput {
  return new InvalidInput([{ path: ['input', name], message: `input.${name} ${what}` }]);
}
