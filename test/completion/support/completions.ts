import type { Config } from '../../../src/config/config.ts';
import type { TestGateway } from '../../support/gateway.ts';

/** `CompletionInput` as a caller writes it; tests also send what it does not allow. */
export type Input = Record<string, unknown>;

export interface ErrorData {
  __typename: string;
  code: string;
  message: string;
  path: string[] | null;
  retryAfterMs?: number | null;
  attempts?: AttemptData[];
}

export interface AttemptData {
  provider: string;
  model: string;
  status: string;
  httpStatus: number | null;
  errorType: string | null;
  firstTokenMs: number | null;
  usage: { input: number; output: number; source: string };
  cost: { amount: string } | null;
}

export interface CompletionData {
  id: string;
  status: string;
  createdAt: string;
  finishedAt: string | null;
  text: string;
  parts: { __typename: string; text: string }[];
  toolCalls: { id: string; name: string; arguments: unknown }[];
  object: unknown;
  finishReason: string | null;
  requestedModel: string;
  model: { name: string };
  usage: {
    input: number;
    output: number;
    cacheRead: number;
    reasoning: number;
    total: number;
    source: string;
  } | null;
  cost: { amount: string; currency: string } | null;
  priced: boolean;
  failure: { reason: string; code: string; message: string } | null;
  attempts: AttemptData[];
  latency: { totalMs: number; firstTokenMs: number | null } | null;
  warnings: string[];
  tags: { key: string; value: string }[];
  endUserId: string | null;
  traceId: string;
}

export interface EventData {
  __typename: string;
  cursor: string;
  completionId: string;
  text?: string;
  toolCallId?: string;
  name?: string;
  argumentsDelta?: string;
  reason?: string;
  failureReason?: string;
  errors?: ErrorData[];
  completion?: CompletionData;
  /** The completion of a failed one; null when it was refused. */
  partial?: CompletionData | null;
}

export interface Payload {
  completion: CompletionData | null;
  errors: ErrorData[];
}

const WHOLE = `
  fragment Whole on Completion {
    id status createdAt finishedAt text parts { __typename ... on TextPart { text } ... on ReasoningPart { text } }
    toolCalls { id name arguments } object finishReason requestedModel model { name }
    usage { input output cacheRead reasoning total source } cost { amount currency } priced
    failure { reason code message } attempts {
      provider model status httpStatus errorType firstTokenMs usage { input output source } cost { amount }
    }
    latency { totalMs firstTokenMs } warnings tags { key value } endUserId traceId
  }`;

const FRAGMENTS = `${WHOLE}
  fragment Error on UserError {
    __typename code message path
    ... on RateLimitedError { retryAfterMs }
    ... on ProviderFailedError { retryAfterMs attempts { provider status httpStatus } }
  }`;

const EVENT = `
  __typename cursor completionId
  ... on CompletionStarted { completion { ...Whole } }
  ... on CompletionTextDelta { text }
  ... on CompletionReasoningDelta { text }
  ... on CompletionToolCallDelta { toolCallId name argumentsDelta }
  ... on CompletionReset { reason }
  ... on CompletionFinished { completion { ...Whole } }
  ... on CompletionFailed { failureReason: reason errors { ...Error } partial: completion { ...Whole } }`;

export const CREATE = `${FRAGMENTS} mutation Create($input: CompletionInput!, $key: String) {
  completionCreate(input: $input, idempotencyKey: $key) { completion { ...Whole } errors { ...Error } }
}`;
export const STREAM = `${FRAGMENTS}
  subscription Stream($input: CompletionInput!, $key: String, $after: Cursor, $coalesceMs: Int) {
    event: completionStream(input: $input, idempotencyKey: $key, after: $after, coalesceMs: $coalesceMs) { ${EVENT} }
  }`;
export const EVENTS = `${FRAGMENTS} subscription Events($id: ID!, $after: Cursor, $coalesceMs: Int) {
  event: completionEvents(id: $id, after: $after, coalesceMs: $coalesceMs) { ${EVENT} }
}`;

/** A text for the model, in the shortest form. */
export function say(model: string, text = 'Hello there', more: Input = {}): Input {
  return { model, source: { text }, ...more };
}

/** Asks for a completion over HTTP and answers its payload. */
export async function create(
  gateway: TestGateway,
  input: Input,
  options: { idempotencyKey?: string | null; key?: string; headers?: Record<string, string> } = {},
): Promise<Payload> {
  const { idempotencyKey, ...rest } = options;
  const { data, errors } = await gateway.ask(CREATE, { input, key: idempotencyKey }, rest);
  if (!data?.completionCreate) throw new Error(`no payload: ${JSON.stringify(errors)}`);
  return data.completionCreate as Payload;
}

/** The completion of a payload that must hold one. */
export function completionOf({ completion, errors }: Payload): CompletionData {
  if (!completion) throw new Error(`no completion: ${JSON.stringify(errors)}`);
  return completion;
}

/** Completions that match, newest first. */
export async function listCompletions(
  gateway: TestGateway,
  filter: object,
  key?: string,
): Promise<CompletionData[]> {
  const { data, errors } = await gateway.ask(
    `${WHOLE} query ($filter: CompletionFilter) { completions(first: 10, filter: $filter) { nodes { ...Whole } } }`,
    { filter },
    key === undefined ? {} : { key },
  );
  if (errors) throw new Error(`no list: ${JSON.stringify(errors)}`);
  return data.completions.nodes as CompletionData[];
}

export async function cancel(gateway: TestGateway, id: string, key?: string): Promise<Payload> {
  const { data } = await gateway.ask(
    `${FRAGMENTS} mutation ($id: ID!) { completionCancel(id: $id) { completion { ...Whole } errors { ...Error } } }`,
    { id },
    key === undefined ? {} : { key },
  );
  return data.completionCancel as Payload;
}

/** The one completion with the tag, as soon as there is one and `isAwaited` says yes to it. */
export async function waitForCompletion(
  gateway: TestGateway,
  tag: { key: string; value: string },
  isAwaited: (completion: CompletionData) => boolean = ({ status }) => status !== 'RUNNING',
): Promise<CompletionData> {
  for (;;) {
    const found = await listCompletions(gateway, { tag });
    if (found.length > 1) throw new Error(`${found.length} completions have the tag`);
    if (found[0] && isAwaited(found[0])) return found[0];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A key of another caller in the same team. */
export async function createKey(
  gateway: TestGateway,
  input: { scopes?: string[]; models?: string[] } = {},
): Promise<{ secret: string; id: string }> {
  const { data } = await gateway.ask(
    'mutation ($input: KeyCreateInput!) { keyCreate(input: $input) { secret key { id } errors { message } } }',
    { input: { name: 'another caller', scopes: ['COMPLETIONS_WRITE'], ...input } },
  );
  return { secret: data.keyCreate.secret, id: data.keyCreate.key.id };
}

/** Long enough never to matter, for tests that set one of them. */
export const TIMEOUTS: Config['timeouts'] = {
  firstChunkMs: 60_000,
  idleMs: 60_000,
  totalMs: 600_000,
  holdMs: 30_000,
  abandonMs: 10_000,
  stalledReaderMs: 15_000,
  headersMs: 10_000,
  requestMs: 60_000,
  operationMs: 630_000,
  socketInitMs: 3_000,
  idleSocketMs: 600_000,
  drainMs: 20_000,
  sharedLimitsMs: 40,
};
