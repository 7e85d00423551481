import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  placeOf,
  placeOfPartial,
  readPromptFiles,
  type PartialFile,
  type PromptFile,
} from '../config/prompt-files.ts';
import { toAddress } from './gateway-address.ts';
import { readPrompts, type GatewayPrompt } from './gateway-prompts.ts';
import { isSame, shorten, toYaml } from './prompt-documents.ts';
import { count, print } from './terminal.ts';

/** What was given on the command line. */
export interface PromptsPullOptions {
  url?: string;
  label?: string;
  force?: boolean;
}

/** A file as it is wanted. */
interface Wanted {
  file: string;
  text: string;
  /** The one that stands there, or in another place. */
  known: string | undefined;
}

/** Writes each prompt and each partial to a file of its own; one that says something else already stays, unless forced. */
export async function runPromptsPull(folder: string, options: PromptsPullOptions): Promise<void> {
  const files = readPromptFiles(folder);
  const there = await readPrompts(toAddress(options, 'PROMPTS_WRITE'), options.label);
  const texts = new Map(files.partials.map((partial) => [partial.name, partial]));
  const known = new Map(files.prompts.map((prompt) => [prompt.slug, prompt]));
  const wanted = [
    ...[...there.partials].flatMap((partial) => wantPartial(partial, texts)),
    ...there.prompts.flatMap((prompt) => wantPrompt(prompt, known.get(prompt.slug), texts)),
  ];
  const kept = options.force ? [] : wanted.filter((each) => each.known !== undefined);
  for (const each of wanted) if (!kept.includes(each)) await write(folder, each);
  print(`${count(there.prompts.length, 'prompt')}, ${count(there.partials.size, 'partial')}`);
  if (kept.length === 0) return;
  const differing = kept.map((each) => join(folder, each.known!)).join(', ');
  throw new Error(`what differs was kept: ${differing}; --force writes over it`);
}

function wantPartial([name, text]: [string, string], files: ReadonlyMap<string, PartialFile>): Wanted[] {
  const known = files.get(name);
  return known?.template === text ? [] : [{ file: placeOfPartial(name), text, known: known?.file }];
}

function wantPrompt(
  { slug, folder, document, partials }: GatewayPrompt,
  known: PromptFile | undefined,
  texts: ReadonlyMap<string, PartialFile>,
): Wanted[] {
  const isInPlace = known?.folder === folder;
  if (
    known &&
    isInPlace &&
    isSame(shorten(known.document, { ...partials, ...Object.fromEntries(texts) }), document)
  )
    return [];
  const file = known && isInPlace ? known.file : placeOf({ slug, folder });
  return [{ file, text: toYaml(document), known: known?.file }];
}

async function write(folder: string, { file, text, known }: Wanted): Promise<void> {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  print(`wrote ${path}`);
  if (known === undefined || known === file) return;
  await rm(join(folder, known));
  print(`took away ${join(folder, known)}`);
}
