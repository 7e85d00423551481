import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { REASONING_EFFORTS } from '../domain/ask-settings.ts';
import { PROMPT_ROLES, VARIABLE_TYPES } from '../domain/prompt.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import type { Locate } from './config-file.ts';
import { isYaml, listFiles, readDocument } from './read-documents.ts';
import { choice, mapOf } from './rules.ts';

const PARTIALS = 'partials';
const LIQUID = '.liquid';

const text = z.string();
const number = z.number().optional();
const schema = z.record(z.string(), z.unknown());

const variable = mapOf({
  name: text,
  type: choice(VARIABLE_TYPES),
  schema: schema.optional(),
  description: text.optional(),
  required: z.boolean().optional(),
  default: z.unknown().optional(),
  example: z.unknown().optional(),
  neverLog: z.boolean().optional(),
});

const params = mapOf({
  temperature: number,
  topP: number,
  maxOutputTokens: number,
  stop: z.array(text).optional(),
  seed: number,
  reasoning: choice(REASONING_EFFORTS).optional(),
  providerOptions: schema.optional(),
});

const entity = mapOf({
  typeName: text,
  key: text.optional(),
  keyType: text.optional(),
  field: text,
  variables: z.array(mapOf({ variable: text, field: text, type: text.optional() })),
});

/** What a prompt is, by the names of `PromptVersionInput`; its slug and its folder are where it stands. */
const prompt = mapOf({
  description: text.optional(),
  model: text.optional(),
  params: params.optional(),
  variables: z.array(variable).optional(),
  messages: z.array(mapOf({ role: choice(PROMPT_ROLES), template: text })),
  tools: z.array(mapOf({ name: text, description: text.optional(), parameters: schema })).optional(),
  outputSchema: schema.optional(),
  cacheSeconds: number,
  entity: entity.optional(),
});

export type PromptDocument = z.output<typeof prompt>;

/** A prompt as it stands in a file. */
export interface PromptFile {
  /** Without the folder of all: `support/tickets/summarize.yaml`. */
  file: string;
  slug: string;
  /** `support/tickets`; empty: none. */
  folder: string;
  document: PromptDocument;
  locate: Locate;
}

/** A partial as it stands in a file. */
export interface PartialFile {
  file: string;
  name: string;
  template: string;
}

export interface PromptFiles {
  prompts: PromptFile[];
  partials: PartialFile[];
}

/** Where a prompt stands, from the folder of all. */
export function placeOf({ folder, slug }: Pick<PromptFile, 'folder' | 'slug'>): string {
  return `${folder === '' ? '' : `${folder}/`}${slug}.yaml`;
}

/** The same of a partial. */
export function placeOfPartial(name: string): string {
  return `${PARTIALS}/${name}${LIQUID}`;
}

/**
 * The prompts and partials in the files of a folder, by the paths of the files; none where there is no such folder.
 * @throws ConfigError that lists every problem of all of them at once.
 */
export function readPromptFiles(folder: string): PromptFiles {
  const files = listFiles(folder, { recursive: true });
  const read = files.filter(isYaml).map((file) => parsePromptFile(folder, file));
  const prompts = read.flatMap((each) => ('slug' in each ? [each] : []));
  const problems = read.flatMap((each) => ('problems' in each ? each.problems : []));
  const slugs = prompts.map(({ slug }) => slug);
  for (const [index, { file, slug }] of prompts.entries()) {
    const first = prompts[slugs.indexOf(slug)]!;
    if (slugs.indexOf(slug) !== index)
      problems.push({
        at: file,
        setting: '',
        message: `is the prompt ${slug}, which stands in ${first.file}`,
      });
  }
  const partials: PartialFile[] = [];
  for (const file of files.filter((each) => each.endsWith(LIQUID))) {
    const partial = readPartial(folder, file);
    if (typeof partial === 'string') problems.push({ at: file, setting: '', message: partial });
    else partials.push(partial);
  }
  if (problems.length > 0) throw new ConfigError(problems, 'the folder of prompts');
  return { prompts, partials };
}

function parsePromptFile(folder: string, file: string): PromptFile | { problems: ConfigProblem[] } {
  const read = readDocument(prompt, folder, file);
  if ('problems' in read) return read;
  const { document, locate } = read;
  const slash = file.lastIndexOf('/');
  const slug = file.slice(slash + 1).replace(/\.ya?ml$/, '');
  return { file, slug, folder: slash === -1 ? '' : file.slice(0, slash), document, locate };
}

/** Every byte of the file is the template. @returns what is wrong with it, as the rest of a sentence. */
function readPartial(folder: string, file: string): PartialFile | string {
  const name = file.slice(PARTIALS.length + 1, -LIQUID.length);
  if (file !== placeOfPartial(name) || name.includes('/'))
    return `must stand in ${PARTIALS}/, as partials do`;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { file, name, template: decoder.decode(readFileSync(join(folder, file))) };
  } catch (error) {
    if (error instanceof TypeError) return 'is no text in UTF-8';
    throw error;
  }
}
