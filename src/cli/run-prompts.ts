import { readPromptFiles, type PromptFiles } from '../config/prompt-files.ts';
import { askGateway, type GatewayAddress, type UserError } from './ask-gateway.ts';
import { describePromptEdits, isChanging, nameOf, type PromptEdit } from './describe-prompt-edits.ts';
import { toFileError, type Found } from './file-faults.ts';
import { toAddress } from './gateway-address.ts';
import { readPartials, readSlugs } from './gateway-prompts.ts';
import { ensureAgreed, print } from './terminal.ts';

/** What was given on the command line. */
interface PromptsOptions {
  url?: string;
  label?: string;
  prune?: boolean;
}
export interface PromptsPlanOptions extends PromptsOptions {
  check?: boolean;
}
export interface PromptsPushOptions extends PromptsOptions {
  yes?: boolean;
  note?: string;
}

const APPLY = `mutation PromptsApply($input: PromptsApplyInput!) {
  promptsApply(input: $input) {
    edits {
      slug partial action version newVersion changes { kind path before after }
      label { name from to isProtected labelRequest { id } }
    }
    errors { code message path }
  }
}`;

/** How `--check` ends. */
const WOULD_CHANGE = 1;
const FAULTY = 2;

interface Wanted extends Pick<PromptsPushOptions, 'label' | 'note'> {
  files: PromptFiles;
  archive: string[];
}

interface Expectation {
  slug: string | null;
  partial: string | null;
  version: number;
}

/** Prints what pushing the files would change, and changes nothing. With `check`, the way the process ends tells it too. */
export async function runPromptsPlan(folder: string, options: PromptsPlanOptions): Promise<void> {
  // For whatever is thrown from here on.
  if (options.check) process.exitCode = FAULTY;
  const { edits } = await plan(folder, toAddress(options, 'PROMPTS_WRITE'), options);
  if (options.check) process.exitCode = edits.some(isChanging) ? WOULD_CHANGE : 0;
}

/** Prints the same, asks, and makes the prompts what the files say: all of them, as they were shown, or none. */
export async function runPromptsPush(folder: string, options: PromptsPushOptions): Promise<void> {
  const gateway = toAddress(options, 'PROMPTS_WRITE');
  const { wanted, edits } = await plan(folder, gateway, options);
  if (!edits.some(isChanging)) return;
  if (!options.yes) await ensureAgreed('Push this?');
  const expect = edits.map(({ slug, partial, version }) => ({ slug, partial, version }));
  for (const edit of await apply(gateway, wanted, { expect })) {
    const id = edit.label?.labelRequest?.id;
    if (id !== undefined)
      print(`${nameOf(edit)}: ${edit.label!.name} waits for somebody else, who decides on ${id}`);
  }
  print('pushed');
}

async function plan(folder: string, gateway: GatewayAddress, { prune, label, note }: PromptsPushOptions) {
  const files = readPromptFiles(folder);
  if (files.prompts.length + files.partials.length === 0)
    throw new Error(`there is no prompt in ${folder}; "prompts pull" writes those there are`);
  const slugs = new Set(files.prompts.map(({ slug }) => slug));
  const others = (await readSlugs(gateway)).filter((slug) => !slugs.has(slug));
  const wanted: Wanted = { files, archive: prune ? others : [], label, note };
  const edits = await apply(gateway, wanted, { dryRun: true });
  process.stdout.write(describePromptEdits(edits));
  if (!prune && others.length > 0) print(`in no file, and kept without --prune: ${others.join(', ')}`);
  const names = new Set(files.partials.map(({ name }) => name));
  const partials = [...(await readPartials(gateway)).keys()].filter((name) => !names.has(name));
  if (partials.length > 0) print(`partials in no file, and kept: ${partials.join(', ')}`);
  return { wanted, edits };
}

async function apply(
  gateway: GatewayAddress,
  wanted: Wanted,
  how: { dryRun?: boolean; expect?: Expectation[] },
): Promise<PromptEdit[]> {
  const { promptsApply } = await askGateway<{
    promptsApply: { edits: PromptEdit[] | null; errors: UserError[] };
  }>(gateway, APPLY, { input: { ...toInput(wanted), ...how } });
  const { edits, errors } = promptsApply;
  if (edits) return edits;
  const find = (path: readonly string[], message: string) => locateIn(wanted.files, path, message);
  throw toFileError(errors, find, 'the folder of prompts');
}

function toInput({ files: { prompts, partials }, archive, label, note }: Wanted) {
  return {
    prompts: prompts.map(({ slug, folder, document: { description, ...version } }) => ({
      slug,
      folder,
      description,
      version: { ...version, note },
    })),
    partials: partials.map(({ name, template }) => ({ name, template, note })),
    archive,
    label,
  };
}

/** A fault of a template is told by its own line. */
function locateIn(
  { prompts, partials }: PromptFiles,
  [, list, index, member, ...setting]: readonly string[],
  message: string,
): Found | undefined {
  const [, line] = / has a fault at line (\d+),/.exec(message) ?? [];
  const partial = list === 'partials' ? partials[Number(index)] : undefined;
  if (partial) return { at: line === undefined ? partial.file : `${partial.file}:${line}`, setting: '' };
  const prompt = list === 'prompts' ? prompts[Number(index)] : undefined;
  if (!prompt) return undefined;
  const path = member === 'version' ? setting : member === 'description' ? [member] : [];
  const at = prompt.locate(path, line === undefined ? undefined : Number(line));
  return { at, setting: path.length > 0 ? path.join('.') : (member ?? '') };
}
