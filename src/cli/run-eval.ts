import { writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { toAddress } from './gateway-address.ts';
import {
  describeComparison,
  describeEvaluation,
  describeProgress,
  drawProgress,
} from './describe-evaluation.ts';
import { isDatasetFile, readDatasetFile, readGraders } from './eval-files.ts';
import { createEvalGraph, type EvalGraph, type Standing } from './eval-graph.ts';
import { toJunit } from './junit.ts';

/** What was given on the command line, all of it text. */
export interface EvalOptions {
  prompt: string;
  dataset: string;
  graders: string;
  minPassRate: string;
  maxCost: string;
  concurrency: string;
  model?: string;
  sample?: string;
  junit?: string;
  compare?: string;
  url?: string;
}

/** By somebody at the keyboard, and by whatever runs it. */
const ENDS = ['SIGINT', 'SIGTERM'] as const;
const LOOK_EVERY_MS = 500;
/** Where there is no terminal: lines, and not many. */
const LINE_EVERY_MS = 5_000;
const NOT_PASSED = 1;
const NOT_TRIED = 2;

/** Tries a prompt on cases, and tells by its exit code whether enough of them pass. */
export async function runEval(options: EvalOptions): Promise<void> {
  try {
    const hasPassed = await evaluate(options);
    if (!hasPassed) process.exitCode = NOT_PASSED;
  } catch (error) {
    process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = NOT_TRIED;
  }
}

async function evaluate(options: EvalOptions): Promise<boolean> {
  const graph = createEvalGraph(toAddress(options, 'EVALUATIONS_WRITE', 'COMPLETIONS_WRITE'));
  const { slug, ...which } = toPromptRef(options.prompt);
  const graders = readGraders(options.graders);
  const dataset = await ensureDataset(graph, options.dataset);
  const other = await findOther(graph, { slug, dataset, compare: options.compare });
  const signal = listenForEnd();
  const started = await graph.start({
    prompt: slug,
    ...which,
    dataset,
    graders,
    model: options.model,
    passingRate: toNumber('min-pass-rate', options.minPassRate),
    maxCost: options.maxCost,
    concurrency: toNumber('concurrency', options.concurrency),
    sample: options.sample === undefined ? undefined : toNumber('sample', options.sample),
  });
  const ended = await follow(graph, started, signal);
  const [summary, results] = [await graph.summarise(ended.id), await graph.listResults(ended.id)];
  process.stdout.write(describeEvaluation(ended, summary, results));
  if (options.junit !== undefined) await writeFile(options.junit, toJunit(ended, results));
  if (other !== undefined)
    process.stdout.write(describeComparison(await graph.compare(other, ended.id), options.compare!));
  return ended.status === 'PASSED';
}

/** Aborts as soon as somebody wants this to end. */
function listenForEnd(): AbortSignal {
  const ending = new AbortController();
  for (const signal of ENDS) process.once(signal, () => ending.abort());
  return ending.signal;
}

/** Follows it to its end; whoever interrupts this cancels it, so that nothing is paid for that nobody reads. */
async function follow(graph: EvalGraph, started: Standing, signal: AbortSignal): Promise<Standing> {
  const { stdout } = process;
  let toldAtMs = performance.now();
  let isCancelled = false;
  let standing = started;
  while (standing.status === 'QUEUED' || standing.status === 'RUNNING') {
    if (stdout.isTTY) stdout.write(`\r\x1b[K${drawProgress(standing)}`);
    else if (performance.now() - toldAtMs >= LINE_EVERY_MS) {
      stdout.write(`${describeProgress(standing)}\n`);
      toldAtMs = performance.now();
    }
    await wait(LOOK_EVERY_MS, undefined, isCancelled ? {} : { signal }).catch(() => {});
    if (signal.aborted && !isCancelled) await graph.cancel(started.id);
    isCancelled = signal.aborted;
    standing = await graph.read(started.id);
  }
  if (stdout.isTTY) stdout.write('\r\x1b[K');
  else stdout.write(`${describeProgress(standing)}\n`);
  return standing;
}

/** @returns its name. */
async function ensureDataset(graph: EvalGraph, given: string): Promise<string> {
  if (!isDatasetFile(given)) return given;
  const { name, cases } = readDatasetFile(given);
  await graph.upload(name, cases);
  return name;
}

/** Before anything is paid for. */
async function findOther(
  graph: EvalGraph,
  { slug, dataset, compare }: { slug: string; dataset: string; compare: string | undefined },
): Promise<string | undefined> {
  if (compare === undefined) return undefined;
  if (compare.startsWith('eval_')) return (await graph.read(compare)).id;
  const found = await graph.findOfLabel(slug, compare, dataset);
  if (found !== undefined) return found;
  throw new Error(`the version behind ${compare} has no evaluation on ${dataset} to compare with`);
}

/** `slug`, `slug@3` or `slug@label`. */
function toPromptRef(given: string): { slug: string; version?: number; label?: string } {
  const [slug = '', which] = given.split('@');
  if (which === undefined) return { slug };
  return /^\d{1,9}$/.test(which) ? { slug, version: Number(which) } : { slug, label: which };
}

function toNumber(option: string, given: string): number {
  const number = Number(given);
  if (given.trim() !== '' && Number.isFinite(number)) return number;
  throw new Error(`--${option} is ${JSON.stringify(given)}; it must be a number`);
}
