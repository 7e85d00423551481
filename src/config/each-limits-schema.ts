import type { LimitScope, LimitUnit } from '../domain/limit.ts';
import type { EachLimit } from './config.ts';
import { mapOf, wholeNumber } from './rules.ts';

const MAX = 1_000_000_000_000;

const SCOPES: Readonly<Record<string, LimitScope>> = {
  organisation: 'ORGANISATION',
  team: 'TEAM',
  key: 'KEY',
  endUser: 'END_USER',
  ip: 'IP',
  operation: 'OPERATION',
  model: 'MODEL',
  provider: 'PROVIDER',
  route: 'ROUTE',
  prompt: 'PROMPT',
};
const UNITS: Readonly<Record<string, LimitUnit>> = {
  requestsPerMinute: 'REQUESTS_PER_MINUTE',
  tokensPerMinute: 'TOKENS_PER_MINUTE',
  concurrent: 'CONCURRENT',
  operationCostPerMinute: 'OPERATION_COST_PER_MINUTE',
};

/** Less would keep out operations that are quite usual. */
const LEAST_COST = 1_000;

const amount = wholeNumber(1, MAX).optional();
const ofCompletions = { requestsPerMinute: amount, tokensPerMinute: amount, concurrent: amount };
const ofCaller = mapOf({
  ...ofCompletions,
  operationCostPerMinute: wholeNumber(LEAST_COST, MAX).optional(),
}).optional();
/** An operation is no model's: only who asks is limited in it. */
const ofTarget = mapOf(ofCompletions).optional();

/** What each organisation, team, key … may use where nothing is set for it. By default there is no such limit. */
export const eachLimits = mapOf({
  organisation: ofCaller,
  team: ofCaller,
  key: ofCaller,
  endUser: ofCaller,
  ip: ofCaller,
  operation: ofCaller,
  model: ofTarget,
  provider: ofTarget,
  route: ofTarget,
  prompt: ofTarget,
}).transform((given): EachLimit[] =>
  Object.entries(given).flatMap(([scope, amounts]) =>
    Object.entries(amounts ?? {}).map(([unit, max]) => ({
      scope: SCOPES[scope]!,
      unit: UNITS[unit]!,
      max,
    })),
  ),
);
