import { ADMIN_KEY, type Answer } from '../../support/gateway.ts';
import type { Vendor } from '../../completion/support/vendor.ts';
import { say, STREAM, type CompletionData, type Input } from '../../completion/support/completions.ts';
import type { GatewayProcess } from '../../completion/support/process.ts';
import { subscribe, type Subscription } from '../../completion/support/streams.ts';

const CREATE = `mutation ($input: CompletionInput!) {
  completionCreate(input: $input) {
    completion { id status text usage { input output } }
    errors {
      __typename code message
      ... on BudgetExceededError { budget { id } estimated { amount } remaining { amount } }
    }
  }
}`;
const SET = `mutation ($input: BudgetSetInput!) { budgetSet(input: $input) { budget { id } errors { message } } }`;

export interface Refusal {
  __typename: string;
  code: string;
  message: string;
  budget?: { id: string };
  estimated?: { amount: string };
  remaining?: { amount: string };
}

export interface Answered {
  completion: Pick<CompletionData, 'id' | 'status' | 'text'> | null;
  /** Of the payload, or of the whole operation. */
  errors: Refusal[];
}

/** Asks a gateway in another process as a client would. */
async function ask(url: string, query: string, variables: object): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

export async function complete({ url }: Pick<GatewayProcess, 'url'>, input: Input): Promise<Answered> {
  const { data, errors } = await ask(url, CREATE, { input });
  if (data) return data.completionCreate as Answered;
  const refusals = errors?.map(({ message, extensions }) => {
    return { __typename: 'Error', code: String(extensions['code']), message };
  });
  return { completion: null, errors: refusals ?? [] };
}

/** Opens a stream whose text comes from `vendor/model`, as the vendor of the test says it. */
export function stream({ url }: Pick<GatewayProcess, 'url'>, input: Input): Promise<Subscription> {
  return subscribe('SSE', { url }, { query: STREAM, variables: { input, coalesceMs: 0 } });
}

/** What this tag may come to in total. @returns the budget's id. */
export async function setBudget(
  { url }: Pick<GatewayProcess, 'url'>,
  tag: { key: string; value: string },
  limits: { limit: string; unit: 'MONEY' | 'REQUESTS' | 'TOKENS' },
): Promise<string> {
  const input = { scope: 'TAG', subjectId: `${tag.key}=${tag.value}`, window: 'TOTAL', ...limits };
  const { data, errors } = await ask(url, SET, { input });
  if (!data?.budgetSet.budget) throw new Error(`no budget: ${JSON.stringify(errors ?? data)}`);
  return data.budgetSet.budget.id as string;
}

export const inputFor = (tag: { key: string; value: string }, model = 'vendor/model'): Input =>
  say(model, 'Hello', { tags: [tag] });

/** The vendor of a test as the config file of a process has it. */
export const providersOf = ({ config: { name, type, baseURL } }: Vendor): object => ({
  providers: { [name]: { type, baseURL, models: [{ id: 'model', price: { input: 1, output: 1 } }] } },
});
