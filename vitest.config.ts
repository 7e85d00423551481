import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const MEMORY_DISK = '/dev/shm';
const MEMORY_DISK_BYTES = 2 * 1024 ** 3;

export default defineConfig({
  resolve: {
    // Vite would load the ESM build of graphql for our files and Node its CommonJS build for libraries; types
    // of one are unknown to the other ("from another module or realm").
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    passWithNoTests: false,
    pool: 'forks',
    // Each worker may hold an embedded database of about half a gigabyte. Many tests wait more than they work.
    maxWorkers: 4,
    // The product keeps no state in its modules, so the files of a worker share them instead of loading them anew.
    isolate: false,
    env: {
      // An embedded database in a directory waits for the disk at each commit, of which a first start has hundreds.
      ...(hasMemoryDisk() && { TMPDIR: MEMORY_DISK }),
      // Of all processes that tests start, and kept from one run to the next.
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
    },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes at once, but on a busy machine.
    expect: { poll: { timeout: 20_000 } },
  },
});

function hasMemoryDisk(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DISK);
    return bavail * bsize >= MEMORY_DISK_BYTES;
  } catch {
    return false;
  }
}
