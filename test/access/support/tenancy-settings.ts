import { expect } from 'vitest';
import type { TestGateway } from '../../support/gateway.ts';
import { DATASET } from './tenancy-cases-of-evaluations.ts';
import { OPERATION } from './tenancy-cases-of-operations.ts';
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
