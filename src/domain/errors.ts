import type { Budget } from './budget.ts';
import type { LimitStanding } from './limit.ts';

/**
 * What a caller can be told. The code is stable and public (`ErrorCode` in the graph); the message names the
 * field, the value and what would be right.
 */
export type ErrorCode =
  | 'INVALID_INPUT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'BUDGET_EXCEEDED'
  | 'MODEL_UNAVAILABLE'
  | 'CONTEXT_WINDOW_EXCEEDED'
  | 'OUTPUT_INVALID'
  | 'PROVIDER_ERROR'
  | 'CANCELLED';

/** Codes that only ever stand at the top level of an answer, because no caller can act on them by data. */
export type TopLevelCode = 'UNAUTHENTICATED' | 'UNAVAILABLE';

/** An error made on purpose: everything that reads it (graph, retries, logs) only looks at its fields. */
export class GatewayError extends Error {
  override name = 'GatewayError';
  readonly code: ErrorCode | TopLevelCode;
  /** HTTP status that says the same. */
  readonly status: number;
  /** Whether the very same request may succeed later. */
  readonly retryable: boolean;
  /**
   * The part of the input that it is about, where there is one; the first of several. It is not called `path`, by which
   * graphql-js knows errors that have their place in the answer already.
   */
  readonly inputPath: string[] | undefined;
  /** How long to wait before that, where it is known. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode | TopLevelCode,
    message: string,
    options: {
      status: number;
      retryable?: boolean;
      retryAfterMs?: number | undefined;
      inputPath?: string[] | undefined;
      cause?: unknown;
    },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.retryable = options.retryable ?? false;
    this.inputPath = options.inputPath;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** One fault of an input and where it stands, for instance `['input', 'source', 'messages', '0']`. */
export interface InputIssue {
  path: string[];
  message: string;
}

/** The caller's input breaks a rule; lists every fault that was found. */
export class InvalidInput extends GatewayError {
  override name = 'InvalidInput';
  readonly issues: InputIssue[];
  constructor(issues: InputIssue[]) {
    super('INVALID_INPUT', issues.map((issue) => issue.message).join('; '), {
      status: 400,
      inputPath: issues[0]?.path,
    });
    this.issues = issues;
  }
}

export class NotFound extends GatewayError {
  override name = 'NotFound';
  constructor(what: string, id: string, inputPath?: string[]) {
    super('NOT_FOUND', `no ${what} ${JSON.stringify(id)}`, { status: 404, inputPath });
  }
}

/** It cannot be done as things stand. */
export class Conflict extends GatewayError {
  override name = 'Conflict';
  constructor(message: string, inputPath?: string[]) {
    super('CONFLICT', message, { status: 409, inputPath });
  }
}

/** The idempotency key stands for a completion already. */
export class IdempotencyKeyUsed extends Conflict {
  override name = 'IdempotencyKeyUsed';
  constructor() {
    super('this idempotency key was used before with another input; take a new key for a new input');
  }
}

export class Forbidden extends GatewayError {
  override name = 'Forbidden';
  constructor(message: string, inputPath?: string[]) {
    super('FORBIDDEN', message, { status: 403, inputPath });
  }
}

export class Unauthenticated extends GatewayError {
  override name = 'Unauthenticated';
  constructor(message = 'send a key: "Authorization: Bearer sk-sluice-…"') {
    super('UNAUTHENTICATED', message, { status: 401 });
  }
}

/** A part of the gateway itself (the database, mostly) cannot be reached. Money fails closed with it. */
export class Unavailable extends GatewayError {
  override name = 'Unavailable';
  constructor(message: string, cause?: unknown) {
    super('UNAVAILABLE', message, { status: 503, retryable: true, cause });
  }
}

/** The gateway is in trouble and takes on no more work of this kind; what runs goes on. */
export class Overloaded extends GatewayError {
  override name = 'Overloaded';
  constructor(message: string, retryAfterMs: number) {
    super('UNAVAILABLE', message, { status: 503, retryable: true, retryAfterMs });
  }
}

/** A model has as much to do as its vendor lets it, and as many wait for it as may; nothing was called. */
export class UpstreamBusy extends GatewayError {
  override name = 'UpstreamBusy';
  constructor(message: string, retryAfterMs: number) {
    super('RATE_LIMITED', message, { status: 429, retryable: true, retryAfterMs });
  }
}

/** The model cannot be called: unknown, its provider has no key, or it is no text model. */
export class ModelUnavailable extends GatewayError {
  override name = 'ModelUnavailable';
  constructor(message: string) {
    super('MODEL_UNAVAILABLE', message, { status: 404 });
  }
}

/** The most that the ask can come to does not fit into what a budget has left; nothing was called. */
export class BudgetExceeded extends GatewayError {
  override name = 'BudgetExceeded';
  readonly budget: Budget;
  /** In the budget's unit; undefined for money of a model without a known price. */
  readonly estimated: bigint | undefined;
  readonly remaining: bigint;
  /** Ids of the windows of all budgets that it did not fit into, which have counted that. */
  readonly countedIn: readonly string[];

