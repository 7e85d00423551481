import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';

/** The texts of operations by their ids, as GraphQL Code Generator's client preset writes `persisted-documents.json`. */
const manifest = z.record(z.string().min(1).max(200), z.string().min(1).max(100_000));
const DOCUMENTS_MAX = 10_000;

/** Reads the manifests of `operations.files`. A text that does not have the hash that names it is a problem. */
export function readManifests(
  files: readonly string[],
  directory: string,
): { documents: Record<string, string>; problems: ConfigProblem[] } {
  const read = files.map((file, index) => readManifest(file, directory, `operations.files.${index}`));
  const documents = Object.assign(
    Object.create(null) as Record<string, string>,
    ...read.map((each) => each.documents),
  ) as Record<string, string>;
  const problems = read.flatMap((each) => each.problems);
  if (Object.keys(documents).length > DOCUMENTS_MAX)
    problems.push({ setting: 'operations.files', message: `hold more than ${DOCUMENTS_MAX} operations` });
  return { documents: { ...documents }, problems };
}

function readManifest(file: string, directory: string, setting: string) {
  const refuse = (message: string) => ({ documents: {}, problems: [{ setting, message }] });
  const path = resolve(directory, file);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return refuse(`names a file that does not exist: ${path}`);
    return refuse(code === undefined ? `is no JSON: ${path}` : `cannot be read (${code}): ${path}`);
  }
  const parsed = manifest.safeParse(content);
  if (!parsed.success) return refuse(`must be a map of ids to the texts of operations: ${path}`);
  const wrong = Object.entries(parsed.data).find(
    ([id, text]) => id.startsWith('sha256:') && id !== `sha256:${hash('sha256', text)}`,
  );
  if (wrong) return refuse(`holds ${wrong[0]}, which is not the hash of its text: ${path}`);
  return { documents: parsed.data, problems: [] };
}
