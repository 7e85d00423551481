import { expect } from 'vitest';
import type { MadeKey } from '../../access/support/keys.ts';
import { expectAuditToHold } from '../../access-requests/support.ts';
import type { Answer, TestGateway } from '../../support/gateway.ts';

export interface Told {
  id: string;
  label: string;
  version: { number: number } | null;
  status: string;
  requesterId: string;
  deciderId: string | null;
  note: string | null;
  decisionNote: string | null;
}

export interface Fault {
  code: string;
  message: string;
  path: string[] | null;
}

const REQUEST = 'labelRequest { id label version { number } status requesterId deciderId note decisionNote }';

/** What a mutation answers; fields of its payload and `errors`. */
export async function act(
  gateway: TestGateway,
  mutation: string,
  { key, ...variables }: { key?: MadeKey | undefined; [name: string]: unknown } = {},
): Promise<Answer['data']> {
  const { data, errors } = await gateway.ask(mutation, variables, key ? { key: key.secret } : {});
  return errors ? { topLevel: errors } : Object.values(data)[0];
}

type Label = { slug: string; label: string; version?: number; note?: string };

export function moveLabel(
  gateway: TestGateway,
  input: Label,
  key?: MadeKey,
): Promise<{ labelRequest: Told | null; errors: Fault[] }> {
  const name = input.version === undefined ? 'Delete' : 'Set';
  return act(
    gateway,
    `mutation ($input: PromptLabel${name}Input!) {
      promptLabel${name}(input: $input) { ${REQUEST} errors { code message path } }
    }`,
    { input, key },
  );
}

export function decideLabel(
  gateway: TestGateway,
  input: { id: string; approve: boolean; note?: string },
  key?: MadeKey,
): Promise<{ labelRequest: Told | null; errors: Fault[] }> {
  return act(
    gateway,
    `mutation ($input: PromptLabelDecideInput!) {
      promptLabelDecide(input: $input) { ${REQUEST} errors { code message path } }
    }`,
    { input, key },
  );
}

export function protect(gateway: TestGateway, label: string, isToBe = true): Promise<{ labels: string[] }> {
  return act(
    gateway,
    `mutation ($label: String!, $isToBe: Boolean!) {
      promptLabelProtect(label: $label, protected: $isToBe) { labels errors { code message path } }
    }`,
    { label, isToBe },
  );
}

export function setPartial(gateway: TestGateway, name: string, template: string): Promise<Answer['data']> {
  return act(
    gateway,
    `mutation ($name: String!, $template: String!) {
      promptPartialSet(input: { name: $name, template: $template }) { partial { id version } errors { code message path } }
    }`,
    { name, template },
  );
}

/** The number that a label of a prompt stands for. */
export async function labelled(
  gateway: TestGateway,
  slug: string,
  label: string,
): Promise<number | undefined> {
  const { data } = await gateway.ask(
    'query ($slug: String!) { prompt(slug: $slug) { labels { name version { number } } } }',
    { slug },
  );
  const found = data.prompt?.labels.find(({ name }: { name: string }) => name === label);
  return found?.version.number;
}

/** What was done to prompts, in order. Afterwards the chain of the audit must hold. */
export async function auditOf(gateway: TestGateway, targetId: string): Promise<string[]> {
  const rows = await gateway.gateway.database.sql<{ action: string }[]>`
    SELECT action FROM audit_events WHERE target_id = ${targetId} ORDER BY id`;
  await expectAuditToHold(gateway);
  expect(rows.length).toBeGreaterThan(0);
  return rows.map(({ action }) => action);
}

export async function promptIdOf(gateway: TestGateway, slug: string): Promise<string> {
  const { data } = await gateway.ask('query ($slug: String!) { prompt(slug: $slug) { id } }', { slug });
  return data.prompt.id;
}