  constructor(
    message: string,
    details: Pick<BudgetExceeded, 'budget' | 'estimated' | 'remaining' | 'countedIn'>,
  ) {
    super('BUDGET_EXCEEDED', message, { status: 402 });
    this.budget = details.budget;
    this.estimated = details.estimated;
    this.remaining = details.remaining;
    this.countedIn = details.countedIn;
  }
}

/** One of our own limits is reached; nothing was called, nothing was taken from any limit. */
export class RateLimited extends GatewayError {
  override name = 'RateLimited';
  /** Undefined for what protects the gateway itself and belongs to nobody. */
  readonly standing: LimitStanding | undefined;
  constructor(
    message: string,
    /** `retryAfterMs`: when the same would fit, if nothing else comes; undefined when that depends on what runs, or never. */
    details: { standing?: LimitStanding; retryAfterMs: number | undefined; retryable?: boolean },
  ) {
    const { standing, retryAfterMs, retryable = true } = details;
    super('RATE_LIMITED', message, { status: 429, retryable, retryAfterMs });
    this.standing = standing;
  }
}

/** The answer came, was paid for, and is not what the caller's schema asked for. */
export class OutputInvalid extends GatewayError {
  override name = 'OutputInvalid';
  constructor(message: string) {
    super('OUTPUT_INVALID', message, { status: 502 });
  }
}

/** The caller, or an admin, ended the work. */
export class Cancelled extends GatewayError {
  override name = 'Cancelled';
  constructor(message: string) {
    super('CANCELLED', message, { status: 499 });
  }
}

/** A vendor refused, failed, or broke off. */
export class ProviderError extends GatewayError {
  override name = 'ProviderError';
  /** The vendor's own HTTP status, where there was one. */
  readonly httpStatus: number | undefined;
  /** True when the answer had begun and the connection or the stream ended before its finish. */
  readonly cut: boolean;

  constructor(
    message: string,
    details: {
      code?: 'PROVIDER_ERROR' | 'RATE_LIMITED' | 'CONTEXT_WINDOW_EXCEEDED';
      httpStatus?: number | undefined;
      retryable?: boolean;
      retryAfterMs?: number | undefined;
      cut?: boolean;
      cause?: unknown;
    } = {},
  ) {
    const code = details.code ?? 'PROVIDER_ERROR';
    super(code, message, {
      status: code === 'RATE_LIMITED' ? 429 : code === 'CONTEXT_WINDOW_EXCEEDED' ? 400 : 502,
      retryable: details.retryable ?? false,
      retryAfterMs: details.retryAfterMs,
      cause: details.cause,
    });
    this.httpStatus = details.httpStatus;
    this.cut = details.cut ?? false;
  }
}
