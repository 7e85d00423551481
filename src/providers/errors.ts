import {
  AISDKError,
  APICallError,
  InvalidArgumentError,
  InvalidPromptError,
  LoadAPIKeyError,
  LoadSettingError,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider';
import { ProviderError } from '../domain/errors.ts';
import { TOO_LARGE } from './bounded-body.ts';
import { readRetryAfter } from './retry-after.ts';

/** Whose call failed, and how far it had come. */
export interface CallState {
  provider: string;
  /** What must not stand in a message: vendors repeat parts of requests in theirs. */
  secrets: readonly string[];
  /** Whether anything of the answer had been handed on. */
  begun: boolean;
}

/** What can be known of a vendor's fault, from a refused request or from an error inside a stream. */
interface Fault {
  message: string;
  status: number | undefined;
  retryable: boolean;
  retryAfterMs: number | undefined;
}

const MESSAGE_CHARS = 300;

/** How vendors say that the prompt is too long; few have a code for it. */
const TOO_LONG =
  /context.?(length|window|size|limit)|prompt is too long|(prompt|input).{0,40}too (long|large)|too many (input )?tokens|input token count|maximum prompt length|reduce the length of the messages/i;

/** What the AI SDK throws before it sends anything: a setting or a prompt is not what the vendor takes. */
const UNASKED = [InvalidArgumentError, InvalidPromptError, LoadAPIKeyError, LoadSettingError];

/**
 * Brings whatever a call threw into the gateway's words. The cause is kept only where it cannot hold the prompt:
 * errors of the AI SDK carry the whole request and response.
 */
export function toProviderError(error: unknown, state: CallState): ProviderError {
  if (error instanceof ProviderError) return error;
  if (APICallError.isInstance(error) && error.statusCode !== undefined && error.statusCode >= 300) {
    return describe(
      {
        message: error.message,
        status: error.statusCode,
        retryable: error.isRetryable,
        retryAfterMs: readRetryAfter(error.responseHeaders ?? {}),
      },
      state,
    );
  }
  const networkCode = findCode(error);
  if (networkCode === TOO_LARGE) {
    const words = state.begun ? 'went on and on' : 'sent more than an answer holds';
    return new ProviderError(`${state.provider} ${words}`, { cut: state.begun });
  }
  if (networkCode || APICallError.isInstance(error)) return brokenConnection(networkCode, error, state);
  if (UnsupportedFunctionalityError.isInstance(error)) {
    return new ProviderError(`${state.provider} cannot take ${error.functionality}`);
  }
  if (UNASKED.some((kind) => kind.isInstance(error))) {
    const words = readable((error as Error).message, state.secrets);
    return new ProviderError(`${state.provider} cannot be asked: ${words}`);
  }
  return new ProviderError(`${state.provider} sent an answer that cannot be read`, {
    cut: state.begun,
    cause: AISDKError.isInstance(error) ? undefined : error,
  });
}

/** The `error` part of a stream: an error, or an object or a text in the vendor's own form. */
export function fromErrorPart(part: unknown, state: CallState): ProviderError {
  if (part instanceof Error) return toProviderError(part, state);
  const outer = isRecord(part) ? part : { message: part };
  const error = isRecord(outer['error']) ? outer['error'] : outer;
  return describe(
    {
      message: [error['message'], error['code']].filter((word) => typeof word === 'string').join(' '),
      status: typeof error['statusCode'] === 'number' ? error['statusCode'] : undefined,
      retryable: error['isRetryable'] === true,
      retryAfterMs: undefined,
    },
    state,
  );
}

/** The stream is over and never said that the answer was complete. */
export function endedEarly({ provider, begun }: CallState): ProviderError {
  const message = begun
    ? `${provider} broke off in the middle of the answer`
    : `${provider} ended its answer before it began`;
  return new ProviderError(message, { cut: begun, retryable: !begun });
}

function brokenConnection(code: string | undefined, error: unknown, state: CallState): ProviderError {
  const answered = APICallError.isInstance(error) && error.statusCode !== undefined;
  if (answered || state.begun) return endedEarly(state);
  return new ProviderError(`cannot reach ${state.provider}${code ? ` (${code})` : ''}`, { retryable: true });
}

function describe(fault: Fault, state: CallState): ProviderError {
  const { status, retryAfterMs } = fault;
  const details = { httpStatus: status, retryAfterMs, cut: state.begun };
  if (status === 401 || status === 403) {
    return new ProviderError(
      `${state.provider} refused the gateway's key (${status}); check the key set for it`,
      details,
    );
  }
  const words = readable(fault.message, state.secrets);
  const message = `${state.provider} answered ${status ?? 'with an error'}${words && `: ${words}`}`;
  if (status === 429) {
    return new ProviderError(message, { ...details, code: 'RATE_LIMITED', retryable: true });
  }
  if ((status === undefined || (status >= 400 && status < 500)) && TOO_LONG.test(fault.message)) {
    return new ProviderError(message, { ...details, code: 'CONTEXT_WINDOW_EXCEEDED' });
  }
  return new ProviderError(message, { ...details, retryable: fault.retryable && !state.begun });
}

/** One line of plain text, without markup and without secrets. */
function readable(message: string, secrets: readonly string[]): string {
  const hidden = secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), message);
  return hidden
    .slice(0, 10 * MESSAGE_CHARS)
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, MESSAGE_CHARS);
}

/** The system's or undici's code of a network fault, for instance `ECONNREFUSED`. Addresses stay out. */
function findCode(error: unknown): string | undefined {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth += 1
  ) {
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
