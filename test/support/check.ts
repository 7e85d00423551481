/**
 * `npm run check`: everything a change must pass, the quick steps first and two at a time.
 * With `--without-tests` it leaves out the test suite.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

interface Step {
  name: string;
  command: string;
  /** Says more than the exit code: whether this output is a good one. */
  isGood?: (output: string) => boolean;
}

const QUICK_STEPS: Step[] = [
  { name: 'types', command: 'tsc -p .' },
  { name: 'lint', command: 'oxlint --type-aware --deny-warnings' },
  { name: 'generated files', command: 'node codegen.ts --check' },
  { name: 'format', command: 'oxfmt --check' },
  { name: 'migrations in order', command: 'drizzle-kit check' },
  {
    name: 'migrations complete',
    command: 'drizzle-kit generate --explain --output json',
    isGood: (output) => output.includes('"no_changes"'),
  },
];

const top = join(import.meta.dirname, '../..');
const env = { ...process.env, PATH: `${join(top, 'node_modules/.bin')}:${process.env['PATH']}` };

const queue = [...QUICK_STEPS];
const lanes = await Promise.all([runQueue(), runQueue()]);
let passed = lanes.every(Boolean);
if (passed && !process.argv.includes('--without-tests')) passed = await runTests();
process.exitCode = passed ? 0 : 1;

async function runQueue(): Promise<boolean> {
  let allPassed = true;
  for (let step = queue.shift(); step; step = queue.shift()) {
    if (!(await runStep(step))) allPassed = false;
  }
  return allPassed;
}

async function runStep({ name, command, isGood }: Step): Promise<boolean> {
  const [program = '', ...args] = command.split(' ');
  const startedAt = performance.now();
  const child = spawn(program, args, { cwd: top, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const passes = code === 0 && (isGood?.(output) ?? true);
  report(passes, name, startedAt);
  if (!passes) console.log(`\n$ ${command}\n${output}${errors}`);
  return passes;
}

/** The one long step writes as it goes. */
async function runTests(): Promise<boolean> {
  const startedAt = performance.now();
  const child = spawn('vitest', ['run'], { cwd: top, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(child, 'close');
  report(code === 0, 'tests', startedAt);
  return code === 0;
}

function report(passes: boolean, name: string, startedAt: number): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${passes ? '✓' : '✗'} ${name.padEnd(20)} ${seconds.padStart(6)} s`);
}
