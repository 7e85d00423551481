import { Attempt } from './attempt.ts';
import { BudgetExceeded, GatewayError, InvalidInput, RateLimited, type ErrorCode } from '../domain/errors.ts';
import type { Attempt as AttemptRow, Completion, Failure } from '../domain/completion.ts';
import type { LimitStanding } from '../domain/limit.ts';
import { Budget, BudgetAmount } from './budget.ts';
import { builder } from './builder.ts';
import { LimitUnit, RateLimitScope } from './limit-enums.ts';

/** What went wrong, as data. */
export interface UserErrorData {
  code: ErrorCode;
  message: string;
  path: string[] | undefined;
  retryAfterMs: number | undefined;
  attempts: AttemptRow[];
  exceeded?: BudgetExceeded | undefined;
  /** Of a limit of ours. */
  standing?: LimitStanding | undefined;
}

const ERROR_CODES = [
  'INVALID_INPUT',
  'NOT_FOUND',
  'CONFLICT',
  'FORBIDDEN',
  'RATE_LIMITED',
  'BUDGET_EXCEEDED',
  'MODEL_UNAVAILABLE',
  'CONTEXT_WINDOW_EXCEEDED',
  'OUTPUT_INVALID',
  'PROVIDER_ERROR',
  'CANCELLED',
] as const satisfies ErrorCode[];

const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'New codes may appear: have a default branch.',
  values: ERROR_CODES,
});

export const UserError = builder.interfaceRef<UserErrorData>('UserError').implement({
  description:
    'What went wrong, as data. New implementations may appear: always select `code` and `message`.',
  fields: (t) => ({
    code: t.field({ type: ErrorCodeEnum, resolve: ({ code }) => code }),
    message: t.exposeString('message'),
    path: t.stringList({
      nullable: true,
      description: 'Where in the input, for instance ["input", "source", "messages", "0"].',
      resolve: ({ path }) => path,
    }),
  }),
  resolveType: ({ code }) => TYPE_BY_CODE[code] ?? 'GenericError',
});

const TYPE_BY_CODE: Partial<Record<ErrorCode, string>> = {
  INVALID_INPUT: 'InvalidInputError',
  RATE_LIMITED: 'RateLimitedError',
  BUDGET_EXCEEDED: 'BudgetExceededError',
  MODEL_UNAVAILABLE: 'ModelUnavailableError',
  PROVIDER_ERROR: 'ProviderFailedError',
};

const retryAfter = 'Where it is known: how long to wait before trying again.';

builder
  .objectRef<UserErrorData>('InvalidInputError')
  .implement({ interfaces: [UserError], description: 'The input breaks a rule; `path` says where.' });
builder.objectRef<UserErrorData>('GenericError').implement({ interfaces: [UserError] });
const ofProvider = 'Null when it is the provider that refused.';
builder.objectRef<UserErrorData>('RateLimitedError').implement({
  interfaces: [UserError],
  description: 'A limit of the gateway is reached, or the provider has said that one of its own is.',
  fields: (t) => ({
    scope: t.field({
      type: RateLimitScope,
      nullable: true,
      description: ofProvider,
      resolve: ({ standing }) => standing?.limit.scope,
    }),
    unit: t.field({
      type: LimitUnit,
      nullable: true,
      description: ofProvider,
      resolve: ({ standing }) => standing?.limit.unit,
    }),
    limit: t.field({
      type: 'SafeInt',
      nullable: true,
      description: ofProvider,
      resolve: ({ standing }) => standing?.limit.max,
    }),
    remaining: t.field({
      type: 'SafeInt',
      nullable: true,
      description: ofProvider,
      resolve: ({ standing }) => standing?.remaining,
    }),
    retryAfterMs: t.int({
      nullable: true,
      description: `When the same would fit, if nothing else comes. Null for CONCURRENT, where that depends on what is under
way; for what asks for more than the limit at once; and when the provider did not say.`,
      resolve: (error) => error.retryAfterMs,
    }),
  }),
});
builder.objectRef<UserErrorData & { exceeded: BudgetExceeded }>('BudgetExceededError').implement({
  interfaces: [UserError],
  description: 'The request may come to more than a budget has left. Nothing was called, nothing is held.',
  fields: (t) => ({
    budget: t.field({ type: Budget, resolve: ({ exceeded }) => exceeded.budget }),
    estimated: t.field({
      type: BudgetAmount,
      nullable: true,
      description: 'The most that the request can come to; null when its model has no known price.',
      resolve: ({ exceeded: { budget, estimated } }) =>
        estimated === undefined ? null : { unit: budget.unit, amount: estimated },
    }),
    remaining: t.field({
      type: BudgetAmount,
      description: 'What was left at that moment.',
      resolve: ({ exceeded: { budget, remaining } }) => ({ unit: budget.unit, amount: remaining }),
    }),
  }),
});
builder.objectRef<UserErrorData>('ModelUnavailableError').implement({
  interfaces: [UserError],
  description: 'No such model, or its provider is not configured. The message names what would work.',
});
builder.objectRef<UserErrorData>('ProviderFailedError').implement({
  interfaces: [UserError],
  description: 'The provider refused, failed or broke off.',
  fields: (t) => ({
    retryAfterMs: t.int({ nullable: true, description: retryAfter, resolve: (error) => error.retryAfterMs }),
    attempts: t.field({ type: [Attempt], resolve: ({ attempts }) => attempts }),
  }),
});

/** Errors that a caller can cause, as data. One per fault of an input. */
export function toUserErrors(error: GatewayError): UserErrorData[] {
  const rest = {
    retryAfterMs: error.retryAfterMs,
    standing: error instanceof RateLimited ? error.standing : undefined,
    attempts: [],
    exceeded: error instanceof BudgetExceeded ? error : undefined,
  };
  if (error instanceof InvalidInput)
    return error.issues.map(({ path, message }) => ({ ...rest, code: 'INVALID_INPUT', message, path }));
  return [{ ...rest, code: error.code as ErrorCode, message: error.message, path: error.inputPath }];
}

/** Why a completion has no full answer; nothing for one that has. */
export function failureErrors({ outcome }: Completion): UserErrorData[] {
  return outcome?.failure ? [toFailureError(outcome.failure, outcome.attempts)] : [];
}

export function toFailureError(
  { code, message, retryAfterMs }: Failure,
  attempts: AttemptRow[],
): UserErrorData {
  return { code, message, retryAfterMs, path: undefined, attempts };
}

export type Payload<T> = Partial<T> & { errors: UserErrorData[] };

/** Answers a mutation: what a caller can cause becomes data, everything else stays an error of the operation. */
export async function payload<T extends object>(work: () => Promise<T>): Promise<Payload<T>> {
  try {
    return { ...(await work()), errors: [] };
  } catch (error) {
    if (!isUserError(error)) throw error;
    return { errors: toUserErrors(error) } as unknown as Payload<T>;
  }
}

export function isUserError(error: unknown): error is GatewayError {
  return error instanceof GatewayError && (ERROR_CODES as readonly string[]).includes(error.code);
}
