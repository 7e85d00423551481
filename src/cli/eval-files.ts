import { existsSync, readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { parse } from 'yaml';

/** A case as the graph takes it. */
interface CaseInput {
  name?: string;
  variables: object;
  expected?: unknown;
}

const KEYS = new Set(['name', 'variables', 'expected']);

/** Whether a dataset is given as a file, or by its name. */
export function isDatasetFile(given: string): boolean {
  return extname(given) === '.jsonl' || existsSync(given);
}

/**
 * The cases of a file, and the name of the dataset that they are uploaded as: that of the file.
 * @throws Error that names the line.
 */
export function readDatasetFile(path: string): { name: string; cases: CaseInput[] } {
  const lines = readText(path).split('\n');
  const cases = lines.flatMap((line, place) =>
    line.trim() === '' ? [] : [readCase(line, `${path}:${place + 1}`)],
  );
  if (cases.length === 0) throw new Error(`${path} has no case`);
  const name = basename(path, extname(path))
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64);
  return { name: name === '' ? 'cases' : name, cases };
}

function readCase(line: string, at: string): CaseInput {
  const value = parseLine(line, at);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${at} is no object; write {"variables": {…}, "expected": …}`);
  const unknown = Object.keys(value).find((key) => !KEYS.has(key));
  if (unknown !== undefined)
    throw new Error(`${at} has ${JSON.stringify(unknown)}; a case has "name", "variables" and "expected"`);
  const { variables } = value as Partial<CaseInput>;
  if (typeof variables !== 'object' || variables === null || Array.isArray(variables))
    throw new Error(`${at} has no "variables", an object with a value for each variable of the prompt`);
  return value as CaseInput;
}

function parseLine(line: string, at: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Error(`${at} is no JSON: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Graders as people write them: a list, or `graders:` with a list.
 * @throws Error
 */
export function readGraders(path: string): unknown[] {
  const value = parseYaml(path);
  const graders = Array.isArray(value) ? value : (value as { graders?: unknown } | null)?.graders;
  if (Array.isArray(graders)) return graders;
  throw new Error(`${path} has no list of graders, such as "- exact: {}"`);
}

function parseYaml(path: string): unknown {
  const text = readText(path);
  try {
    return parse(text);
  } catch (cause) {
    throw new Error(`${path} is no YAML: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
