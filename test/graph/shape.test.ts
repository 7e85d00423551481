import {
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  type GraphQLNamedType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../src/graph/schema.ts';

interface Place {
  /** `Type.field`, or `Type.field(argument)`. */
  name: string;
  type: string;
}

const types: GraphQLNamedType[] = Object.values(schema.getTypeMap()).filter(
  ({ name }) => !name.startsWith('_'),
);
const places: Place[] = types.flatMap((type) => {
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map((field) => place(`${type.name}.${field.name}`, field.type));
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    place(`${type.name}.${field.name}`, field.type),
    ...field.args.map((arg) => place(`${type.name}.${field.name}(${arg.name})`, arg.type)),
  ]);
});

function place(name: string, type: Parameters<typeof getNamedType>[0]): Place {
  return { name, type: getNamedType(type)?.name ?? '' };
}

const namesOf = (type: string) => places.filter((each) => each.type === type).map(({ name }) => name);

describe('numbers', () => {
  it('are Float only where nothing is counted by them', () => {
    expect(namesOf('Float').toSorted()).toEqual([
      'Anomaly.deviation',
      'BudgetForecast.confidence',
      'CanaryStep.minutes',
      'CanaryStep.percent',
      'CanaryStepInput.minutes',
      'CanaryStepInput.percent',
      'CompletionMetric.value',
      'CompletionMetricInput.value',
      'CompletionRateInput.score',
      'DatasetRecordInput.minRating',
      'Evaluation.passingRate',
      'EvaluationStartInput.passingRate',
      'Graded.score',
      'Grader.threshold',
      'GraderInput.threshold',
      'GraderSummary.meanScore',
      'Health.errorRate',
      'Interval.high',
      'Interval.low',
      'LearnedTarget.feedback',
      'LearnedTarget.success',
      'ModelHealth.errorRate',
      'ModelParams.temperature',
      'ModelParams.topP',
      'NumericGraderInput.absolute',
      'NumericGraderInput.relative',
      'PromptExperiment.confidence',
      'PromptExperimentInput.confidence',
      'PromptLabelRequireInput.minPassRate',
      'PromptLabelRequirement.minPassRate',
      'Rate.rate',
      'RateDifference.a',
      'RateDifference.b',
      'RateDifference.chance',
      'RateDifference.difference',
      'Rating.score',
      'RollbackRule.costRatioAbove',
      'RollbackRule.errorRateAbove',
      'RollbackRule.feedbackBelow',
      'RollbackRule.latencyRatioAbove',
      'RollbackRuleInput.costRatioAbove',
      'RollbackRuleInput.errorRateAbove',
      'RollbackRuleInput.feedbackBelow',
      'RollbackRuleInput.latencyRatioAbove',
      'Route.hedgePercentile',
      'RouteExperiment.confidence',
      'RouteExperimentInput.confidence',
      'RouteSetInput.hedgePercentile',
      'RouteSettings.hedgePercentile',
      'RouteShadow.percent',
      'RouteShadowInput.percent',
      'RouteTarget.upTo',
      'RouteTargetInput.upTo',
      'RouteVersion.hedgePercentile',
      'ScoreDifference.a',
      'ScoreDifference.b',
      'ScoreDifference.difference',
      'ScorePart.value',
      'SimulatedChange.costRatio',
      'SimulatedShare.share',
      'Trial.confidence',
      'TrialAlert.confidence',
      'TrialArm.share',
      'TrialAssignment.share',
      'TrialMetric.high',
      'TrialMetric.low',
      'TrialMetric.mean',
    ]);
  });

  it('are exact decimals where they are money', () => {
    expect(namesOf('Decimal').toSorted()).toEqual([
      'AccessRequestCreateInput.amount',
      'Anomaly.expected',
      'Anomaly.observed',
      'BudgetAmount.amount',
      'BudgetSetInput.limit',
      'CompletionFilter.minCost',
      'EvaluationStartInput.maxCost',
      'LedgerAdjustInput.amount',
      'LedgerCreditInput.amount',
      'Money.amount',
      'PriceRateInput.amount',
      'PromptImproveInput.maxCost',
    ]);
    const money = places.filter(({ name }) => /(cost|amount)$/i.test(name));
    expect(new Set(money.map(({ type }) => type))).toEqual(new Set(['Money', 'BudgetAmount', 'Decimal']));
  });

  it('are SafeInt where they are sums, which pass the 32 bits of Int', () => {
    const sums = places.filter(({ name }) => /^(TokenUsage|UsageTotals)\./.test(name));
    expect(sums.filter(({ type }) => type === 'Int').map(({ name }) => name)).toEqual([
      'UsageTotals.p50FirstTokenMs',
      'UsageTotals.p50LatencyMs',
      'UsageTotals.p95FirstTokenMs',
      'UsageTotals.p95LatencyMs',
      'UsageTotals.p99FirstTokenMs',
      'UsageTotals.p99LatencyMs',
    ]);
    expect(sums.filter(({ type }) => type === 'SafeInt').length).toBeGreaterThan(8);
  });
});

