import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { toEnvironment } from '../../src/config/env.ts';
import { loadConfig } from '../../src/config/load.ts';

type Variables = Record<string, string | undefined>;

/** Loads the configuration inside an empty directory of each test's own. */
export function useConfigDirectory() {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(resolve(tmpdir(), 'sluice-config-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const pathOf = (name: string) => resolve(directory, name);
  const load = (variables: Variables = {}, yaml?: string) => {
    if (yaml !== undefined) writeFileSync(pathOf('sluice.config.yaml'), yaml);
    return loadConfig(toEnvironment(variables, directory));
  };
  /** The lines of the message, one for each problem; none when the configuration is fine. */
  const problemsOf = (variables: Variables, yaml?: string) => {
    try {
      load(variables, yaml);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    }
    return [];
  };
  return { pathOf, load, problemsOf };
}
