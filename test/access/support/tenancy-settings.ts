import { expect } from 'vitest';
import type { TestGateway } from '../../support/gateway.ts';
import { DATASET, EVALUATED } from './tenancy-cases-of-evaluations.ts';
import { OPERATION } from './tenancy-cases-of-operations.ts';
import { OTHER_LABEL, OTHER_PARTIAL, OTHER_PROMPT, PROMPT } from './tenancy-cases-of-prompts.ts';
import { OTHER_ROUTE, ROUTE } from './tenancy-cases-of-routes.ts';

/** Asks as an admin of the organisation. */
type AskOther = (query: string, variables?: object) => ReturnType<TestGateway['ask']>;

/** What an organisation sets for itself, by the ids of what comes of it. */
export interface Settings {
  budgetId: string;
  limitId: string;
  priceId: string;
  operationId: string;
  routeIds: string[];
  datasetId: string;
  caseId: string;
}

/** Sets one of each. @param mark stands in every text. */
export async function setAll(
  ask: AskOther,
  { teamId, mark }: { teamId: string; mark: string },
): Promise<Settings> {
  const { data } = await ask(
    `mutation ($team: ID!, $text: String!, $mark: String!) {
      budgetSet(input: { subjectId: $team, limit: "1", window: DAY }) { budget { id } }
      limitSet(input: { scope: TEAM, subjectId: $team, unit: CONCURRENT, max: 9 }) { limit { id } }
      priceSet(input: { model: "demo/slow", rates: [{ unit: REQUEST, amount: "1" }] }) { price { id } }
      modelAliasSet(input: { alias: "demo/shared-alias", model: "demo/slow" }) { errors { message } }
      modelLifecycleSet(input: { model: "demo/slow", deprecatedAt: "2026-01-01T00:00:00Z" }) { errors { message } }
      routeSet(input: { name: "${ROUTE}", strategy: PRIORITY, targets: [{ model: "demo/echo" }], note: $mark }) { route { id } }
      other: routeSet(input: { name: "${OTHER_ROUTE}", strategy: PRIORITY, targets: [{ model: "${ROUTE}" }], note: $mark }) {
        route { id }
      }
      second: routeSet(input: { name: "${OTHER_ROUTE}", strategy: WEIGHTED, targets: [{ model: "${ROUTE}" }], note: $mark }) {
        route { id }
      }
      organisationUpdate(input: { recordPromptsDays: 1 }) { errors { message } }
      datasetSet(input: { name: "${DATASET}", description: $mark, cases: [{ name: $mark, variables: { text: $mark } }] }) {
        dataset { id cases { nodes { id } } }
      }
      operationRegister(input: { text: $text, name: $mark, policy: { models: [$mark] } }) { operation { id } }
    }`,
    { team: teamId, text: OPERATION, mark },
  );
  return {
    budgetId: data.budgetSet.budget.id,
    limitId: data.limitSet.limit.id,
    priceId: data.priceSet.price.id,
    operationId: data.operationRegister.operation.id,
    datasetId: data.datasetSet.dataset.id,
    caseId: data.datasetSet.dataset.cases.nodes[0].id,
    routeIds: [data.routeSet.route.id, data.other.route.id],
  };
}

export async function setRole(ask: AskOther, name: string): Promise<void> {
  const { data } = await ask(
    'mutation ($name: String!) { roleSet(input: { name: $name, scopes: [ADMIN] }) { role { name } errors { message } } }',
    { name },
  );
  expect(data.roleSet).toEqual({ role: { name }, errors: [] });
}

/** Prompts of an organisation, by the ids of what comes of them. */
export interface PromptNodes {
  promptIds: string[];
  versionIds: string[];
  partialIds: string[];
  labelRequestId: string;
}

/** Two prompts with a partial, and a wish to move a label that is protected. @param mark stands in every text. */
export async function setPrompts(ask: AskOther, mark: string): Promise<PromptNodes> {
  const { data } = await ask(
    `mutation ($mark: String!, $messages: [PromptMessageInput!]!, $version: PromptVersionInput!) {
      shared: promptPartialSet(input: { name: "${PROMPT}", template: $mark }) { partial { id } }
      partial: promptPartialSet(input: { name: "${OTHER_PARTIAL}", template: $mark }) { partial { id } }
      prompt: promptCreate(input: {
        slug: "${PROMPT}", folder: "theirs", description: $mark, version: { messages: $messages, model: "demo/echo" }
      }) { prompt { id version { id } } }
      other: promptCreate(input: { slug: "${OTHER_PROMPT}", folder: "theirs", version: $version }) {
        prompt { id version { id } }
      }
      second: promptVersionCreate(input: { slug: "${OTHER_PROMPT}", version: $version }) { promptVersion { id } }
      promptLabelSet(input: { slug: "${OTHER_PROMPT}", label: "production", version: 1 }) { errors { message } }
      promptLabelProtect(label: "${OTHER_LABEL}", protected: true) { errors { message } }
      request: promptLabelSet(input: { slug: "${OTHER_PROMPT}", label: "${OTHER_LABEL}", version: 1, note: $mark }) {
        labelRequest { id }
      }
    }`,
    {
      mark,
      messages: [{ role: 'USER', template: mark }],
      version: {
        messages: [{ role: 'USER', template: `${mark} {% render '${OTHER_PARTIAL}' %}` }],
        model: 'demo/echo',
        note: mark,
      },
    },
  );
  return {
    promptIds: [data.prompt.prompt.id, data.other.prompt.id],
    versionIds: [data.prompt.prompt.version.id, data.other.prompt.version.id, data.second.promptVersion.id],
    partialIds: [data.shared.partial.id, data.partial.partial.id],
    labelRequestId: data.request.labelRequest.id,
  };
}

/** An evaluation of the last version of the other prompt, which is over; and what a label asks for. */
export async function evaluateOther(ask: AskOther): Promise<{ evaluationId: string }> {
  const { data } = await ask(`mutation {
    datasetSet(input: { name: "${EVALUATED}", cases: [{ variables: {} }] }) { dataset { id } }
    promptLabelRequire(input: { label: "required", slug: "${OTHER_PROMPT}", dataset: "${EVALUATED}" }) { errors { message } }
    evaluationStart(input: { prompt: "${OTHER_PROMPT}", dataset: "${EVALUATED}", graders: [{ exact: {} }] }) {
      evaluation { id }
    }
  }`);
  const { id } = data.evaluationStart.evaluation;
  for (;;) {
    const { data: now } = await ask('query ($id: ID!) { evaluation(id: $id) { finishedAt } }', { id });
    if (now.evaluation.finishedAt !== null) return { evaluationId: id };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
