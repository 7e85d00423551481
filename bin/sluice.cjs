#!/usr/bin/env node
'use strict';
// The launcher of the published package. It is plain CommonJS, so that any Node gets as far as its message.
const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

const NEEDED = '22.18';
const built = join(__dirname, '../dist/main.js');
const entry = existsSync(built) ? built : join(__dirname, '..', 'src/main.ts');

if (isAtLeast(process.versions.node, NEEDED)) {
  void import(pathToFileURL(entry).href);
} else {
  const node = findBundledNode();
  if (node) runWith(node);
  else {
    console.error(
      `sluice needs Node ${NEEDED} or newer; this is ${process.versions.node}. Get one from https://nodejs.org.`,
    );
    process.exitCode = 1;
  }
}

function isAtLeast(version, needed) {
  const [major, minor] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = needed.split('.').map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

/** The Node of the optional dependency for this platform, where npm could install it. */
function findBundledNode() {
  try {
    const manifest = require.resolve(`node-${process.platform}-${process.arch}/package.json`);
    return join(dirname(manifest), 'bin/node');
  } catch {
    return undefined;
  }
}

function runWith(node) {
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends SIGINT to the child as well; the others reach only this process.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}
