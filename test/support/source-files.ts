import { readdirSync, readFileSync } from 'node:fs';
import { join, matchesGlob, posix } from 'node:path';
import { parseSync } from 'vite';

/** A text file of the repository; the path is relative to its top, such as `src/lib/ids.ts`. */
export interface SourceFile {
  path: string;
  text: string;
}

/** A parsed TypeScript file. */
export interface SourceModule extends SourceFile {
  /** The text with every comment blanked out. */
  code: string;
  links: Link[];
  /** Specifiers of what is no file of the repository: `graphql`, `node:fs`. */
  packages: string[];
  exports: { name: string; isType: boolean }[];
}

/** What a module takes from another file. */
export interface Link {
  to: string;
  /** `*` stands for everything. */
  names: string[];
  /** Whether it is passed on: `export … from`. */
  passedOn: boolean;
}

export interface Tree {
  files: SourceFile[];
  modules: SourceModule[];
}

export function toTree(files: SourceFile[]): Tree {
  return { files, modules: files.filter(({ path }) => path.endsWith('.ts')).map(parseModule) };
}

/** All text files below `top` that its .gitignore does not name. */
export function readTextFiles(top: string): SourceFile[] {
  const ignored = readFileSync(join(top, '.gitignore'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/\/$/, ''));
  const isIgnored = (name: string) =>
    name === '.git' || ignored.some((pattern) => pattern !== '' && matchesGlob(name, pattern));
  const walk = (folder: string): SourceFile[] =>
    readdirSync(join(top, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (isIgnored(entry.name)) return [];
      if (entry.isDirectory()) return walk(path);
      const text = readFileSync(join(top, path), 'utf8');
      return text.includes('\0') ? [] : [{ path, text }];
    });
  return walk('');
}

function parseModule(file: SourceFile): SourceModule {
  const { module, comments, errors } = parseSync(file.path, file.text);
  if (errors[0]) throw new Error(`${file.path}: ${errors[0].message}`);
  const code = comments.reduce(
    (text, { start, end }) => text.slice(0, start) + ' '.repeat(end - start) + text.slice(end),
    file.text,
  );
  const exported = module.staticExports.flatMap(({ entries }) => entries);
  const requests: Link[] = [
    ...module.staticImports.map(({ moduleRequest, entries }) => ({
      to: moduleRequest.value,
      names: entries.map(({ importName }) => nameOf(importName)),
      passedOn: false,
    })),
    ...exported.flatMap(({ moduleRequest, importName }) =>
      moduleRequest ? { to: moduleRequest.value, names: [nameOf(importName)], passedOn: true } : [],
    ),
    ...findLoaded(code).map((to) => ({ to, names: ['*'], passedOn: false })),
  ];
  return {
    ...file,
    code,
    links: requests
      .filter(isFile)
      .map((link) => ({ ...link, to: posix.join(posix.dirname(file.path), link.to) })),
    packages: requests.filter((request) => !isFile(request)).map(({ to }) => to),
    exports: exported.map(({ exportName, isType }) => ({ name: nameOf(exportName), isType })),
  };
}

function isFile({ to }: Link): boolean {
  return to.startsWith('.');
}

function nameOf({ kind, name }: { kind: string; name: string | null }): string {
  return kind === 'Default' ? 'default' : (name ?? '*');
}

/** `import('…')`, of a value or a type, and the files of workers: `new URL('…', import.meta.url)`. */
function findLoaded(code: string): string[] {
  const calls = code.matchAll(/\bimport\(\s*'([^']+)'|\bnew URL\(\s*'(\.[^']+)',\s*import\.meta\.url/g);
  return Array.from(calls, ([, imported, located]) => imported ?? located ?? '');
}
