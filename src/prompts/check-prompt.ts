import { InvalidInput, type InputIssue } from '../domain/errors.ts';

const SLUG = /^(?=.{1,64}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** Also a path of files, wherever prompts are kept as files. */
const FOLDER = /^(?=.{0,200}$)([a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*){0,7})?$/;
/** Also the name of a file, wherever partials are kept as files. */
export const PARTIAL_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
/** Of a description or a note. */
const TEXT_MAX = 1_000;

/** Where a prompt stands and what it is for. */
export interface PromptPlace {
  /** Empty: none. */
  folder: string;
  description: string | undefined;
}

/** @throws InvalidInput for a folder or a description that cannot be; what is undefined is right. */
export function ensurePlace(place: Partial<PromptPlace>): void {
  const issues = checkPlace(place, ['input']);
  if (issues.length > 0) throw new InvalidInput(issues);
}

/**
 * What is wrong with a prompt, apart from its version.
 * @param at where it stands in the input.
 */
export function checkPrompt({ slug, ...place }: PromptPlace & { slug: string }, at: string[]): InputIssue[] {
  const what = `is ${shown(slug)}; it must be 1 to 64 characters like "summarize-ticket"`;
  return [...(SLUG.test(slug) ? [] : [issue([...at, 'slug'], what)]), ...checkPlace(place, at)];
}

/** @param at where it stands in the input. */
export function checkNote(note: string | undefined, at: string[]): InputIssue[] {
  if (note === undefined || note.length <= TEXT_MAX) return [];
  return [issue(at, `must hold at most ${TEXT_MAX} characters`)];
}

function checkPlace({ folder = '', description = '' }: Partial<PromptPlace>, at: string[]): InputIssue[] {
  const issues: InputIssue[] = [];
  if (!FOLDER.test(folder))
    issues.push(
      issue(
        [...at, 'folder'],
        `is ${shown(folder)}; it must be up to 8 names of a-z, 0-9, _ and -, such as "support/tickets", with 200 characters at most`,
      ),
    );
  if (description.length > TEXT_MAX)
    issues.push(issue([...at, 'description'], `must hold at most ${TEXT_MAX} characters`));
  return issues;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function issue(path: string[], what: string): InputIssue {
  return { path, message: `${path.join('.')} ${what}` };
}
