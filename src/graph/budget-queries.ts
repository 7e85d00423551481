import { subjectOf, type Budget as BudgetRow } from '../domain/budget.ts';
import { countBudgets, listBudgets } from '../ledger/budgets/read.ts';
import { isId } from '../lib/ids.ts';
import { ApiKey } from './api-key.ts';
import { Budget, LimitScope } from './budget.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { withoutNull } from './inputs.ts';
import { Team } from './team.ts';

const BudgetConnection = connectionOf('Budget', Budget);

const BudgetFilter = builder.inputType('BudgetFilter', {
  fields: (t) => ({ scope: t.field({ type: [LimitScope] }), subjectId: t.id() }),
});

builder.queryFields((t) => ({
  budget: t.field({
    type: Budget,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { loaders }) => loaders.budget.load(id),
  }),
  budgets: t.field({
    type: BudgetConnection,
    description: 'Those that the viewer may see, newest first.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: BudgetFilter }) },
    complexity: pageComplexity,
    resolve: (_root, { filter, ...page }, { gateway, who }) => {
      const { sql } = gateway.database;
      const matching = withoutNull(filter) ?? {};
      return readPage(page, {
        read: (wanted) => listBudgets(sql, who, matching, wanted),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('bdg', text),
        count: () => countBudgets(sql, who, matching),
      });
    },
  }),
}));

builder.objectField(Team, 'budgets', (t) =>
  t.field({
    type: [Budget],
    description: 'Those set on the team itself.',
    resolve: ({ id }, _args, { loaders }) => loaders.budgetsOn.load(subjectOf('TEAM', id)),
  }),
);
builder.objectField(ApiKey, 'budgets', (t) =>
  t.field({
    type: [Budget],
    description: 'Those set on the key itself.',
    resolve: ({ id }, _args, { loaders }) => loaders.budgetsOn.load(subjectOf('KEY', id)),
  }),
);

builder.subscriptionField('budgetChanged', (t) =>
  t.field({
    type: Budget,
    nullable: true,
    description: `The budget as it stands, and again after each change of what is spent or reserved, merged to a few in a
second. Null, and then the end, when there is no such budget or it is deleted.`,
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_root, { id }, { gateway, who, signal }) => gateway.budgetWatch.watch(who, id, signal),
    resolve: (budget: BudgetRow | undefined) => budget,
  }),
);
