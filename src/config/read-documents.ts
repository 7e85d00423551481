import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';
import { parseConfigFile, type Locate } from './config-file.ts';
import { describeType, listProblems } from './problems.ts';

const YAML = /\.ya?ml$/;

/** What stands in a YAML file, and where in it. */
export interface ReadDocument<T> {
  /** Without the folder. */
  file: string;
  document: T;
  /** Takes numbers as text too, as paths of the graph are: `['targets', '0', 'model']`. */
  locate: Locate;
}

export function isYaml(file: string): boolean {
  return YAML.test(file);
}

/**
 * The files of a folder by their paths from there, with slashes; without hidden ones. None where there is no such folder.
 * @param options.recursive with those of the folders inside of it.
 */
export function listFiles(folder: string, { recursive }: { recursive: boolean }): string[] {
  try {
    return readdirSync(folder, { recursive, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll(sep, '/'))
      .filter((path) => !/(^|\/)\./.test(path))
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** @param rule what the file must say. */
export function readDocument<T>(
  rule: z.ZodType<T>,
  folder: string,
  file: string,
): ReadDocument<T> | { problems: ConfigProblem[] } {
  const { content, problems, locate: find } = parseConfigFile(file, readFileSync(join(folder, file), 'utf8'));
  if (problems.length > 0) return { problems };
  const toKey = (step: PropertyKey) => (/^\d+$/.test(String(step)) ? Number(String(step)) : step);
  const locate: Locate = (path, line) => find(path.map(toKey), line);
  const parsed = rule.safeParse(content, { error: describeType });
  if (!parsed.success) return { problems: listProblems(parsed.error, locate) };
  return { file, document: parsed.data, locate };
}
