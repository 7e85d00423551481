import type { Budget as BudgetRow } from '../domain/budget.ts';
import { InvalidInput } from '../domain/errors.ts';
import { deleteBudget, setBudget, type BudgetInput } from '../ledger/budgets/set.ts';
import { NANOS } from '../lib/money.ts';
import { Budget, BudgetAction, BudgetUnit, BudgetWindow, LimitScope } from './budget.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull, type WithoutNull } from './inputs.ts';

const DEFAULT_THRESHOLDS = [50, 80, 100];
const DEFAULT_QUEUE_MS = 10_000;
/** The ids that say by themselves what they are of. */
const SCOPE_OF_ID: Partial<Record<string, BudgetRow['scope']>> = {
  org: 'ORGANISATION',
  team: 'TEAM',
  key: 'KEY',
  user: 'KEY',
};

const BudgetSetInput = builder.inputType('BudgetSetInput', {
  fields: (t) => ({
    subjectId: t.id({
      required: true,
      description:
        'Id of an organisation, team, key or user, a name such as `openai/gpt-5.4`, or a tag as `key=value`.',
    }),
    scope: t.field({
      type: LimitScope,
      description:
        'What `subjectId` is of. May be left out for an organisation, a team, a key and a user, which counts as a KEY.',
    }),
    name: t.string(),
    unit: t.field({ type: BudgetUnit, defaultValue: 'MONEY' }),
    limit: t.field({
      type: 'Decimal',
      required: true,
      description: 'Money in the currency, or a whole number of tokens or requests.',
    }),
    currency: t.string({ defaultValue: 'USD', description: 'Only "USD".' }),
    window: t.field({ type: BudgetWindow, required: true }),
    timeZone: t.string({ defaultValue: 'UTC', description: 'Name of the IANA database: "Europe/Berlin".' }),
    startDay: t.int({
      defaultValue: 1,
      description: 'Day of the month (1 to 28), or of the week with 1 for Monday, that a window begins on.',
    }),
    onExceed: t.field({ type: BudgetAction, defaultValue: 'BLOCK' }),
    fallbackModel: t.string({
      description: 'For FALLBACK_TO_CHEAPER: `provider/model`, or the name of a route.',
    }),
    queueMs: t.int({ defaultValue: DEFAULT_QUEUE_MS, description: 'For QUEUE; at most 60000.' }),
    shadow: t.boolean({ defaultValue: false }),
    allowUnpriced: t.boolean({ defaultValue: false }),
    thresholds: t.intList({ defaultValue: DEFAULT_THRESHOLDS }),
  }),
});

const BudgetPayload = builder.objectRef<Payload<{ budget: BudgetRow }>>('BudgetPayload').implement({
  fields: (t) => ({
    budget: t.field({ type: Budget, nullable: true, resolve: ({ budget }) => budget }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});
export const DeletePayload = builder.objectRef<Payload<{ deletedId: string }>>('DeletePayload').implement({
  fields: (t) => ({
    deletedId: t.id({ nullable: true, resolve: ({ deletedId }) => deletedId }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationFields((t) => ({
  budgetSet: t.field({
    type: BudgetPayload,
    description: `Sets the budget of a subject for a unit and a window, whether or not there was one: what is not given gets its
default. It counts what is requested from then on.`,
    args: { input: t.arg({ type: BudgetSetInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({
        budget: await setBudget(gateway.budgets, who, toInput(withoutNull(input)), { requestId, ip }),
      })),
  }),
  budgetDelete: t.field({
    type: DeletePayload,
    description: 'From now on nothing is counted against it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ deletedId: await deleteBudget(gateway.budgets, who, id, { requestId, ip }) })),
  }),
}));

function toInput(input: WithoutNull<typeof BudgetSetInput.$inferInput>): BudgetInput {
  const { currency = 'USD', unit = 'MONEY', ...rest } = input;
  if (currency !== 'USD')
    throw invalid('currency', `is ${JSON.stringify(currency)}; amounts here are in "USD"`);
  return {
    ...rest,
    scope: input.scope ?? scopeOf(input.subjectId),
    name: input.name,
    unit,
    limit: toAmount(unit, input.limit),
    timeZone: input.timeZone ?? 'UTC',
    startDay: input.startDay ?? 1,
    onExceed: input.onExceed ?? 'BLOCK',
    fallbackModel: input.fallbackModel,
    queueMs: input.queueMs ?? DEFAULT_QUEUE_MS,
    shadow: input.shadow ?? false,
    allowUnpriced: input.allowUnpriced ?? false,
    thresholds: input.thresholds ?? DEFAULT_THRESHOLDS,
  };
}

function scopeOf(subjectId: string): BudgetRow['scope'] {
  const scope = SCOPE_OF_ID[/^([a-z]+)_/.exec(subjectId)?.[1] ?? ''];
  if (!scope)
    throw invalid(
      'scope',
      'is missing; only the ids of organisations, teams, keys and users say what they are',
    );
  return scope;
}

function toAmount(unit: BudgetRow['unit'], billionths: bigint): bigint {
  if (unit === 'MONEY') return billionths;
  if (billionths % NANOS !== 0n) throw invalid('limit', `must be a whole number of ${unit.toLowerCase()}`);
  return billionths / NANOS;
}

function invalid(field: string, what: string): InvalidInput {
  return new InvalidInput([{ path: ['input', field], message: `input.${field} ${what}` }]);
}
