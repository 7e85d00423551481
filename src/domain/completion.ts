import type { CompletionOrigin } from './completion-origin.ts';
import type { ErrorCode } from './errors.ts';
import type { PromptUse } from './prompt.ts';
import type { RouteDecision } from './route-decision.ts';
import type { TrialMember } from './trial.ts';

export const COMPLETION_STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'INTERRUPTED'] as const;
/** `INTERRUPTED`: the process that ran it died, and it was settled from what was durably known. */
export type CompletionStatus = (typeof COMPLETION_STATUSES)[number];

export const FINISH_REASONS = [
  'STOP',
  'LENGTH',
  'TOOL_CALLS',
  'CONTENT_FILTER',
  'CANCELLED',
  'ERROR',
] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

export const FAILURE_REASONS = ['FAILED', 'CANCELLED', 'CUT', 'INTERRUPTED'] as const;
/** Why there is no full answer. `CUT`: the vendor's stream ended before its finish. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

export const RESET_REASONS = ['REPLAYED', 'RESTARTED'] as const;
/**
 * Why a stream begins again. `REPLAYED`: the reader's place in it is not known any more. `RESTARTED`: the vendor's stream
 * broke off, and the answer is written anew.
 */
export type ResetReason = (typeof RESET_REASONS)[number];

export const USAGE_SOURCES = ['REPORTED', 'ESTIMATED', 'NONE'] as const;
/** Where a token figure came from: the vendor, our tokenizer, or there was nothing to count. */
export type UsageSource = (typeof USAGE_SOURCES)[number];

/** Tokens. `input` includes `cacheRead` and `cacheWrite`; `output` includes `reasoning`. */
export interface Usage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  reasoning: number;
  source: UsageSource;
}

export type Part = { type: 'text'; text: string } | { type: 'reasoning'; text: string };

export interface ToolCall {
  id: string;
  name: string;
  arguments: unknown;
}

/**
 * What any provider's answer is made of; vendor words end here. A source ends with exactly one `finish`, or
 * throws a `ProviderError`. Usage may be told several times: the last one counts.
 */
export type Chunk =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'tool-delta'; id: string; name: string; delta: string }
  | { type: 'tool-call'; call: ToolCall }
  /** What each message of an ask that embeds means. */
  | { type: 'vectors'; vectors: number[][] }
  | { type: 'usage'; usage: Omit<Usage, 'source'> }
  | { type: 'warnings'; warnings: string[] }
  | { type: 'finish'; reason: Exclude<FinishReason, 'CANCELLED' | 'ERROR'> };

export const ATTEMPT_STATUSES = [
  'OK',
  'ERROR',
  'TIMEOUT',
  'RATE_LIMITED',
  'CANCELLED',
  'INTERRUPTED',
] as const;
/** `INTERRUPTED`: the process that made it died, and it was booked from what was durably known. */
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

/** One call of one vendor. */
export interface Attempt {
  index: number;
  provider: string;
  model: string;
  status: AttemptStatus;
  httpStatus: number | undefined;
  /** Code of the error that ended it. */
  errorType: ErrorCode | undefined;
  /** 0 where nobody has seen its end. */
  latencyMs: number;
  /** Until its first content; undefined when there was none. */
  firstTokenMs: number | undefined;
  usage: Usage;
  /** Nano-USD; undefined when the model has no known price. */
  costNanos: bigint | undefined;
}

export interface Failure {
  reason: FailureReason;
  code: ErrorCode;
  message: string;
  retryAfterMs?: number | undefined;
}

export interface Tag {
  key: string;
  value: string;
}

/** What a completion has come to; written once, when it settles. */
export interface Outcome {
  status: Exclude<CompletionStatus, 'RUNNING'>;
  finishReason: FinishReason;
  parts: Part[];
  toolCalls: ToolCall[];
  /** The parsed answer where a JSON Schema was asked for and met. */
  object: unknown;
  /** Of an ask that embeds. They are told to who waits for them, and stored nowhere. */
  vectors?: number[][] | undefined;
  usage: Usage;
  /** Nano-USD; undefined when the model has no known price. */
  costNanos: bigint | undefined;
  failure: Failure | undefined;
  attempts: Attempt[];
  /** How the route decided; undefined where a model was asked for. */
  route?: RouteDecision | undefined;
  warnings: string[];
  /** Waited for room before the vendor was called; not in the other two. */
  queueMs: number;
  totalMs: number;
  firstTokenMs: number | undefined;
}

/** A completion as it is known: opened by reserve, closed by settle. */
export interface Completion {
  id: string;
  origin: CompletionOrigin;
  /** Id of the completion that it is a copy of, for SHADOW. */
  shadowOf: string | undefined;
  organisationId: string;
  teamId: string;
  keyId: string;
  idempotencyKey: string | undefined;
  /** SHA-256 of the canonical ask: the same idempotency key may only come with the same one. */
  askHash: string;
  requestedModel: string;
  /** `provider/id` of the model that answers. */
  model: string;
  provider: string;
  tags: Tag[];
  endUserId: string | undefined;
  traceId: string;
  createdAt: Date;
  finishedAt: Date | undefined;
  status: CompletionStatus;
  outcome: Outcome | undefined;
  /** The price it is worked out by; undefined when none is known. */
  priceId: string | undefined;
  /** The version of a prompt that wrote its messages. */
  promptUse?: PromptUse | undefined;
  /** The trial that it was let into, and the arm. */
  trial?: TrialMember | undefined;
}

/** What a subscriber sees. Exactly one `finished` or `failed` ends every stream. */
export type CompletionEvent =
  | { type: 'started'; completion: Completion }
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'tool-delta'; id: string; name: string; delta: string }
  /** What was sent so far no longer counts; the text starts again. */
  | { type: 'reset'; reason: ResetReason }
  | { type: 'finished'; completion: Completion }
  | { type: 'failed'; failure: Failure; completion: Completion | undefined };

export function isTerminal(event: CompletionEvent | undefined): boolean {
  return event?.type === 'finished' || event?.type === 'failed';
}
