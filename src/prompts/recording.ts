import type { PromptRecording, PromptVersion } from '../domain/prompt.ts';
import { redactValue } from '../lib/redact-value.ts';

/** Pictures above all are larger, and no case of a dataset holds as much. */
const BYTES_MAX = 64 * 1024;

/**
 * What may be kept of that which a version was given.
 * @returns undefined where it is too large to be kept.
 */
export function toRecording(
  { promptId, spec }: Pick<PromptVersion, 'promptId' | 'spec'>,
  values: Record<string, unknown>,
): PromptRecording | undefined {
  const withheld = spec.variables
    .filter(({ name, neverLog }) => neverLog && Object.hasOwn(values, name))
    .map(({ name }) => name);
  const kept = Object.entries(values).filter(([name]) => !withheld.includes(name));
  const size = Buffer.byteLength(JSON.stringify(kept));
  if (size > BYTES_MAX) return undefined;
  return { promptId, variables: redactValue(Object.fromEntries(kept)) as Record<string, unknown>, withheld };
}
