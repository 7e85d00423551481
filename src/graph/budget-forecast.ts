import type { BudgetUnit } from '../domain/budget.ts';
import { forecastUse, isForecast, type Forecast } from '../usage/forecast.ts';
import { Budget, BudgetAmount } from './budget.ts';
import { builder } from './builder.ts';

const BudgetForecast = builder.objectRef<Forecast & { unit: BudgetUnit }>('BudgetForecast').implement({
  description: `What a budget will have spent at the end of its window if use goes on as in the last hours: those of a week, and for end
users and tags those of a day.`,
  fields: (t) => ({
    expected: t.field({
      type: BudgetAmount,
      resolve: ({ unit, expected }) => ({ unit, amount: expected }),
    }),
    low: t.field({
      type: BudgetAmount,
      description: 'Never below what is already spent.',
      resolve: ({ unit, low }) => ({ unit, amount: low }),
    }),
    high: t.field({ type: BudgetAmount, resolve: ({ unit, high }) => ({ unit, amount: high }) }),
    confidence: t.exposeFloat('confidence', {
      description:
        'How likely it is that the amount is between `low` and `high`, if hours are like those before.',
    }),
    exceedsAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the limit is reached at the expected pace, and now where it already is; null when that is not before the end.',
      resolve: ({ exceedsAt }) => exceedsAt,
    }),
    basedOnHours: t.exposeInt('basedOnHours'),
  }),
});

builder.objectField(Budget, 'forecast', (t) =>
  t.field({
    type: BudgetForecast,
    nullable: true,
    description: `To the end of the window, and for TOTAL 30 days ahead. Null for a MINUTE and an HOUR, where nothing was seen for at
least three hours, and for routes and prompts.`,
    complexity: 10,
    resolve: async (budget, _args, { loaders }) => {
      const pace = isForecast(budget) ? await loaders.pace.load(budget) : undefined;
      const forecast = pace && forecastUse(budget, pace);
      return forecast && { ...forecast, unit: budget.unit };
    },
  }),
);
