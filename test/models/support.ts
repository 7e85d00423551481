import type { Answer, TestGateway } from '../support/gateway.ts';

interface Refusal {
  code: string;
  message: string;
  path: string[] | null;
}

interface Asking {
  key?: string;
}

async function change(
  { ask }: TestGateway,
  query: string,
  variables: object,
  { key }: Asking,
): Promise<Answer['data']> {
  const { data, errors } = await ask(query, variables, key === undefined ? {} : { key });
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

export async function setAlias(
  gateway: TestGateway,
  alias: string,
  model: string,
  options: Asking = {},
): Promise<{ alias: { alias: string; model: { name: string }; isOwn: boolean } | null; errors: Refusal[] }> {
  const query = `mutation ($input: ModelAliasSetInput!) {
    modelAliasSet(input: $input) { alias { alias model { name } isOwn } errors { code message path } }
  }`;
  return (await change(gateway, query, { input: { alias, model } }, options)).modelAliasSet;
}

export async function deleteAlias(
  gateway: TestGateway,
  alias: string,
): Promise<{ deletedId: string | null; errors: Refusal[] }> {
  const query = `mutation ($alias: String!) {
    modelAliasDelete(alias: $alias) { deletedId errors { code message path } }
  }`;
  return (await change(gateway, query, { alias }, {})).modelAliasDelete;
}

export interface LifecycleInput {
  deprecatedAt?: string;
  sunsetAt?: string;
  replacement?: string;
  afterSunset?: 'PASS' | 'REFUSE' | 'REPLACE';
}

export interface ToldModel {
  name: string;
  deprecated: boolean;
  deprecatedAt: string | null;
  sunsetAt: string | null;
  replacement: { name: string } | null;
  afterSunset: string;
  aliases: string[];
}

export const MODEL = 'name deprecated deprecatedAt sunsetAt replacement { name } afterSunset aliases';

export async function setLifecycle(
  gateway: TestGateway,
  model: string,
  lifecycle: LifecycleInput = {},
  options: Asking = {},
): Promise<{ model: ToldModel | null; errors: Refusal[] }> {
  const query = `mutation ($input: ModelLifecycleSetInput!) {
    modelLifecycleSet(input: $input) { model { ${MODEL} } errors { code message path } }
  }`;
  return (await change(gateway, query, { input: { model, ...lifecycle } }, options)).modelLifecycleSet;
}

const DAY_MS = 86_400_000;
export const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
export const dayOf = (text: string) => text.slice(0, 10);
