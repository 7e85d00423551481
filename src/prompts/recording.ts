import type { PromptRecording, PromptVersion } from '../domain/prompt.ts';
import { redactValue } from '../lib/redact-value.ts';

/** Pictures above all are larger, and no case of a dataset holds as much. */
const BYTES_MAX = 64 * 1024;

/**
 * What may be kept of that which a version was given.
 * @param values as they were checked, with defaults.
 * @param given by the caller: only what was given is missed later.
 * @returns undefined where it is too large to be kept.
 */
export function toRecording(
  { promptId, spec }: Pick<PromptVersion, 'promptId' | 'spec'>,
  values: Record<string, unknown>,
  given: unknown,
): PromptRecording | undefined {
  const secret = spec.variables.filter(({ neverLog }) => neverLog).map(({ name }) => name);
  const withheld = secret.filter((name) => Object.hasOwn(given ?? {}, name));
  const kept = Object.entries(values).filter(([name]) => !secret.includes(name));
  const size = Buffer.byteLength(JSON.stringify(kept));
  if (size > BYTES_MAX) return undefined;
  return { promptId, variables: redactValue(Object.fromEntries(kept)) as Record<string, unknown>, withheld };
}
