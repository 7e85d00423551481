import { defineConfig } from 'vitest/config';

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
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes at once, but on a busy machine.
    expect: { poll: { timeout: 20_000 } },
  },
});
