import { beforeEach } from 'vitest';
import { addKey, addOrganisation, type Tenant } from '../../access/support/organisation.ts';
import type { MadeKey } from '../../access/support/keys.ts';
import type { Scope } from '../../../src/domain/principal.ts';
import { post } from '../../server/support/client.ts';
import type { Answer, TestGateway } from '../../support/gateway.ts';

export interface LimitData {
  id: string;
  scope: string;
  subjectId: string;
  unit: string;
  max: number;
  remaining: number | null;
  resetsAt: string | null;
}

export interface LimitErrorData {
  __typename: string;
  code: string;
  message: string;
  path: string[] | null;
  scope?: string;
  unit?: string;
  limit?: number;
  remaining?: number;
  retryAfterMs?: number | null;
}

const LIMIT = 'id scope subjectId unit max remaining resetsAt';
export const LIMIT_ERROR =
  '__typename code message path ... on RateLimitedError { scope unit limit remaining retryAfterMs }';

const SET = `mutation ($input: LimitSetInput!) {
  limitSet(input: $input) { limit { ${LIMIT} } errors { code message path } }
}`;

export interface LimitInput {
  scope: string;
  subjectId: string;
  unit: string;
  max: number;
}

export const ASK = `mutation ($input: CompletionInput!) {
  completionCreate(input: $input) {
    completion { id status model { name } usage { total } } errors { ${LIMIT_ERROR} }
  }
}`;

export interface AnswerData {
  completion: { id: string; status: string; model: { name: string }; usage: { total: number } } | null;
  errors: LimitErrorData[];
}

/** An organisation that only one test has, so that nobody else draws on its limits. */
export interface LimitedTenant extends Tenant {
  trySet(
    input: object,
    key?: string,
  ): Promise<{ limit: LimitData | null; errors: { code: string; message: string; path: string[] | null }[] }>;
  set(input: LimitInput): Promise<LimitData>;
  /** As it stands for the admin. */
  read(id: string, key?: string): Promise<LimitData>;
  ask(query: string, variables?: object, key?: string): Promise<Answer>;
  /** A completion of `demo/echo`, unless said otherwise. */
  complete(input?: object, key?: string): Promise<AnswerData>;
  /** An operation with everything that HTTP tells. */
  post(query: string, variables?: Record<string, unknown>, key?: string): Promise<Posted>;
  countCompletions(): Promise<number>;
  addKey(scopes: Scope[]): Promise<MadeKey>;
}

export interface Posted {
  status: number;
  headers: Headers;
  answer: Answer;
}

let tenants = 0;

/** The gateway must run with HASHING_SECRET. */
export async function addLimitedTenant(gateway: TestGateway): Promise<LimitedTenant> {
  tenants += 1;
  const name = `limited ${tenants}`;
  const tenant = await addOrganisation(gateway, name);
  const ask = async (query: string, variables: object = {}, key = tenant.admin.secret): Promise<Answer> =>
    gateway.ask(query, variables, { key });
  const dataOf = ({ data, errors }: Answer): NonNullable<Answer['data']> => {
    if (!data) throw new Error(JSON.stringify(errors));
    return data;
  };
  const limited: LimitedTenant = {
    ...tenant,
    ask,
    trySet: async (input, key) => dataOf(await ask(SET, { input }, key)).limitSet,
    async set(input) {
      const { limit, errors } = await limited.trySet(input);
      if (!limit) throw new Error(JSON.stringify(errors));
      return limit;
    },
    async read(id, key) {
      const query = `query ($id: ID!) { node(id: $id) { ... on Limit { ${LIMIT} } } }`;
      return dataOf(await ask(query, { id }, key)).node;
    },
    async complete(input, key) {
      const whole = { model: 'demo/echo', source: { text: 'hi' }, ...input };
      return dataOf(await ask(ASK, { input: whole }, key)).completionCreate;
    },
    async post(query, variables = {}, key = tenant.admin.secret) {
      const headers = { authorization: `Bearer ${key}` };
      const response = await post(gateway.url, { query, variables }, { headers });
      return {
        status: response.status,
        headers: response.headers,
        answer: (await response.json()) as Answer,
      };
    },
    async countCompletions() {
      return dataOf(await ask('{ completions { totalCount } }')).completions.totalCount;
    },
    addKey: (scopes) =>
      addKey(gateway, { organisationId: tenant.organisationId, teamId: tenant.teamId, name }, scopes),
  };
  return limited;
}

/** A new one for each test. */
export function useLimitedTenant(gateway: () => TestGateway): () => LimitedTenant {
  let tenant: LimitedTenant;
  beforeEach(async () => {
    tenant = await addLimitedTenant(gateway());
  });
  return () => tenant;
}
