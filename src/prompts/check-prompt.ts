import { InvalidInput, type InputIssue } from '../domain/errors.ts';

const SLUG = /^(?=.{1,64}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** Also a path of files, wherever prompts are kept as files. */
const FOLDER = /^(?=.{0,200}$)([a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*){0,7})?$/;
/** Of a description or a note. */
const TEXT_MAX = 1_000;

/** @throws InvalidInput for a folder or a description that cannot be; what is undefined is right. */
export function ensurePlace(place: { folder: string | undefined; description: string | undefined }): void {
  const issues = checkPlace(place);
  if (issues.length > 0) throw new InvalidInput(issues);
}

/** What is wrong with a prompt, apart from its version. */
export function checkPrompt({
  slug,
  ...place
}: {
  slug: string;
  folder: string;
  description: string | undefined;
}): InputIssue[] {
  const what = `is ${shown(slug)}; it must be 1 to 64 characters like "summarize-ticket"`;
  return [...(SLUG.test(slug) ? [] : [issue('slug', what)]), ...checkPlace(place)];
}

/** @param at where it stands in the input. */
export function checkNote(note: string | undefined, at: string[]): InputIssue[] {
  if (note === undefined || note.length <= TEXT_MAX) return [];
  return [{ path: at, message: `${at.join('.')} must hold at most ${TEXT_MAX} characters` }];
}

function checkPlace({
  folder = '',
  description = '',
}: {
  folder: string | undefined;
  description: string | undefined;
}): InputIssue[] {
  const issues: InputIssue[] = [];
  if (!FOLDER.test(folder))
    issues.push(
      issue(
        'folder',
        `is ${shown(folder)}; it must be up to 8 names of a-z, 0-9, _ and -, such as "support/tickets", with 200 characters at most`,
      ),
    );
  if (description.length > TEXT_MAX)
    issues.push(issue('description', `must hold at most ${TEXT_MAX} characters`));
  return issues;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function issue(name: string, what: string): InputIssue {
  return { path: ['input', name], message: `input.${name} ${what}` };
}
