import { z } from 'zod';
import { askSettings, parseAsk, type AskDraft } from '../../domain/ask.ts';
import { paramsInput } from '../../domain/ask-settings.ts';
import { Forbidden, InvalidInput, type InputIssue } from '../../domain/errors.ts';

/** What the body of a request says, beside what the prompt does. */
export const wishInput = z.strictObject({
  variables: z.record(z.string(), z.unknown()).nullish(),
  label: z.string().min(1).max(256).nullish(),
  version: z.int().min(1).nullish(),
  ...askSettings,
  params: z.strictObject(paramsInput.shape).nullish(),
  stream: z.boolean().nullish(),
});

/** A request for a completion of a prompt. */
export interface Wish {
  draft: AskDraft;
  stream: boolean;
}

/** @throws InvalidInput that lists every fault with its path in the body. */
export function readWish(slug: string, body: unknown): Wish {
  const parsed = wishInput.safeParse(body);
  if (!parsed.success) throw new InvalidInput(parsed.error.issues.slice(0, 20).flatMap(explain));
  const { variables, label, version, stream, ...settings } = parsed.data;
  if (label != null && version != null)
    throw new InvalidInput([{ path: ['version'], message: 'version and label name two versions; give one' }]);
  const prompt = { slug, label, version, variables: variables ?? {} };
  try {
    return { draft: parseAsk({ ...settings, source: { prompt } }), stream: stream ?? false };
  } catch (error) {
    throw toWordsOfBody(error);
  }
}

function explain(issue: z.core.$ZodIssue): InputIssue[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') {
    const where = path.length === 0 ? 'the body' : path.join('.');
    return [{ path, message: `${where}: ${issue.message}` }];
  }
  const known = path[0] === 'params' ? paramsInput.shape : wishInput.shape;
  return issue.keys.map((key) => {
    const at = [...path, key];
    return {
      path: at,
      message: `${at.join('.')} is not known here; there are ${Object.keys(known).join(', ')}`,
    };
  });
}

/** The pipeline names places as the graph does; a client of this door has sent a body of another form. */
export function toWordsOfBody(error: unknown): unknown {
  if (error instanceof InvalidInput) return new InvalidInput(error.issues.map(toIssueOfBody));
  if (error instanceof Forbidden)
    return new Forbidden(withoutPrefix(error.message), error.inputPath && pathOf(error.inputPath));
  return error;
}

function toIssueOfBody({ path, message }: InputIssue): InputIssue {
  if (path[0] === 'after')
    return { path: ['last-event-id'], message: message.replace(/^after/, 'last-event-id') };
  if (path[0] === 'idempotencyKey')
    return { path: ['idempotency-key'], message: message.replace(/^idempotencyKey/, 'idempotency-key') };
  return { path: pathOf(path), message: withoutPrefix(message) };
}

function pathOf(path: readonly string[]): string[] {
  const rest = path[0] === 'input' ? path.slice(1) : [...path];
  return rest[0] === 'source' && rest[1] === 'prompt' ? rest.slice(2) : rest;
}

function withoutPrefix(message: string): string {
  return message.replace(/^input\.(source\.prompt\.)?/, '');
}
