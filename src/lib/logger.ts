import { type DestinationStream, destination as fileDestination, pino } from 'pino';
import { redactSecrets } from './redact.ts';

type Fields = Record<string, unknown>;

interface Write {
  (message: string): void;
  /** An error goes under `err`. Prompts and answers never go in. */
  (fields: Fields, message: string): void;
}

/** Lines of JSON: level, time, message and fields. */
export interface Logger {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  /** A logger whose lines all carry the fields, for instance `{ requestId }`. */
  child(fields: Fields): Logger;
}

/** What may wait in memory while nobody takes the lines; beyond it they are dropped. */
const WAITING_CHARS = 8_000_000;
const MESSAGE_CHARS = 1_000;
const CAUSES = 4;

/**
 * A logger that keeps secrets out of its lines. They are written without blocking the loop, and what still
 * waits is written when the process ends.
 * @param options.destination where the lines go; standard output by default.
 */
export function createLogger(options: { level: string; destination?: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      // The finished line, so that no field, binding, message or stack gets around it.
      hooks: { streamWrite: redactSecrets },
    },
    options.destination ?? fileDestination({ dest: 1, sync: false, maxLength: WAITING_CHARS }),
  );
}

/**
 * Only what says where and why. Errors of vendor clients carry the whole request, and so the prompt, in fields
 * of their own, and repeat the message in the stack.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error))
    return typeof error === 'string' ? error.slice(0, MESSAGE_CHARS) : typeof error;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    type: error.name,
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    message: error.message.slice(0, MESSAGE_CHARS),
    stack: error.stack?.match(/^ {4}at .*$/gm)?.join('\n'),
    cause: cause === undefined || depth === CAUSES ? undefined : describeError(cause, depth + 1),
  };
}
