import { afterEach } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';

export interface BudgetData {
  id: string;
  scope: string;
  subjectId: string;
  unit: string;
  limit: AmountData;
  spent: AmountData;
  reserved: AmountData;
  remaining: AmountData;
  exceeded: number;
  window: string;
  startsAt: string;
  resetsAt: string | null;
  onExceed: string;
}
interface AmountData {
  amount: string;
  currency: string | null;
}

export interface BudgetErrorData {
  __typename: string;
  code: string;
  message: string;
  path: string[] | null;
  budget?: BudgetData;
  estimated?: AmountData | null;
  remaining?: AmountData;
}

export const WHOLE_BUDGET = `fragment WholeBudget on Budget {
  id scope subjectId unit limit { amount currency } spent { amount currency } reserved { amount currency }
  remaining { amount currency } exceeded window startsAt resetsAt onExceed
}`;
export const BUDGET_ERROR = `__typename code message path
  ... on BudgetExceededError { budget { ...WholeBudget } estimated { amount currency } remaining { amount currency } }`;

const SET = `${WHOLE_BUDGET} mutation ($input: BudgetSetInput!) {
  budgetSet(input: $input) { budget { ...WholeBudget } errors { code message path } }
}`;
const ASK = `${WHOLE_BUDGET} mutation ($input: CompletionInput!) {
  completionCreate(input: $input) {
    completion { id status text requestedModel warnings model { name } cost { amount } usage { total } }
    errors { ${BUDGET_ERROR} }
  }
}`;

interface Options {
  key?: string;
}

export async function trySetBudget(
  gateway: TestGateway,
  input: object,
  options: Options = {},
): Promise<{ budget: BudgetData | null; errors: BudgetErrorData[] }> {
  const { data, errors } = await gateway.ask(SET, { input }, options);
  if (!data) throw new Error(JSON.stringify(errors));
  return data.budgetSet;
}

/** A budget of the default team in total, unless said otherwise. */
export async function setBudget(gateway: TestGateway, input: object): Promise<BudgetData> {
  const defaults = { subjectId: 'team_default', limit: '1', window: 'TOTAL' };
  const { budget, errors } = await trySetBudget(gateway, { ...defaults, ...input });
  if (!budget) throw new Error(JSON.stringify(errors));
  return budget;
}

export async function deleteBudget(gateway: TestGateway, id: string): Promise<void> {
  const { data } = await gateway.ask(
    'mutation ($id: ID!) { budgetDelete(id: $id) { deletedId errors { message } } }',
    { id },
  );
  if (data.budgetDelete.deletedId !== id) throw new Error(JSON.stringify(data));
}

export async function readBudget(
  gateway: TestGateway,
  id: string,
  options: Options = {},
): Promise<BudgetData> {
  const query = `${WHOLE_BUDGET} query ($id: ID!) { budget(id: $id) { ...WholeBudget } }`;
  const { data } = await gateway.ask(query, { id }, options);
  return data.budget;
}

export interface AnswerData {
  completion: {
    id: string;
    status: string;
    text: string;
    requestedModel: string;
    warnings: string[];
    model: { name: string };
    cost: { amount: string } | null;
    usage: { total: number };
  } | null;
  errors: BudgetErrorData[];
}

export async function complete(
  gateway: TestGateway,
  input: object,
  options: Options = {},
): Promise<AnswerData> {
  const { data, errors } = await gateway.ask(ASK, { input }, options);
  if (!data?.completionCreate) throw new Error(JSON.stringify(errors));
  return data.completionCreate;
}

/** Budgets that are gone after each test, so that none holds for the next. */
export function useBudgets(gateway: () => TestGateway) {
  const made: string[] = [];
  afterEach(async () => {
    for (const id of new Set(made.splice(0))) await deleteBudget(gateway(), id);
  });
  const budgetOf = async (input: object): Promise<BudgetData> => {
    const budget = await setBudget(gateway(), input);
    made.push(budget.id);
    return budget;
  };
  return { budgetOf, made };
}
