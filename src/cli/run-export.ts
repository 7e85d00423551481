import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import { exportDatabase } from './db-export.ts';

/** Writes the embedded database that the configuration names. */
export async function runExport(out: string): Promise<void> {
  await exportDatabase({ dataDir: loadConfig(readEnvironment()).dataDir, out });
  process.stdout.write(`wrote ${out}\n`);
}
