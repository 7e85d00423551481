import {
  BUDGET_SCOPES,
  BUDGET_UNITS,
  BUDGET_WINDOWS,
  ON_EXCEED,
  remainingOf,
  type Budget as BudgetRow,
  type BudgetUnit as Unit,
} from '../domain/budget.ts';
import { NANOS } from '../lib/money.ts';
import { builder } from './builder.ts';

export const LimitScope = builder.enumType('LimitScope', {
  description:
    'What a limit is set on: by its id; a model, provider or route by its name, a tag as `key=value`.',
  values: BUDGET_SCOPES,
});
export const BudgetUnit = builder.enumType('BudgetUnit', {
  values: BUDGET_UNITS,
  description: 'TOKENS counts those of prompts and answers together.',
});
export const BudgetWindow = builder.enumType('BudgetWindow', { values: BUDGET_WINDOWS });
export const BudgetAction = builder.enumType('BudgetAction', {
  description: `What happens to a request that may come to more than is left: it is refused (BLOCK), let through and counted
(WARN), answered by the budget's \`fallbackModel\`, or it waits for room for at most \`queueMs\`.`,
  values: ON_EXCEED,
});

export const BudgetAmount = builder.objectRef<{ unit: Unit; amount: bigint }>('BudgetAmount').implement({
  description: 'An exact amount in the unit of a budget.',
  fields: (t) => ({
    amount: t.field({
      type: 'Decimal',
      description: 'Money in its currency; whole tokens or requests.',
      resolve: ({ unit, amount }) => (unit === 'MONEY' ? amount : amount * NANOS),
    }),
    unit: t.field({ type: BudgetUnit, resolve: ({ unit }) => unit }),
    currency: t.string({
      nullable: true,
      description: 'ISO 4217; null for tokens and requests.',
      resolve: ({ unit }) => (unit === 'MONEY' ? 'USD' : null),
    }),
  }),
});

export const Budget = builder.objectRef<BudgetRow>('Budget');
builder.node(Budget, {
  description:
    'What may be used in a window of time. It never lets more be settled and held together than its limit.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.budget.load(id))),
  fields: (t) => ({
    name: t.string({ nullable: true, resolve: ({ name }) => name }),
    scope: t.field({ type: LimitScope, resolve: ({ scope }) => scope }),
    subjectId: t.id({ resolve: ({ subjectId }) => subjectId }),
    unit: t.field({ type: BudgetUnit, resolve: ({ unit }) => unit }),
    limit: t.field({ type: BudgetAmount, resolve: ({ unit, limit }) => ({ unit, amount: limit }) }),
    spent: t.field({
      type: BudgetAmount,
      description: 'Settled in this window.',
      resolve: ({ unit, current }) => ({ unit, amount: current.settled }),
    }),
    reserved: t.field({
      type: BudgetAmount,
      description: 'Held for requests that are under way: the most that they can come to.',
      resolve: ({ unit, current }) => ({ unit, amount: current.held }),
    }),
    remaining: t.field({
      type: BudgetAmount,
      description: 'What the next request may come to.',
      resolve: ({ unit, current }) => ({ unit, amount: remainingOf(current) }),
    }),
    exceeded: t.field({
      type: 'SafeInt',
      description:
        'How many requests of this window did not fit; with WARN and in shadow mode they were let through.',
      resolve: ({ current }) => Number(current.exceeded),
    }),
    window: t.field({ type: BudgetWindow, resolve: ({ window }) => window }),
    timeZone: t.exposeString('timeZone', { description: 'Whose days, weeks and months count.' }),
    startDay: t.exposeInt('startDay', {
      description: 'Day of the month, or of the week with 1 for Monday, that a window begins on.',
    }),
    startsAt: t.field({ type: 'DateTime', resolve: ({ current }) => current.startsAt }),
    resetsAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the next window begins; null for TOTAL.',
      resolve: ({ current }) => current.resetsAt,
    }),
    onExceed: t.field({ type: BudgetAction, resolve: ({ onExceed }) => onExceed }),
    fallbackModel: t.string({ nullable: true, resolve: ({ fallbackModel }) => fallbackModel }),
    queueMs: t.exposeInt('queueMs'),
    shadow: t.exposeBoolean('shadow', { description: 'Measured and told, never enforced.' }),
    allowUnpriced: t.exposeBoolean('allowUnpriced', {
      description: 'Whether models without a known price may run under it, counted as nothing.',
    }),
    thresholds: t.exposeIntList('thresholds', {
      description: 'Percentages of the limit; when what is spent reaches one, an alert tells it once.',
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    endsAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it stops to hold by itself.',
      resolve: ({ endsAt }) => endsAt,
    }),
    deletedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ deletedAt }) => deletedAt }),
  }),
});
