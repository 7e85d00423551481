import { ConfigError } from '../config/config-error.ts';
import type { UserError } from './ask-gateway.ts';

/** Where something of the input of a mutation stands in files. */
export interface Found {
  /** File and line. */
  at: string | undefined;
  /** The path inside of the file; empty for the file as a whole. */
  setting: string;
}

/**
 * What a gateway finds wrong with files, each by its line.
 * @param find where a part of the input stands; undefined for what stands in no file.
 * @param what has the faults, as the beginning of a sentence.
 */
export function toFileError(
  errors: readonly UserError[],
  find: (path: readonly string[], message: string) => Found | undefined,
  what: string,
): Error {
  const problems = errors.flatMap(({ message, path }) => {
    const found = path && find(path, message);
    if (!found) return [];
    const beginning = `${path.join('.')} `;
    return [{ ...found, message: message.startsWith(beginning) ? message.slice(beginning.length) : message }];
  });
  if (problems.length === errors.length) return new ConfigError(problems, what);
  return new Error(errors.map(({ message }) => message).join('; '));
}