describe('every mutation', () => {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});

  it.each(mutations.map(({ name, type }) => [name, type] as const))(
    '%s answers a payload with errors as data',
    (_, type) => {
      expect(isNonNullType(type)).toBe(true);
      const payload = getNamedType(type);
      if (!isObjectType(payload)) throw new Error(`${payload.name} is no object`);
      const { errors, ...rest } = payload.getFields();
      expect(String(errors?.type)).toBe('[UserError!]!');
      // Where there are errors there is nothing else to answer.
      for (const field of Object.values(rest))
        expect([field.name, isNonNullType(field.type)]).toEqual([field.name, false]);
    },
  );
});

describe('every connection', () => {
  const connections = types.filter(({ name }) => name.endsWith('Connection')).filter(isObjectType);

  it.each(connections.map((type) => [type.name, type] as const))(
    '%s has the shape of Relay',
    (name, type) => {
      const node = name.replace(/Connection$/, '');
      const fields = Object.values(type.getFields()).map((field) => [field.name, String(field.type)]);
      expect(Object.fromEntries(fields)).toEqual({
        edges: `[${node}Edge!]!`,
        nodes: `[${node}!]!`,
        pageInfo: 'PageInfo!',
        totalCount: 'Int!',
      });
    },
  );

  it('takes first and after, wherever it is', () => {
    const open = places.filter(({ type }) => type.endsWith('Connection'));
    expect(open.map(({ name }) => name).toSorted()).toEqual([
      'Dataset.cases',
      'Evaluation.results',
      'Prompt.versions',
      'PromptPartial.versions',
      'Query.accessRequests',
      'Query.alerts',
      'Query.anomalies',
      'Query.auditEvents',
      'Query.budgets',
      'Query.completions',
      'Query.datasets',
      'Query.evaluations',
      'Query.ledger',
      'Query.limits',
      'Query.members',
      'Query.modelAliases',
      'Query.models',
      'Query.operations',
      'Query.promptLabelRequests',
      'Query.promptPartials',
      'Query.prompts',
      'Query.routes',
      'Query.teams',
      'Query.users',
      'Route.versions',
      'Team.keys',
      'Team.members',
      'User.memberships',
    ]);
    for (const { name } of open) {
      expect(places).toContainEqual({ name: `${name}(first)`, type: 'Int' });
      expect(places).toContainEqual({ name: `${name}(after)`, type: 'String' });
    }
  });
});

describe('every implementation', () => {
  const membersOf = (name: string) => {
    const type = schema.getType(name);
    if (!isInterfaceType(type)) throw new Error(`${name} is no interface`);
    return schema.getPossibleTypes(type);
  };

  it('of UserError has a code and a message', () => {
    expect(
      membersOf('UserError')
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([
      'BudgetExceededError',
      'GenericError',
      'InvalidInputError',
      'ModelUnavailableError',
      'ProviderFailedError',
      'RateLimitedError',
    ]);
    for (const type of membersOf('UserError')) {
      expect(String(type.getFields()['code']?.type)).toBe('ErrorCode!');
      expect(String(type.getFields()['message']?.type)).toBe('String!');
    }
  });

  it('of CompletionEvent says where the stream is', () => {
    for (const type of membersOf('CompletionEvent'))
      expect(String(type.getFields()['cursor']?.type)).toBe('Cursor!');
  });

  it('of Node has an id that is never null', () => {
    for (const type of membersOf('Node')) expect(String(type.getFields()['id']?.type)).toBe('ID!');
  });
});
