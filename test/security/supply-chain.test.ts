import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTextFiles } from '../support/source-files.ts';

const top = join(import.meta.dirname, '../..');
const read = (name: string) => JSON.parse(readFileSync(join(top, name), 'utf8')) as unknown;

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  scripts: Record<string, string>;
}
interface Lock {
  packages: Record<
    string,
    { version?: string; integrity?: string; hasInstallScript?: boolean; link?: boolean }
  >;
}
const manifest = read('package.json') as Manifest;
const { packages } = read('package-lock.json') as Lock;
const sources = readTextFiles(top).filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts'));

describe('what is installed', () => {
  it('is pinned exactly', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual(
      [],
    );
    for (const [name, version] of Object.entries(all))
      expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
  });

  it('is known by its hash', () => {
    const without = Object.entries(packages).filter(
      ([path, { integrity, link }]) => path && !integrity && !link,
    );
    expect(without.map(([path]) => path)).toEqual([]);
  });

  it('runs nothing by being installed', () => {
    expect(Object.keys(packages).filter((path) => packages[path]?.hasInstallScript)).toEqual([]);
    expect(
      Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name)),
    ).toEqual([]);
  });

  it('has versions in which known holes are closed', () => {
    // Validation with a bound (CVE-2023-26144 and after), identifiers (CVE-2026-39356), fragments and headers of sockets.
    expect(manifest.dependencies['graphql']).toBe('16.15.0');
    expect(manifest.dependencies['drizzle-orm']).toMatch(/^1\./);
    expect(Number(manifest.dependencies['ws']?.split('.')[1])).toBeGreaterThanOrEqual(23);
    expect(Object.keys(packages).filter((path) => /(^|\/)node_modules\/graphql$/.test(path))).toEqual([
      'node_modules/graphql',
    ]);
  });
});

describe('the source', () => {
  it('starts no process, but where the database’s snapshot is made', () => {
    const starting = sources
      .filter(({ text }) => /child_process|node:cluster/.test(text))
      .map(({ path }) => path);
    expect(starting).toEqual(['src/db/embedded/make-snapshot.ts']);
  });

  it('makes no code from text', () => {
    const making = sources.filter(({ text }) => /\beval\(|new Function\(|node:vm\b/.test(text));
    expect(making.map(({ path }) => path)).toEqual([]);
  });

  /** Names of columns and windows, and numbers, that stand in the source itself. */
  const OF_OUR_OWN = [
    'src/db/embedded/housekeeping.ts',
    'src/db/guard-transactions.ts',
    'src/ledger/budgets/read.ts',
    'src/ledger/budgets/windows.ts',
    'src/usage/',
  ];

  it('puts no text into SQL as it stands, but what it has written down itself', () => {
    const raw = sources.filter(({ text }) => /sql\.raw\(|\.unsafe\(/.test(text)).map(({ path }) => path);
    expect(raw.filter((path) => !OF_OUR_OWN.some((known) => path.startsWith(known)))).toEqual([]);
  });
});
