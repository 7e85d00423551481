import { expect } from 'vitest';
import { verifyAudit } from '../../src/events/audit-chain.ts';
import { ADMIN_KEY, type TestGateway } from '../support/gateway.ts';

export interface Told {
  id: string;
  kind: string;
  targetId: string;
  status: string;
  requesterId: string;
  deciderId: string | null;
  note: string | null;
  until: string | null;
  target: { id: string } | null;
  amount: { amount: string; unit: string } | null;
  grant: { id: string; expiresAt: string | null; endedAt: string | null } | null;
}

export interface Answered {
  accessRequest: Told | null;
  errors: { code: string; message: string; path: string[] | null }[];
}

export const REQUEST = `id kind targetId status reason requesterId deciderId note until target { id }
  amount { amount unit } grant { id expiresAt endedAt }`;
const PAYLOAD = `{ accessRequest { ${REQUEST} } errors { code message path } }`;

interface Wanted {
  kind: string;
  targetId: string;
  amount?: string;
  reason?: string;
  until?: string;
}

async function act(gateway: TestGateway, key: string, query: string, variables: object): Promise<Answered> {
  const { data, errors } = await gateway.ask(query, variables, { key });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.done as Answered;
}

export function request(gateway: TestGateway, key: string, input: Wanted): Promise<Answered> {
  const query = `mutation ($input: AccessRequestCreateInput!) { done: accessRequestCreate(input: $input) ${PAYLOAD} }`;
  return act(gateway, key, query, { input: { reason: 'for a test', ...input } });
}

export function decide(
  gateway: TestGateway,
  id: string,
  decision: { approve?: boolean; note?: string; expiresAt?: string } = {},
  key = ADMIN_KEY,
): Promise<Answered> {
  const query = `mutation ($input: AccessRequestDecideInput!) { done: accessRequestDecide(input: $input) ${PAYLOAD} }`;
  return act(gateway, key, query, { input: { id, approve: true, ...decision } });
}

export function cancel(gateway: TestGateway, key: string, id: string): Promise<Answered> {
  return act(gateway, key, `mutation ($id: ID!) { done: accessRequestCancel(id: $id) ${PAYLOAD} }`, { id });
}

export async function revokeGrant(gateway: TestGateway, id: string, key = ADMIN_KEY) {
  const { data } = await gateway.ask(
    'mutation ($id: ID!) { accessGrantRevoke(id: $id) { accessGrant { id endedAt } errors { code message } } }',
    { id },
    { key },
  );
  return data.accessGrantRevoke as {
    accessGrant: { id: string; endedAt: string | null } | null;
    errors: { code: string; message: string }[];
  };
}

/** Asks for something that is then approved. @returns the grant's id. */
export async function grant(
  gateway: TestGateway,
  key: string,
  wanted: Wanted,
  expiresAt?: string,
): Promise<string> {
  const { accessRequest, errors } = await request(gateway, key, wanted);
  if (!accessRequest) throw new Error(JSON.stringify(errors));
  const decided = await decide(gateway, accessRequest.id, expiresAt === undefined ? {} : { expiresAt });
  if (!decided.accessRequest?.grant) throw new Error(JSON.stringify(decided.errors));
  return decided.accessRequest.grant.id;
}

export async function scopesOf(gateway: TestGateway, key: string): Promise<string[]> {
  return (await gateway.ask('{ viewer { scopes } }', {}, { key })).data.viewer.scopes as string[];
}

/** The codes of the errors that a completion by this model is answered with. */
export async function complete(gateway: TestGateway, key: string, model: string) {
  const { data, errors } = await gateway.ask(
    `mutation ($model: String) {
      completionCreate(input: { model: $model, source: { text: "hi" } }) { completion { id } errors { code message } }
    }`,
    { model },
    { key },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.completionCreate.errors as { code: string; message: string }[];
}

export async function setAskFirst(gateway: TestGateway, name: string, askFirst: boolean, key = ADMIN_KEY) {
  const { data, errors } = await gateway.ask(
    `mutation ($input: ModelAccessSetInput!) {
      modelAccessSet(input: $input) { model { name access { allowed via } } errors { code message } }
    }`,
    { input: { name, askFirst } },
    { key },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.modelAccessSet;
}

export function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

export async function expectAuditToHold(gateway: TestGateway): Promise<void> {
  const { chains } = await verifyAudit(gateway.gateway.database.sql);
  expect(chains.filter(({ broken }) => broken)).toEqual([]);
}
