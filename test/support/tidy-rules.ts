import type { SourceModule, Tree } from './source-files.ts';

/** The rooms of `src/`, from the lowest rank. Rooms of one rank are strangers to each other. */
const RANKS = [
  ['lib'],
  ['domain'],
  ['config'],
  ['db'],
  ['events'],
  ['trials'],
  [
    'access',
    'limits',
    'catalog',
    'prompts',
    'guardrails',
    'routing',
    'providers',
    'cache',
    'ledger',
    'usage',
    'alerts',
  ],
  ['completion'],
  ['evaluations'],
  ['wiring'],
  ['gateway.ts'],
  ['plugins', 'graph', 'rest', 'jobs'],
  ['server'],
  ['cli'],
  ['main.ts'],
];

/** Published by itself: it knows nothing of the gateway, and the gateway nothing of it. */
const APART = ['client'];

/** Packages that only some rooms may touch. */
const FENCES = [
  { what: /^graphql$/, rooms: ['graph', 'plugins', 'server', 'client'] },
  { what: /^@ai-sdk\//, rooms: ['providers'] },
  { what: /^drizzle-orm(\/|$)/, rooms: ['db', 'events', 'access', 'alerts', 'ledger', 'usage'] },
];

const READS_ENVIRONMENT = /\bprocess\s*\??\.\s*env\b|\benv\b[^;]*(=\s*process\b|from 'node:process')/;
const VAGUE_NAME = /(^|[-./])(utils?|helpers?|common|managers?|misc)([-./]|$)/i;
const HOME_FOLDER = /(?<![\w.:/-])\/(home|root|Users|work|mnt)\/[\w.-]+/;
const REGISTRY = /https?:\/\/[^\s/"']*(registry|artifactory|nexus|verdaccio)[^\s"']*/i;

/** Each rule answers one line for each fault of a tree. */
export const RULES: Record<string, (tree: Tree) => string[]> = {
  'a file imports only from a lower rank or from its own room': ({ modules }) =>
    modules.filter(isProduct).flatMap(({ path, links }) => {
      if (rankOf(path) < 0 && !APART.includes(roomOf(path))) return [`${path} stands in no rank`];
      return links
        .filter(({ to }) => to.endsWith('.ts') && !mayImport(path, to))
        .map(({ to }) => `${path} imports ${to}`);
    }),

  'a fenced package stays in its rooms': ({ modules }) =>
    modules.filter(isProduct).flatMap(({ path, packages }) => {
      const closed = FENCES.filter(({ rooms }) => !rooms.includes(roomOf(path)));
      return packages
        .filter((name) => closed.some(({ what }) => what.test(name)))
        .map((name) => `${path} imports ${name}`);
    }),

  'only src/config/env.ts reads the environment': ({ modules }) =>
    modules
      .filter(isProduct)
      .filter(({ path, code }) => path !== 'src/config/env.ts' && READS_ENVIRONMENT.test(code))
      .map(({ path }) => `${path} reads the environment`),

  'the product imports only its declared dependencies': ({ files, modules }) => {
    const manifest = files.find(({ path }) => path === 'package.json')?.text ?? '{}';
    const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: Record<string, string> };
    return modules
      .filter(isProduct)
      .flatMap(({ path, packages }) =>
        packages
          .filter((name) => !name.startsWith('node:') && !Object.hasOwn(dependencies, packageOf(name)))
          .map((name) => `${path} imports ${name}`),
      );
  },

  'an index is no barrel': ({ modules }) =>
    modules
      .filter(({ path, links }) => path.endsWith('/index.ts') && links.some(({ passedOn }) => passedOn))
      .map(({ path }) => `${path} exports what stands in other files`),

  'a name says what is inside': ({ files }) =>
    files.filter(({ path }) => VAGUE_NAME.test(path)).map(({ path }) => `${path} could hold anything`),

  'every file of the product is reached from an entry point': ({ files, modules }) => {
    const reached = reach(
      modules,
      modules.filter((module) => isEntryPoint(module, files) || isTool(module)),
    );
    return (
      modules
        // Tables that only raw SQL names are read by the tool that makes the migrations.
        .filter(({ path }) => !path.startsWith('src/db/tables/'))
        .filter((module) => isProduct(module) && !reached.has(module.path))
        .map(({ path }) => `${path} is not reached`)
    );
  },

  'every export of the product is imported somewhere': ({ files, modules }) => {
    const used = new Set(
      modules.flatMap(({ links }) => links.flatMap(({ to, names }) => names.map((name) => `${to} ${name}`))),
    );
    return (
      modules
        .filter(
          (module) => isProduct(module) && !isEntryPoint(module, files) && !used.has(`${module.path} *`),
        )
        // Tables that only raw SQL names are read by the tool that makes the migrations.
        .filter(({ path }) => !path.startsWith('src/db/tables/'))
        .flatMap((module) =>
          module.exports
            .filter(
              ({ name, isType }) =>
                !used.has(`${module.path} ${name}`) && !(isType && describesItsOwn(module, name)),
            )
            .map(({ name }) => `${module.path} exports ${name}`),
        )
    );
  },

  'no file names a folder or a package registry of one machine': ({ files }) =>
    files.flatMap(({ path, text }) =>
      [HOME_FOLDER, REGISTRY]
        .flatMap((trace) => trace.exec(text)?.[0] ?? [])
        .map((found) => `${path} names ${found}`),
    ),
};

function isProduct({ path }: SourceModule): boolean {
  return path.startsWith('src/') && !path.includes('/generated/');
}

/** What is run by hand or by CI, beside the tests: `codegen.ts`, the benchmarks. */
function isTool({ path }: SourceModule): boolean {
  return !path.startsWith('src/') && !path.startsWith('test/');
}

/** What package.json or a launcher in bin/ names by its path. */
/** Named, as it is or as it is built, where a package says what it offers. */
function isEntryPoint({ path }: SourceModule, files: Tree['files']): boolean {
  const built = path.replace(/^src\/(.*)\.ts$/, 'dist/$1.js');
  return files.some(
    (file) =>
      (file.path === 'package.json' || file.path.startsWith('bin/')) &&
      (file.text.includes(path) || file.text.includes(built)),
  );
}

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function rankOf(path: string): number {
  return RANKS.findIndex((rooms) => rooms.includes(roomOf(path)));
}

function mayImport(from: string, to: string): boolean {
  if (!to.startsWith('src/')) return false;
  if (roomOf(from) === roomOf(to)) return true;
  return rankOf(to) >= 0 && rankOf(to) < rankOf(from);
}

/** A type may be exported because another export of its file takes or gives it. */
function describesItsOwn({ code }: SourceModule, name: string): boolean {
  return code.split(new RegExp(`\\b${name}\\b`)).length - 1 > 1;
}

/** `@scope/name/inner.js` belongs to `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function reach(modules: SourceModule[], from: SourceModule[]): Set<string> {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const reached = new Set<string>();
  const visit = (module: SourceModule | undefined) => {
    if (!module || reached.has(module.path)) return;
    reached.add(module.path);
    for (const { to } of module.links) visit(byPath.get(to));
  };
  from.forEach(visit);
  return reached;
}
